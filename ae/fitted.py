"""A trained stack: its curves, and where it was trained."""

import platform
from dataclasses import dataclass, field

import torch

from ae.environment import processor
from ae.record import Curve, rounded
from ae.seeds import Stack
from ae.spec import Precision


@dataclass
class Track:
    """A curve of every member of a stack, as it grows."""

    stage: str
    part: str
    steps: list[int] = field(default_factory=list)
    examples: list[int] = field(default_factory=list)
    values: list[list[float]] = field(default_factory=list)

    def of(self, members: list[int]) -> Curve:
        """The curve of some members: values[member][point]."""
        return Curve(
            stage=self.stage,
            part=self.part,
            steps=self.steps,
            examples=self.examples,
            values=[[rounded(point[m]) for point in self.values] for m in members],
        )


@dataclass(frozen=True)
class Fitted:
    """A trained stack; `seconds_before` of its time were spent before this process.

    `trained` says where training began: machine, versions, threads.
    """

    stack: Stack
    curves: list[Track]
    diverged: dict[int, str]
    steps: int
    seconds: float
    seconds_before: float
    trained: dict[str, str]


def provenance(device: str, precision: Precision) -> dict[str, str]:
    """Where this process trains: what may differ between a stack and the record it is used in."""
    return {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "processor": processor(),
        "threads": str(torch.get_num_threads()),
        "precision": "float32" if device == "cpu" else precision,
    }
