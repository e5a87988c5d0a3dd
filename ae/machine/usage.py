"""What a run takes of the machine: time, memory, and a yardstick to compare machines by."""

import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ae.records.entries import Part

SIDE = 1024  # of the yardstick's matrices
ROUNDS = 5
LASTS = 60.0  # seconds that a reading of it is taken to hold: work may be many short jobs

_read: tuple[float, float] | None = None  # when it was read, and what it was

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Usage(Part):
    """What work took: CPU and wall seconds, peak resident memory, and the yardstick's seconds.

    The yardstick is a fixed matrix product that is timed before and after the work, unless it was
    timed less than a minute ago. The wall seconds of work that was shared out are those of its parts
    added up.
    """

    cpu: Positive
    wall: Positive
    peak_mib: Positive | None
    yardstick: Positive


def added(parts: Sequence[Usage]) -> Usage | None:
    """What several pieces of work took; memory is the largest's. None of none."""
    if not parts:
        return None
    peaks = [part.peak_mib for part in parts if part.peak_mib is not None]
    return Usage(
        cpu=round(sum(part.cpu for part in parts), 3),
        wall=round(sum(part.wall for part in parts), 3),
        peak_mib=max(peaks, default=None),
        yardstick=min(part.yardstick for part in parts),
    )


class Meter:
    """Measures from its making to `read`. Memory is this process's peak, on Linux."""

    def __init__(self) -> None:
        self._yardstick = _recent()
        _forget_peak()
        self._cpu, self._wall = _cpu(), time.perf_counter()

    def read(self) -> Usage:
        """What was taken so far."""
        cpu, wall, peak = _cpu() - self._cpu, time.perf_counter() - self._wall, _peak_mib()
        return Usage(
            cpu=max(round(cpu, 3), 0.001),
            wall=max(round(wall, 3), 0.001),
            peak_mib=peak,
            yardstick=min(self._yardstick, _recent()),
        )


def _recent() -> float:
    global _read
    if _read is None or time.monotonic() - _read[0] > LASTS:
        _read = time.monotonic(), yardstick()
    return _read[1]


def yardstick() -> float:
    """CPU seconds of a product of two 1024 x 1024 matrices in single precision; their median."""
    import torch

    a = torch.ones(SIDE, SIDE, device="cpu")
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        a @ a
        times.append(time.process_time() - start)
    return statistics.median(times)


def _cpu() -> float:
    spent = os.times()
    return spent.user + spent.system


def _forget_peak() -> None:
    """Let the kernel count the peak anew."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return  # elsewhere the peak is that of the whole process


def _peak_mib() -> float | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return round(int(found[0]) / 1024, 1) if found else None
