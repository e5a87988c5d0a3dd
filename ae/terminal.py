"""What the commands of `ae` share: where the project is, lists of seeds, how they are stopped."""

import os
import re
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import click

from ae.errors import UserError

INTERRUPTED, TERMINATED = 130, 143
RANGE = re.compile(r"\s*([0-9]{1,10})\s*(?:-\s*([0-9]{1,10})\s*)?")
MOST = 10_000  # seeds


def project_root() -> Path:
    """The folder with `benchmarks/` and `datasets/`: here, above here, or around the package."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[1]):
        if (folder / "benchmarks").is_dir() and (folder / "datasets").is_dir():
            return folder
    raise UserError(
        f"{here}: found no folder with benchmarks/ and datasets/ here or above; "
        "run `ae` inside a checkout of the project"
    )


def seeds_option(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    """`0-4,7` -> (0, 1, 2, 3, 4, 7)."""
    if text is None:
        return None
    found: list[int] = []
    for piece in text.split(","):
        match = RANGE.fullmatch(piece)
        if not match:
            raise click.BadParameter(f"found {piece!r}; expected numbers and ranges such as 0-4,7")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise click.BadParameter(f"found {piece!r}, an empty range; expected {last}-{first}")
        if len(found) + last - first >= MOST:
            raise click.BadParameter(f"found {text!r}; expected at most {MOST} seeds")
        found += range(first, last + 1)
    if len(set(found)) < len(found):
        raise click.BadParameter(f"found {text!r}, which gives a seed twice")
    return tuple(found)


def jobs_option(context: click.Context, parameter: click.Parameter, text: str) -> int | None:
    """`auto` -> None, `4` -> 4."""
    if text == "auto":
        return None
    if not re.fullmatch("[0-9]{1,4}", text) or int(text) < 1:
        raise click.BadParameter(f"found {text!r}; expected auto or a number from 1")
    return int(text)


JOBS = click.option(
    "--jobs",
    metavar="auto|N",
    default="auto",
    show_default=True,
    callback=jobs_option,
    help="Specs at once, each in a process of its own with its share of the cores; auto is one a "
    "core (OMP_NUM_THREADS, if set, says how many cores), fewer if memory is short, 1 with CUDA.",
)


class Stop:
    """True once SIGINT or SIGTERM came; a second one ends the process at once."""

    def __init__(self) -> None:
        self.code = 0
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._hear)

    def __call__(self) -> bool:
        """Whether one came."""
        return self.code != 0

    @property
    def said(self) -> str:
        """How the last line of a run that was stopped begins."""
        return "terminated (SIGTERM): " if self.code == TERMINATED else ""

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.code:
            sys.exit(self.code)
        self.code = TERMINATED if number == signal.SIGTERM else INTERRUPTED
        if self.code == INTERRUPTED:  # written past Python's buffers, which may be in use just now
            os.write(2, b"\nae: stopping after this step; once more to stop at once\n")
