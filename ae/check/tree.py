"""The source tree, the manifests and the specs under a root, each read once."""

import re
from collections.abc import Iterator
from pathlib import Path

from ae import formula
from ae.check.call import functions
from ae.check.data import declared, used
from ae.check.model import constructor, trained
from ae.check.origin import Origin
from ae.errors import UserError
from ae.manifest import Manifest, read_manifest
from ae.read import cells, find_specs, inspect_spec
from ae.review import problems as review_problems
from ae.source import Source
from ae.spec import Spec
from ae.toml import shown

FILE_NAME = r"[a-z0-9]+-[a-z0-9-]+"


def check_spec(path: Path, root: Path) -> Spec:
    """Read a spec and check all of it against the source tree under `root`.

    Raises:
        UserError: One line on the first thing that is wrong.
    """
    spec, problems = _Tree(root).examine(path)
    if spec is None or problems:
        raise UserError(problems[0])
    return spec


def check_all(root: Path) -> list[str]:
    """Everything wrong with the specs, manifests and reviews under `root`, a line each."""
    tree = _Tree(root)
    problems = [*tree.manifest_problems()]
    specs: dict[str, Spec | None] = {}
    for path in find_specs(root / "benchmarks"):
        specs[path.stem], found = tree.examine(path)
        problems += found
    return [*problems, *review_problems(root / "reports" / "reviews", specs)]


class _Tree:
    """The source tree and the manifests under a root, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.source = Source(root)
        self.manifests: dict[str, Manifest | str] = {}
        for path in sorted((root / "datasets").glob("*.toml")):
            try:
                self.manifests[path.stem] = read_manifest(path, self.shown(path))
            except UserError as error:
                self.manifests[path.stem] = str(error)

    def shown(self, path: Path) -> str:
        """A path as messages have it: from the root where it is inside."""
        full = path.resolve()
        return str(full.relative_to(self.root) if full.is_relative_to(self.root) else path)

    def manifest_problems(self) -> Iterator[str]:
        """What is wrong with the manifests, the one on which others rest included."""
        for name, manifest in self.manifests.items():
            if isinstance(manifest, str):
                yield manifest
            else:
                lines = declared(manifest, self.manifests, self.source)
                yield from (f"datasets/{name}.toml: {line}" for line in lines)

    def examine(self, path: Path) -> tuple[Spec | None, list[str]]:
        """A spec and what is wrong with it."""
        where = self.shown(path)
        spec, problems = inspect_spec(path, where)
        if not re.fullmatch(FILE_NAME, path.stem, re.ASCII):
            problems.append(
                f"{where}: file name {path.stem!r}; expected <first author><year>-<model>.toml "
                "in small letters, digits and hyphens"
            )
        if spec is None:
            return None, problems
        lines = [*constructor(spec.model, self.source, "[model]", lambda key: f"[model]: {key}")]
        if spec.paper.formula is not None and (why := formula.fault(spec.paper.formula)):
            lines.append(f"[paper]: formula: found {shown(spec.paper.formula)}; {why}")
        if not lines and not problems:
            lines = [*functions(spec, self.source), *self._cells(spec, where)]
        return spec, [*(f"{where}: {line}" for line in dict.fromkeys(lines)), *problems]

    def _cells(self, spec: Spec, where: str) -> Iterator[str]:
        for tier in spec.tier:
            for cell in cells(spec, tier, where=where):
                run = next(run for run in spec.run if run.name == cell.name)
                origin = Origin(spec, tier, run)
                yield from used(cell, self.manifests, origin)
                yield from trained(cell, self.source, origin)
