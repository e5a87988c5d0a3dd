"""What a person sees while work goes on: bars on a terminal, lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

LINE_SECONDS = 15.0


def _bars(*, transient: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=transient,
    )


def lasting(seconds: float) -> str:
    """A time to wait, in words."""
    for unit, size, most in (("s", 1, 90), ("min", 60, 90), ("h", 3600, 48)):
        if seconds < most * size:
            return f"{seconds / size:.{int(unit == 'h')}f} {unit}"
    return f"{seconds / 86400:.1f} days"


class _Shown:
    """Bars that are there while it is entered."""

    _bars: Progress

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._bars.stop()


class Work(_Shown):
    """The progress of one spec: what is being done, how much is left, how long that takes.

    Args:
        name: The spec's.
        bars: Where to show it on a terminal beside others; by default alone.
    """

    def __init__(self, name: str, bars: Progress | None = None) -> None:
        self.name = name
        self.terminal = sys.stderr.isatty()
        self._bars = bars or _bars(transient=False)
        self._all = self._bars.add_task(name, total=1.0)
        self._part: TaskID | None = None
        self._stack = ""
        self._first: float | None = None  # what an earlier session had done
        self._started = time.monotonic()
        self._said: dict[str, float] = {}  # when each thing was said, as several go on at once

    def clear(self) -> None:
        """Take its bars away."""
        for task in (self._all, self._part):
            if task is not None:
                self._bars.remove_task(task)

    def show(self, phase: str, detail: str, done: float, total: float, share: float) -> None:
        """Take note: `done` of `total` of the spec's training, `share` of the present stack."""
        text = f"  {phase}: {detail}"
        if phase == "train" and self._first is None:
            self._first, self._started = done, time.monotonic()
        self._bars.update(self._all, completed=done, total=total)
        if self._part is None:
            self._part = self._bars.add_task(text, total=1.0)
        stack = detail.rpartition(",")[0]
        if stack != self._stack:
            self._stack = stack
            self._bars.reset(self._part)
        self._bars.update(self._part, description=text, completed=share)
        if not self.terminal:
            self._line(text, done, total)

    def _line(self, text: str, done: float, total: float) -> None:
        now = time.monotonic()
        if now - self._said.get(text, -LINE_SECONDS) < LINE_SECONDS:
            return
        self._said[text] = now
        spent, trained = now - self._started, ""
        if done < total:  # what is measured and drawn afterwards takes no share of the training
            trained = f"{done / total:.0%}"
            if self._first is not None and self._first < done:
                left = spent * (total - done) / (done - self._first)
                trained += f", about {lasting(left)} of training left"
            trained = f" ({trained})"
        print(f"{self.name}{text}{trained}", file=sys.stderr, flush=True)


class Board(_Shown):
    """The progress of several specs at once: on a terminal, bars for each that runs now."""

    def __init__(self) -> None:
        self._bars = _bars(transient=True)
        self._works: dict[str, Work] = {}

    def show(
        self, name: str, phase: str, detail: str, done: float, total: float, share: float
    ) -> None:
        """Take note of a spec's progress, as `Work.show`."""
        if name not in self._works:
            self._works[name] = Work(name, self._bars)
        self._works[name].show(phase, detail, done, total, share)

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Take all bars away meanwhile, so that something is printed."""
        self._bars.stop()
        try:
            yield
        finally:
            self._bars.start()

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Take this spec's bars away, and the others' meanwhile, so that something is printed."""
        if name in self._works:
            self._works.pop(name).clear()
        with self.pause():
            yield


class Download(_Shown):
    """A bar per file; called with its name, the bytes there and those expected, 0 if not known."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, name: str, there: int, expected: int) -> None:
        """Take note of a download's progress."""
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=expected or None)
        self._bars.update(self._tasks[name], completed=there, total=expected)
