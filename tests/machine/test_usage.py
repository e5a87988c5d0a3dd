"""What work takes: time, memory, and how often the yardstick is read."""

import time

import pytest

from ae.machine import usage


@pytest.fixture
def read(monkeypatch):
    """How often the yardstick was read."""
    times = []
    monkeypatch.setattr(usage, "_read", None)
    monkeypatch.setattr(usage, "yardstick", lambda: times.append(0) or 0.02 / len(times))
    return times


def test_short_jobs_share_a_reading_of_the_yardstick(read):
    assert [usage.Meter().read().yardstick for _ in range(5)] == [0.02] * 5
    assert len(read) == 1


def test_long_work_is_between_two_readings_of_which_the_least_counts(read, monkeypatch):
    meter = usage.Meter()
    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert meter.read().yardstick == 0.01
    assert len(read) == 2


def test_time_is_counted_from_the_meters_making(read):
    meter = usage.Meter()
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
    assert 0.19 <= meter.read().cpu < 0.6
