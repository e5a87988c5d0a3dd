"""What was measured of each member, kept beside the members so that nothing is measured twice.

A value is known by its member's file and by its measure's key: the function with all code that it
reaches, its arguments, the data, and the versions of what computes it.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from ae.disk import digest, write_atomically
from ae.machine.code import code_digest
from ae.spec import Measure
from ae.training.classes import code_name

FILE = "measures.json"
version = functools.cache(metadata.version)  # it reads a file, and every value's key has it
LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch")


class Measurements:
    """The values that a results folder knows.

    Args:
        folder: The results folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._known: dict[str, dict[str, dict[str, Any]]] = {}
        self._changed = False
        try:
            found = json.loads(self._path.read_bytes())
            self._known = found if isinstance(found, dict) else {}
        except (OSError, ValueError):
            pass  # a file that is damaged costs measuring again, no more

    def value(self, member: str, key: str) -> float | None:
        """The value of a member, by its file's name; None where it is not known."""
        found = self._known.get(member, {}).get(key)
        return None if found is None else float(found["value"])

    def of(self, member: str) -> dict[str, dict[str, Any]]:
        """All that is known of a member: by the measure's key, its `name`, `value`, `seconds`."""
        return self._known.get(member, {})

    def names(self, member: str) -> set[str]:
        """The names of the measures that were taken of a member, whatever their keys."""
        return {str(found["name"]) for found in self._known.get(member, {}).values()}

    def seconds(self, name: str) -> float | None:
        """What a measure took for one member, when it was last taken of any."""
        taken = [f for known in self._known.values() for f in known.values() if f["name"] == name]
        return float(taken[-1]["seconds"]) if taken else None

    def put(self, member: str, key: str, name: str, value: float, seconds: float) -> None:
        """Take note of a value; an older one of the same measure is forgotten."""
        own = self._known.setdefault(member, {})
        for old in [k for k, found in own.items() if found["name"] == name]:
            del own[old]
        own[key] = {"name": name, "value": repr(value), "seconds": round(seconds, 4)}
        self._changed = True

    def save(self) -> None:
        """Write what is new."""
        if self._changed:
            write_atomically(self._path, json.dumps(self._known, sort_keys=True).encode())
            self._changed = False

    def forget(self, keep: set[str]) -> None:
        """Drop all members but these."""
        gone = [member for member in self._known if member not in keep]
        for member in gone:
            del self._known[member]
        self._changed = self._changed or bool(gone)


def measure_key(measure: Measure, train: str, test: str) -> str:
    """Digest of all that a value depends on beside its member.

    Args:
        measure: The measure, its arguments as they are in the tier.
        train: Digest of the training set.
        test: Digest of the test set.
    """
    return digest(
        {
            "code": code_digest(code_name(measure.function, "metrics")),
            "arguments": measure.arguments,
            "train": train,
            "test": test,
            "versions": {name: version(name).partition("+")[0] for name in LIBRARIES},
        }
    )


class Watched(Mapping[str, Mapping[str, Mapping[int, float]]]):
    """What was measured so far, and whether anyone looked: then a value depends on other values."""

    def __init__(self, found: Mapping[str, Mapping[str, Mapping[int, float]]]) -> None:
        self._found = found
        self.seen = False

    def __getitem__(self, run: str) -> Mapping[str, Mapping[int, float]]:
        self.seen = True
        return self._found[run]

    def __iter__(self) -> Iterator[str]:
        self.seen = True
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)
