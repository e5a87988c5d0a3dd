"""Energy from counters in a folder made up for it: exact joules, wraps, what cannot be read."""

import ctypes
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from ae import energy
from ae.energy import Counter, Meter, meter
from ae.record import Energy

LARGEST = 262_143_328_850  # microjoules, as Linux says of many a processor


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def zone(folder: Path, place: str, name: str, count: int) -> Path:
    (folder / place).mkdir(parents=True)
    (folder / place / "name").write_text(f"{name}\n")
    (folder / place / "max_energy_range_uj").write_text(f"{LARGEST}\n")
    (folder / place / "energy_uj").write_text(f"{count}\n")
    return folder / place / "energy_uj"


def test_each_package_is_counted_once_in_joules(tmp_path: Path) -> None:
    one = zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    two = zone(tmp_path, "intel-rapl:1", "package-1", 0)
    others = [
        zone(tmp_path, "intel-rapl:0:0", "core", 0),
        zone(tmp_path, "intel-rapl:0:1", "dram", 0),
        zone(tmp_path, "intel-rapl:2", "psys", 0),
        zone(tmp_path, "intel-rapl-mmio:0", "package-0", 0),
    ]
    (tmp_path / "intel-rapl").mkdir()
    running = meter("cpu", folder=tmp_path)
    one.write_text("4500000\n")
    two.write_text("250000\n")
    for other in others:
        other.write_text("999000000\n")
    found = running.total()
    assert found.joules == {"package-0": 3.5, "package-1": 0.25}
    assert found.note == ""


def test_a_counter_that_began_at_zero_again_lost_nothing(tmp_path: Path) -> None:
    count = zone(tmp_path, "intel-rapl:0", "package-0", LARGEST - 2_000_000)
    clock = Clock()
    running = Meter(energy.packages(tmp_path)[0], clock=clock)
    for now in (3_000_000, LARGEST - 1_000_000, 500_000):  # 5 J, the range less 4 J, 1.5 J
        clock.now += 1.5
        count.write_text(str(now))
        running.read()
    assert running.total() == Energy(
        joules={"package-0": round(LARGEST / 1e6 + 2.5, 3)}, seconds=4.5, note=""
    )


def test_no_more_than_one_reading_a_second() -> None:
    clock, taken = Clock(), []

    def read() -> int:
        taken.append(clock.now)
        return 0

    running = Meter([Counter("a", read, 1.0)], clock=clock)
    for _ in range(40):
        clock.now += 0.125
        running.read()
    assert taken == [100.0, 101.0, 102.0, 103.0, 104.0, 105.0]


def test_without_counters_the_reason_is_told(tmp_path: Path) -> None:
    found = meter("cpu", folder=tmp_path / "none").total()
    assert (found.joules, found.note) == ({}, "no counter of a processor's energy")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_counter_of_root_alone(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 7).chmod(0)
    found = meter("cpu", folder=tmp_path).total()
    assert (found.joules, found.note) == ({}, "package-0: permission denied")


def test_a_counter_that_may_not_be_read() -> None:
    def denied() -> int:
        raise PermissionError(13, "Permission denied")

    found = Meter([Counter("package-0", denied, 1e-6)]).total()
    assert (found.joules, found.note) == ({}, "package-0: permission denied")


@pytest.mark.parametrize(
    ("spoil", "note"),
    [
        (lambda path: path.unlink(), "package-0: no such file or directory"),
        (lambda path: path.write_text("much"), "package-0: energy_uj holds no number"),
    ],
)
def test_half_a_count_is_none(tmp_path: Path, spoil, note: str) -> None:
    count = zone(tmp_path, "intel-rapl:0", "package-0", 0)
    other = zone(tmp_path, "intel-rapl:1", "package-1", 0)
    running = meter("cpu", folder=tmp_path)
    spoil(count)
    other.write_text("2000000")
    found = running.total()
    assert (found.joules, found.note) == ({"package-1": 2.0}, note)


def test_a_device_that_was_reset_has_no_count() -> None:
    counts = iter([5000, 4000])
    found = Meter([Counter("GPU", lambda: next(counts), 1e-3)]).total()
    assert (found.joules, found.note) == ({}, "GPU: it began at zero again")


class Nvml:
    """The three functions of NVML that are called; `answers` is what the last returns."""

    def __init__(self, counts: list[int], answer: int = 0) -> None:
        self.counts, self.answer, self.asked = counts, answer, []

    def nvmlInit_v2(self) -> int:
        return 0

    def nvmlDeviceGetHandleByUUID(self, name: bytes, handle: object) -> int:
        self.asked.append(name)
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, device: object, count) -> int:
        ctypes.cast(count, ctypes.POINTER(ctypes.c_ulonglong))[0] = self.counts.pop(0)
        return self.answer


def with_nvml(monkeypatch: pytest.MonkeyPatch, nvml: Nvml) -> None:
    import torch

    known = SimpleNamespace(uuid="1234-ab", name="NVIDIA H200")
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: known)
    monkeypatch.setattr(energy.ctypes, "CDLL", lambda name: nvml)


def test_a_cuda_device_counts_millijoules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = Nvml([2**40, 2**40 + 12_500])
    with_nvml(monkeypatch, nvml)
    found = meter("cuda", folder=tmp_path).total()
    assert found.joules == {"NVIDIA H200": 12.5}
    assert found.note == "no counter of a processor's energy"
    assert nvml.asked == [b"GPU-1234-ab"]


def test_a_device_without_a_counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_nvml(monkeypatch, Nvml([0], answer=3))
    found = meter("cuda", folder=tmp_path).total()
    assert found.joules == {}
    assert found.note == "no counter of a processor's energy; NVIDIA H200: NVML answers 3"
