"""Specs of which nothing was compared: each is a row, so that silence is not taken for a pass."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from ae.gate.regress import Outcome, Row

OUTSIDE = ("data", "run")
ALWAYS = ("outdated", "run")  # red whoever asked


class Absence(NamedTuple):
    """A spec that was to be compared, what was lacking, and in words."""

    spec: str
    cause: Literal["baseline", "outdated", "record", "data", "run"]
    words: str


def note_absences(outcome: Outcome, absent: Iterable[Absence], *, red: bool) -> None:
    """Add them to an outcome, as worse if `red`: a person named them or is strict.

    A run that failed is worse always, and a baseline that no longer fits its spec.
    """
    for spec, cause, words in absent:
        file = f"benchmarks/{spec}.toml" if cause == "baseline" else f"reports/baseline/{spec}.json"
        word: Literal["worse", "undecided"] = "worse" if red or cause in ALWAYS else "undecided"
        note = f"not compared: {words}"
        outcome.rows.append(Row("absence", spec, "", cause, "", word, note, file))
        outcome.notes.append(f"{spec}: {note}")


def exit_code(outcome: Outcome) -> int:
    """1 if something is worse, 3 if that is only what failed outside of the code, else 0."""
    worse = outcome.of("worse")
    if worse and all(row.kind == "absence" and row.what in OUTSIDE for row in worse):
        return 3
    return int(bool(worse))
