"""What a run takes of the machine: time, memory, and a yardstick to compare machines by."""

import os
import statistics
import time
from pathlib import Path

from ae.gate.baseline import Usage

SIDE = 1024  # of the yardstick's matrices
ROUNDS = 5


class Meter:
    """Measures from its making to `read`. Memory is this process's peak, on Linux."""

    def __init__(self) -> None:
        self._yardstick = yardstick()
        _forget_peak()
        self._cpu, self._wall = _cpu(), time.perf_counter()

    def read(self) -> Usage:
        """What was taken so far."""
        cpu, wall, peak = _cpu() - self._cpu, time.perf_counter() - self._wall, _peak_mib()
        return Usage(
            cpu=round(cpu, 3),
            wall=round(wall, 3),
            peak_mib=peak,
            yardstick=min(self._yardstick, yardstick()),
        )


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
