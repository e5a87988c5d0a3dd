"""The source tree, the manifests and the specs of a library, each read once."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ae.check.call import functions
from ae.check.data import declared, used
from ae.check.labels import unlabelled
from ae.check.model import constructor, trained
from ae.check.origin import Origin
from ae.check.protocol import unmeant
from ae.check.source import Source
from ae.check.untrained import closed_forms
from ae.data.manifest import Manifest, read_manifest
from ae.errors import UserError
from ae.library import Library
from ae.records.reviews import problems as review_problems
from ae.spec import Cell, Spec, TierName, formula
from ae.spec.read import Reading, examine
from ae.spec.syntax import NotFound
from ae.toml.file import Fault, shown

Planned = dict[TierName, list[tuple[Cell, Origin]]]
FILE_NAME = r"[a-z0-9]+-[a-z0-9-]+"


class Checked(NamedTuple):
    """Problems, a line each; and the code of other packages that is not here to be checked."""

    problems: list[str]
    unseen: list[str]


def check_spec(path: Path, library: Library) -> Spec:
    """Read a spec and check all of it against the source tree and the manifests.

    Raises:
        UserError: One line on the first thing that is wrong.
    """
    spec, problems = _Tree(library).examine(path)
    if spec is None or problems:
        raise UserError(problems[0])
    return spec


def check_all(library: Library) -> list[str]:
    """Everything wrong with the specs, manifests and reviews of a library, a line each."""
    return check_tree(library).problems


def check_tree(library: Library) -> Checked:
    """What is wrong in a library, and what could not be looked into."""
    with _uncollected():
        tree = _Tree(library)
        problems = [*tree.manifest_problems()]
        specs: dict[str, Spec | None] = {}
        for path in library.specs():
            specs[path.stem], found = tree.examine(path)
            problems += found
        problems += [problem for f in library.reviews for problem in review_problems(f, specs)]
        return Checked(problems, tree.unseen)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without a search for cycles: it would go through the syntax trees, all kept, again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class _Tree:
    """The source tree and the manifests of a library, each read once."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.source = Source(library.package.parent)
        self.unseen: list[str] = []
        self.manifests: dict[str, Manifest | str] = {}
        for name, path in library.manifests().items():
            try:
                self.manifests[name] = read_manifest(path, str(library.shown(path)))
            except UserError as error:
                self.manifests[name] = str(error)

    def manifest_problems(self) -> Iterator[str]:
        """What is wrong with the manifests, the one on which others rest included."""
        for name, path in self.library.manifests().items():
            manifest, where = self.manifests[name], str(self.library.shown(path))
            if isinstance(manifest, str):
                yield manifest
                continue
            with self._noting(where):
                lines = [*declared(manifest, self.manifests, self.source)]
            yield from (f"{where}: {line}" for line in lines)

    @contextmanager
    def _noting(self, where: str) -> Iterator[None]:
        """Take note of what a file names that is not here to be looked into."""
        known = set(self.source.unseen)
        yield
        strange = sorted(name for name in self.source.unseen if name not in known)
        self.unseen += [f"{where}: {self.source.unseen[name]}" for name in strange]

    def examine(self, path: Path) -> tuple[Spec | None, list[str]]:
        """A spec and what is wrong with it."""
        where = str(self.library.shown(path))
        lines = []
        if not re.fullmatch(FILE_NAME, path.stem, re.ASCII):
            lines.append(
                f"{where}: file name {path.stem!r}; expected <first author><year>-<model>.toml "
                "in small letters, digits and hyphens"
            )
        try:
            found = examine(path, where, self.source.root / "ae")
        except UserError as error:
            return None, [str(error), *lines]
        if found.spec is not None:
            planned = _planned(found, found.spec)
            with self._noting(where):
                found.add(self._against(found.spec, planned))
                if not found.mended:
                    found.add(self._unmeant(found.spec, planned))
        return found.spec, [*found.lines, *lines]

    def _against(self, spec: Spec, planned: Planned) -> Iterator[Fault]:
        """What is wrong with a spec beside the source tree and the manifests."""
        yield from constructor(spec.model, self.source, ("model",), lambda key: ("model", key))
        if spec.paper.formula is not None and (why := formula.fault(spec.paper.formula)):
            text = f"found {shown(spec.paper.formula)}; {why}"
            yield Fault(("paper", "formula"), text)
        yield from functions(spec, self.source)
        for cell, origin in (pair for pairs in planned.values() for pair in pairs):
            yield from used(cell, self.manifests, origin)
            yield from trained(cell, self.source, origin)

    def _unmeant(self, spec: Spec, planned: Planned) -> Iterator[Fault]:
        """What nobody can mean, of a spec that is right word by word."""
        cells = {tier: [cell for cell, _ in pairs] for tier, pairs in planned.items()}
        for tier, pairs in planned.items():
            for cell, origin in pairs:
                found = self.manifests.get(cell.data.name)
                manifest = None if isinstance(found, str) else found
                try:
                    swept = self.source.model(cell.model["class"]).swept
                except NotFound:
                    swept = frozenset()
                yield from unmeant(cell, cells[tier], swept, manifest, origin)
        yield from closed_forms(spec, cells)
        yield from unlabelled(spec, cells, self.manifests, self.source)


def _planned(read: Reading, spec: Spec) -> Planned:
    """Every run of every tier, with where its keys come from."""
    found: Planned = {}
    for tier, own in spec.tier.items():
        runs = [run for run in spec.run if own.runs == "all" or run.name in own.runs]
        found[tier] = [(read.cells[tier, run.name], Origin(spec, tier, run)) for run in runs]
    return found
