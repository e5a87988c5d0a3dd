"""From a TOML file to a checked spec, and from a spec to the runs of a tier.

What is known from the file alone is checked here; `ae.check` compares with the source tree.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ae.disk import digest, visible
from ae.errors import UserError
from ae.spec import Cell, Spec
from ae.spec.concise.expand import expand
from ae.spec.concise.written import Written
from ae.spec.consistency import inconsistencies, oversized
from ae.spec.facts import PACKAGE
from ae.spec.tiers import applied, tables_of
from ae.toml.file import STAND_IN, Fault, load
from ae.toml.mend import parse_all


@dataclass
class Reading:
    """A spec's file as far as it can be read, and everything that is wrong with it.

    Attributes:
        where: What messages call the file.
        written: The tables as written, and the way there from the spec.
        spec: The spec, with stand-ins for what is wrong; None where not even those help.
        faults: What is wrong, where it was written.
        mended: Whether numbers of the spec may be stand-ins, of which nothing is said.
        cells: By tier and run, the run with every override applied that fits.
    """

    where: str
    written: Written
    spec: Spec | None
    faults: list[Fault] = field(default_factory=list)
    mended: bool = False
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)

    def add(self, found: Iterable[Fault]) -> None:
        """Add what is wrong with the spec, but for what is said of a stand-in."""
        sound = [f for f in found if STAND_IN not in f.text and STAND_IN not in f.steps]
        self.faults += self.written.faults(sound)

    @property
    def lines(self) -> list[str]:
        """What is wrong, a line each, the file's name first."""
        return [f"{self.where}: {line}" for line in self.written.lines(self.faults)]


def read_spec(path: Path) -> Spec:
    """Read one spec.

    Raises:
        UserError: One line on the first thing that is wrong: file, table, key, found, expected.
    """
    spec, problems = inspect_spec(path, str(path))
    if spec is None or problems:
        raise UserError(problems[0])
    return spec


def inspect_spec(path: Path, where: str) -> tuple[Spec | None, list[str]]:
    """Read one spec, called `where` in messages, and list everything that is wrong with it."""
    try:
        found = examine(path, where)
    except UserError as error:
        return None, [str(error)]
    return found.spec, found.lines


def examine(path: Path, where: str, package: Path = PACKAGE) -> Reading:
    """Read one spec as far as it can be read; `package` holds the functions that it measures by.

    Raises:
        UserError: The file is no TOML.
    """
    expanded, written, faults, whole = expand(load(path, where), package)
    spec, wrong = parse_all(Spec, expanded)
    found = Reading(where, written, spec, faults, mended=bool(wrong))
    found.add(wrong)
    if spec is None or not whole:
        return Reading(where, written, None, found.faults)
    found.add(inconsistencies(spec))
    if not found.mended:
        found.add(oversized(spec))
    used: set[str] = set()
    changed: list[Fault] = []
    tables = tables_of(spec)
    for tier in spec.tier:
        for run in spec.run:
            cell, more = applied(spec, tier, run, table=tables)
            found.cells[tier, run.name] = cell
            used.update(cell.train.use)
            changed += more
    found.add(changed)
    if not found.faults:
        found.add(_idle(spec, used, written))
    return found


def _idle(spec: Spec, used: set[str], written: Written) -> Iterator[Fault]:
    """The first stage that no run takes, and that no other is like."""
    stages = written.raw.get("train", {}).get("stages", {})
    bases = {stage.get("like") for stage in stages.values()}
    idle = [name for name in spec.train.stages if name not in used and name not in bases]
    yield from (Fault(("train", "stages", name), "no run uses this stage") for name in idle[:1])


def digest_of(spec: Spec) -> str:
    """sha256 of what the spec means: not of comments, spaces, order of keys, or spelt defaults.

    Nor of the formula, which is shown and decides nothing.
    """
    shown = {"paper": {"formula"}}
    return digest(spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=shown))


def find_specs(folder: Path) -> list[Path]:
    """Every spec of a folder, by name."""
    return visible(folder, "*.toml")
