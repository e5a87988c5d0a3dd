"""The energy used meanwhile, where this machine counts it: processor packages and a CUDA device.

Packages: the RAPL counters of Intel and AMD, as Linux shows them under /sys/class/powercap.
`energy_uj` counts microjoules up to `max_energy_range_uj` and begins at zero again, within the
hour under load, so it is read throughout. Devices: NVML's count of millijoules. Both count what
every program used, not ours alone; neither counts memory, disks or losses of the power supply.
"""

import ctypes
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ae.record import Energy

POWERCAP = Path("/sys/class/powercap")
EVERY = 1.0  # seconds between readings at least: one takes 50 microseconds
UNREAD = "no counter of a processor's energy"


@dataclass(frozen=True)
class Counter:
    """One count that only rises; `wraps_at` is the count after which it begins at zero again.

    `read` raises OSError where it cannot.
    """

    name: str
    read: Callable[[], int]
    joules: float
    wraps_at: int | None = None


class Meter:
    """Adds up what counters count from now on; `why` says what cannot be counted."""

    def __init__(
        self,
        counters: Sequence[Counter],
        why: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock, self._why = clock, [why] if why else []
        self._start = self._last = clock()
        self._used: dict[str, float] = {}
        self._counts: list[tuple[Counter, int]] = []
        for counter in counters:
            try:
                self._counts.append((counter, counter.read()))
            except OSError as error:
                self._why.append(f"{counter.name}: {_reason(error)}")
            else:
                self._used[counter.name] = 0.0

    def read(self) -> None:
        """Take a reading, unless the last one was within a second: cheap enough for every step."""
        if self._counts and self._clock() - self._last >= EVERY:
            self._take()

    def total(self) -> Energy:
        """What was used since the meter was made; of a counter that failed meanwhile, nothing."""
        self._take()
        seconds = self._last - self._start
        return Energy(
            joules={name: round(used, 3) for name, used in self._used.items()},
            seconds=round(seconds, 3),
            note="; ".join(self._why),
        )

    def _take(self) -> None:
        self._last = self._clock()
        kept = []
        for counter, before in self._counts:
            try:
                now = counter.read()
                self._used[counter.name] += _risen(counter, before, now) * counter.joules
                kept.append((counter, now))
            except OSError as error:
                del self._used[counter.name]
                self._why.append(f"{counter.name}: {_reason(error)}")
        self._counts = kept


def _risen(counter: Counter, before: int, now: int) -> int:
    if now >= before:
        return now - before
    if counter.wraps_at is None:
        raise OSError("it began at zero again")
    return now + counter.wraps_at - before


def _reason(error: OSError) -> str:
    return error.strerror.lower() if error.strerror else str(error)


def meter(device: str, *, folder: Path = POWERCAP) -> Meter:
    """Of every processor package and, where `device` is `cuda`, of that device."""
    counters, why = packages(folder)
    if device != "cpu":
        try:
            counters.append(_nvidia())
        except OSError as error:
            why = "; ".join(filter(None, [why, f"the CUDA device: {_reason(error)}"]))
    return Meter(counters, why)


def packages(folder: Path) -> tuple[list[Counter], str]:
    """The counters of the processor packages, and why there is none.

    A zone inside a package and the platform's (`core`, `dram`, `psys`) would count twice, as would
    the second way to the same counters (`intel-rapl-mmio`).
    """
    found: list[Counter] = []
    for zone in sorted(folder.glob("*/energy_uj")):
        try:
            name = (zone.parent / "name").read_text(encoding="utf-8").strip()
            if not name.startswith("package-") or "mmio" in zone.parent.name:
                continue
            largest = _whole(zone.parent / "max_energy_range_uj")
        except OSError:
            continue
        found.append(Counter(name, lambda path=zone: _whole(path), 1e-6, largest))  # type: ignore[misc]
    return found, "" if found else UNREAD


def _whole(path: Path) -> int:
    try:
        return int(path.read_text(encoding="utf-8"))
    except ValueError:
        raise OSError(f"{path.name} holds no number") from None


def _nvidia() -> Counter:
    """The current CUDA device's counter, by NVML's C library: Volta and later have one."""
    import torch

    library = ctypes.CDLL("libnvidia-ml.so.1")
    device = ctypes.c_void_p()
    known = torch.cuda.get_device_properties(torch.cuda.current_device())
    _done(library.nvmlInit_v2())
    name = f"GPU-{known.uuid}".encode()
    _done(library.nvmlDeviceGetHandleByUUID(name, ctypes.byref(device)))

    def read() -> int:
        count = ctypes.c_ulonglong()
        _done(library.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(count)))
        return count.value

    return Counter(str(known.name), read, 1e-3)


def _done(code: int) -> None:
    if code != 0:
        raise OSError(f"NVML answers {code}")
