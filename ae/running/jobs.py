"""What a process is told to do with a paper, and what it answers; all of it can be pickled."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ae.running.settings import Settings

Names = tuple[tuple[str, int], ...]
"""Run and seed of each member of a stack."""


@dataclass(frozen=True)
class Job:
    """One piece of work on one paper.

    Attributes:
        kind: `plan` what is to be trained; `train` one stack; `conclude`: measure, draw, record.
        path: The spec's file.
        settings: What is wanted.
        stack: Of `train`: its members.
        cost: Seconds of one core that it is thought to take.
        sized: Of `plan`: whether the memory of each stack is asked for.
    """

    kind: Literal["plan", "train", "conclude"]
    path: Path
    settings: Settings
    stack: Names = ()
    cost: float = 0.0
    sized: bool = False

    @property
    def name(self) -> str:
        """The spec's name."""
        return self.path.stem


@dataclass(frozen=True)
class PlannedStack:
    """A stack that is to be trained.

    Attributes:
        members: Run and seed of each.
        seconds: Time of one core that is left of it.
        steps: Optimiser steps in all.
        bytes: Memory at its peak, where it was asked for.
        share: How much an earlier session has done.
        why: In what each member differs from one that was trained before, where there is one.
    """

    members: Names
    seconds: float
    steps: int
    bytes: int | None
    share: float
    why: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Runs and seeds, for people."""
        return names_in_words(self.members)


def names_in_words(members: Iterable[tuple[str, int]]) -> str:
    """Runs and seeds, for people: `aevb-2 (0-2), aevb-5 (0)`."""
    runs: dict[str, list[int]] = {}
    for run, seed in members:
        runs.setdefault(run, []).append(seed)
    return ", ".join(f"{run} ({_brief(seeds)})" for run, seeds in runs.items())


def _brief(seeds: list[int]) -> str:
    if len(seeds) > 2 and seeds == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]}-{seeds[-1]}"
    return ", ".join(map(str, seeds))


@dataclass(frozen=True)
class PlannedPaper:
    """What a paper's run would do.

    Attributes:
        stacks: What is to be trained.
        there: Run -> seeds that are trained already.
        done: Whether the record is there and nothing is to be done.
        conclude: Seconds that measuring is thought to take, from what it took before.
        needs: Claim -> run and seed of every member that its next look rests on.
        origins: Data set -> which of the two was used, an original file or what renders it.
    """

    path: Path
    stacks: tuple[PlannedStack, ...]
    there: dict[str, tuple[int, ...]]
    done: bool
    conclude: float
    needs: dict[str, Names] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Time of one core that is left."""
        return sum(stack.seconds for stack in self.stacks) + self.conclude


Result = PlannedPaper | Path | None
"""What comes of a plan, of a conclusion (the record's file), of training (nothing)."""
