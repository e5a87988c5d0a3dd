"""The cores and the memory that are really there: what affinity and control groups leave of them.

A container, a scheduler or systemd puts a process into a control group that may run for a share of
the time only (a quota) and hold so much memory. Every group above it may say less than its own.
Linux has them in two versions, often both at once; where there are none, nothing is limited.
"""

import math
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SYSTEM = Path("/")
UNLIMITED = 2**60  # version 1 says "no limit" by a number of this size
GIB = 2**30


def cores(system: Path = SYSTEM) -> int:
    """The cores that this process may keep busy: those it may run on, at most its quota of time.

    Half a core is one, and one and a half are one: threads that wait for each other are as slow as
    the one that is held back.
    """
    return max(1, math.floor(min(_allowed(), quota(system))))


def memory_gib(system: Path = SYSTEM) -> float:
    """The memory of the machine, at most what the control groups allow; 0 if it is not known."""
    found = [limit for _, limit in _memory_limits(system)]
    with suppress(ValueError, OSError, AttributeError):  # not POSIX
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(found, default=0) / GIB


def free_gib(system: Path = SYSTEM) -> float:
    """The memory that can be had without swapping, inside the control groups; else infinite."""
    found = [limit - _taken(group) for group, limit in _memory_limits(system)]
    said = re.search(r"^MemAvailable:\s+(\d+) kB", _text(system / "proc/meminfo"), re.MULTILINE)
    if said:
        found.append(int(said[1]) * 1024)
    return max(0.0, min(found, default=math.inf) / GIB)


def quota(system: Path = SYSTEM) -> float:
    """Seconds of processor time a second that the control groups allow; infinite without a quota."""
    found = [math.inf]
    for group in _groups("cpu", system):
        if group.version == 2:
            words = _text(group.folder / "cpu.max").split()
        else:
            files = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            words = [_text(group.folder / name).strip() for name in files]
        with suppress(ValueError):  # "max", or no such file
            time, period = map(int, words)
            if time > 0 and period > 0:
                found.append(time / period)
    return min(found)


@dataclass(frozen=True)
class _Group:
    """A control group that this process is in, itself or by a group inside it."""

    version: int
    folder: Path


def _allowed() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_limits(system: Path) -> Iterator[tuple[_Group, int]]:
    for group in _groups("memory", system):
        names = ("memory.max", "memory.high") if group.version == 2 else ("memory.limit_in_bytes",)
        for name in names:
            text = _text(group.folder / name).strip()
            if text.isdecimal() and int(text) < UNLIMITED:
                yield group, int(text)


def _taken(group: _Group) -> int:
    """Bytes that a group holds, without files that it has read and will let go of."""
    used, idle = (
        ("memory.current", "inactive_file")
        if group.version == 2
        else ("memory.usage_in_bytes", "total_inactive_file")
    )
    held = _text(group.folder / used).strip()
    given = re.search(rf"^{idle} (\d+)", _text(group.folder / "memory.stat"), re.MULTILINE)
    return max(0, int(held) - int(given[1] if given else 0)) if held.isdecimal() else 0


def _groups(controller: str, system: Path) -> Iterator[_Group]:
    """The control groups of a controller that this process is in, the innermost first."""
    mounts = [*_mounts(controller, system)]
    for line in _text(system / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        names, _, own = rest.partition(":")
        version = 2 if number == "0" and not names else 1
        if version == 1 and controller not in names.split(","):
            continue
        for known, top, mounted in mounts:
            if known == version:
                inside = _inside(own, top)
                for depth in range(len(inside.parts), -1, -1):
                    yield _Group(version, mounted.joinpath(*inside.parts[:depth]))


def _inside(own: str, top: str) -> Path:
    """Where below a mount a group is: the mount may show a part of the tree only, or another."""
    path = Path(own)
    if ".." not in path.parts and path.is_relative_to(top):
        return path.relative_to(top)
    return Path()


def _mounts(controller: str, system: Path) -> Iterator[tuple[int, str, Path]]:
    """Version, first group and folder of every mount of control groups with this controller."""
    for line in _text(system / "proc/self/mountinfo").splitlines():
        about, _, kind = line.partition(" - ")
        fields, (name, *_, options) = about.split(), kind.split() or ("", "")
        if name == "cgroup2" or (name == "cgroup" and controller in options.split(",")):
            top, place = map(_unescaped, fields[3:5])
            yield 2 if name == "cgroup2" else 1, top, system / place.lstrip("/")


def _unescaped(text: str) -> str:
    """As the kernel has it: in a path, an octal number after a backslash stands for a space."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # not Linux, or not for this process to see
        return ""
