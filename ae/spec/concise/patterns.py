"""Names of runs by pattern: `"aevb-*"` stands for every run whose name begins so."""

from fnmatch import fnmatchcase
from typing import Any

from ae.toml.file import STAND_IN, Fault, Steps, no_such

WILD = frozenset("*?[")


class Runs:
    """The names of a spec's runs, in order, and what patterns of them stand for.

    Attributes:
        faults: Patterns that stand for nothing, where they were written.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.faults: list[Fault] = []

    def named(self, value: Any, steps: Steps) -> Any:
        """A list, each pattern in it replaced by the runs that it stands for; else `value`."""
        if not isinstance(value, list):
            return value
        found: list[Any] = []
        for item in value:
            if is_pattern(item):
                found += [name for name in self.matching(item, steps) if name not in found]
            else:
                found.append(item)
        return found

    def named_within(self, value: Any, steps: Steps) -> Any:
        """The same in every list of a list of lists."""
        if isinstance(value, list) and any(isinstance(item, list) for item in value):
            return [self.named(item, steps) for item in value]
        return self.named(value, steps)

    def matching(self, pattern: str, steps: Steps) -> list[str]:
        """The runs that a pattern stands for; a fault and a stand-in where there are none."""
        found = [name for name in self.names if fnmatchcase(name, pattern)]
        if not found:
            self.faults.append(Fault(steps, no_such("run", pattern, self.names)))
        return found or [STAND_IN]


def is_pattern(value: Any) -> bool:
    """Whether a value stands for names of runs instead of being one."""
    return isinstance(value, str) and not WILD.isdisjoint(value)
