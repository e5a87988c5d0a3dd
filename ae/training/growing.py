"""The curves of a stack while it trains: of every term of an objective, a value a member and point."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ae.spec import Descent, Fit
from ae.training.members import Track
from ae.training.position import Progress


class Curves:
    """What a checkpoint keeps of them, and in the end every member's own."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Curve] = {}

    def hear(self, progress: Progress) -> None:
        """Take the points of a step, if it has any."""
        for part, values in progress.points.items():
            key = (progress.stage, part)
            curve = self._known.setdefault(key, _Curve(*key))
            curve.steps.append(progress.step)
            curve.examples.append(progress.examples)
            curve.values.append(values.double().tolist())

    def of(self, member: int, ends: Mapping[str, float]) -> list[Track]:
        """A member's curves, each up to the step at which it stopped in that stage."""
        return [c.of(member, ends.get(c.stage, math.inf)) for c in self._known.values()]

    def ends(self, member: int, stages: Sequence[tuple[str, Descent | Fit]]) -> dict[str, float]:
        """At which step of a stage that may end early a member stopped, alone or beside others."""
        found = {}
        for name, stage in stages:
            if isinstance(stage, Descent) and stage.keep and stage.keep.patience is not None:
                curve = self._known.get((name, f"{stage.keep.watch}/{stage.keep.part}"))
                found[name] = math.inf if curve is None else curve.last(member)
        return found

    def tables(self) -> list[dict[str, Any]]:
        """For a checkpoint; `read` takes them back."""
        return [vars(c) | {"values": _texts(c.values)} for c in self._known.values()]

    @staticmethod
    def read(tables: Sequence[Mapping[str, Any]]) -> "Curves":
        """The curves of a checkpoint."""
        found = Curves()
        for saved in tables:
            values = [[float(v) for v in point] for point in saved["values"]]
            curve = _Curve(**{**saved, "values": values})
            found._known[curve.stage, curve.part] = curve
        return found


@dataclass
class _Curve:
    """A curve of every member of a stack."""

    stage: str
    part: str
    steps: list[int] = field(default_factory=list)
    examples: list[int] = field(default_factory=list)
    values: list[list[float]] = field(default_factory=list)

    def of(self, member: int, end: float) -> Track:
        """A member's row, up to the step at which it stopped."""
        count = sum(step <= end for step in self.steps)
        values = [point[member] for point in self.values[:count]]
        return Track(self.stage, self.part, self.steps[:count], self.examples[:count], values)

    def last(self, member: int) -> float:
        """The last step at which the member has a number."""
        known = [
            s for s, v in zip(self.steps, self.values, strict=True) if not math.isnan(v[member])
        ]
        return known[-1] if known else math.inf


def _texts(values: list[list[float]]) -> list[list[str]]:
    """Floats as text that reads back to the same bits, NaN and infinity included."""
    return [[repr(v) for v in point] for point in values]
