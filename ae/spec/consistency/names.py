"""Names of runs and of measures, where one table of a spec refers to another."""

from collections.abc import Iterable, Iterator
from typing import Literal

from ae.spec import Spec
from ae.toml.file import Fault, Steps, no_such


def no_run(spec: Spec, place: Steps, names: Iterable[str]) -> Iterator[Fault]:
    """Of these names at this place, those that no run has."""
    runs = [run.name for run in spec.run]
    for name in () if names == "all" else names:
        if name not in runs:
            yield Fault(place, no_such("run", name, runs))


def named(spec: Spec, runs: tuple[str, ...] | Literal["all"]) -> list[str]:
    """The runs that a table names, or all."""
    return [run.name for run in spec.run] if runs == "all" else [*runs]


def texts(value: object) -> list[str]:
    """Every string in a list of lists, or the one that is none."""
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []
