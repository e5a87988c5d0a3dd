"""Time and memory as ratios to what was stored. Only what is comparable can be worse.

Thresholds are generous: machines are shared, and a gate that cries wolf is switched off.

* A run of a spec against its baseline: CPU seconds, in units of the yardstick of the same session,
  against the baseline's for as many seeds and 10 seconds that any run takes. Fewer seeds share
  less, so that three times as much is allowed; peaks of memory may be half as high again.
* A run of `tox -e perf` (pytest-benchmark) against a stored one: a step of each arm as a multiple
  of the matrix product that was timed in turns with it, 1.5 times; peaks of memory, 1.25 times.

On another processor, or with another number of threads, or without a yardstick, a ratio beyond the
threshold is said and fails nothing.
"""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from ae.gate.baseline import Baseline
from ae.machine.usage import Usage
from ae.records.record import Record
from ae.records.speed import Speed, Timing, Workload, per_step
from ae.verdict.moved import Move

SEED_TIME, SEED_MEMORY = 3.0, 1.5
FIXED = 10.0  # seconds that do not grow with the seeds
STEP_TIME, STEP_MEMORY = 1.5, 1.25


@dataclass(frozen=True)
class Rate:
    """A ratio, new over stored, its threshold, and whether the machines are alike."""

    what: str
    ratio: float
    limit: float
    alike: bool
    word: Move
    note: str


def rate(what: str, ratio: float, limit: float, *, alike: bool, why: str = "") -> Rate:
    """Judge a ratio; one beyond the threshold where machines differ is undecided."""
    shown = f"{ratio:.2f} times the stored, at most {limit:g}"
    if ratio <= limit:
        word: Move = "better" if alike and ratio < 1 / limit else "unchanged"
    else:
        word = "worse" if alike else "undecided"
    return Rate(what, ratio, limit, alike, word, shown if alike else f"{shown}; {why}")


def spent(record: Record, baseline: Baseline, usage: Usage | None) -> Iterator[Rate]:
    """Time and memory of a run against its baseline's."""
    one, two = baseline.environment, record.environment
    alike = (one.processor, one.threads, one.device) == (two.processor, two.threads, two.device)
    why = "training time of a clock, without a yardstick"
    if not alike:
        same = (one.processor, one.device) == (two.processor, two.device)
        why = f"on {two.threads} threads, not {one.threads}" if same else "another machine"
    share = len(record.runs[0].seeds) / len(baseline.seeds)
    if usage is not None and baseline.usage is not None:
        machine = usage.yardstick / baseline.usage.yardstick
        ratio = usage.cpu / machine / (baseline.usage.cpu * share + FIXED)
        yield rate("CPU time", ratio, SEED_TIME, alike=alike, why=why)
        if usage.peak_mib is not None and baseline.usage.peak_mib is not None:
            ratio = usage.peak_mib / baseline.usage.peak_mib
            yield rate("peak of memory", ratio, SEED_MEMORY, alike=alike, why=why)
        return
    before, after = (sum(run.seconds for run in r.runs) for r in (baseline, record))
    ratio = after / (before * share + FIXED)
    yield rate("training time", ratio, SEED_TIME, alike=False, why=why)


def stored(new: Speed, old: Speed) -> Iterator[tuple[str, Rate]]:
    """A new run of the benchmark against a stored one, by workload: times, then memory."""
    alike = _machine(new) == _machine(old)
    why = f"stored on {old.machine.processor}, {old.machine.threads} threads"
    idle = new.machine.idle and old.machine.idle
    if alike and not idle:
        alike, why = False, "a machine was busy"
    yield from _gone(new, old)
    before = {(t.workload, t.arm): t for t in old.timings}
    for timing in new.timings:
        other = before.get((timing.workload, timing.arm))
        if other is None or not timing.arm.startswith("stack"):
            continue
        ratio = _in_products(timing, new) / _in_products(other, old)
        yield timing.workload, rate(timing.label, ratio, STEP_TIME, alike=alike, why=why)
    costs = {(c.axis, c.at): c for c in old.growth}
    for cost in new.growth:
        known = costs.get((cost.axis, cost.at))
        if known is not None:
            what = f"peak of memory at {cost.at} {cost.axis}"
            ratio = cost.peak_mib / known.peak_mib
            yield "growth", rate(what, ratio, STEP_MEMORY, alike=alike, why=why)


def _gone(new: Speed, old: Speed) -> Iterator[tuple[str, Rate]]:
    """What the stored measurement has and the new one lacks: not measured is not as fast."""
    lost = "in the stored measurement and not in the new one"
    timed = {(t.workload, t.arm) for t in new.timings}
    for timing in old.timings:
        if timing.arm.startswith("stack") and (timing.workload, timing.arm) not in timed:
            yield timing.workload, Rate(timing.label, math.nan, STEP_TIME, False, "worse", lost)
    measured = {(c.axis, c.at) for c in new.growth}
    for cost in old.growth:
        if (cost.axis, cost.at) not in measured:
            what = f"peak of memory at {cost.at} {cost.axis}"
            yield "growth", Rate(what, math.nan, STEP_MEMORY, False, "worse", lost)


def _machine(speed: Speed) -> tuple[str, int, int]:
    return speed.machine.processor, speed.machine.cores, speed.machine.threads


def _in_products(timing: Timing, speed: Speed) -> float:
    """A seed's step as a multiple of the time that its matrix products take at the peak."""
    work: Workload = next(w for w in speed.workloads if w.name == timing.workload)
    return statistics.median(per_step(timing)) * max(speed.peaks) / work.flops
