"""What no draw of seeds explains: data that changed, runs that are gone, a seed used twice."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ae.gate.baseline import Baseline, BaselineRun, data_of
from ae.gate.fingerprint import DIGEST, changes
from ae.records.entries import RunRecord
from ae.records.record import Record
from ae.verdict.shift import exact

DENOMINATOR = 100_000


class Fault(NamedTuple):
    """Something that is wrong for certain: in which run (or none), what, and in words."""

    run: str
    what: str
    note: str


def faults(record: Record, baseline: Baseline) -> Iterator[Fault]:
    """Everything of this kind that tells a record from its baseline."""
    yield from _data(record, baseline)
    for old in baseline.runs:
        new = record.run(old.name)
        if new is None:
            yield Fault(old.name, "run", "in the baseline and not in the record")
            continue
        for metric in old.metrics:
            if not new.metrics.get(metric):
                yield Fault(old.name, metric, "in the baseline and not measured now")
        for term in old.ends:
            if new.ends and term not in new.ends:
                yield Fault(old.name, f"end of {term}", "in the baseline, and no such term now")
        yield from _seeds(new, old, baseline.seeds)
        yield from _applied(new, old, same_device=_device(record) == _device(baseline))


def _device(one: Record | Baseline) -> str:
    return one.environment.device


def _applied(new: RunRecord, old: BaselineRun, *, same_device: bool) -> Iterator[Fault]:
    """What the training applied that the baseline's did not."""
    if new.applied and old.applied:
        for key, note in changes(new.applied, old.applied, same_device=same_device):
            yield Fault(new.name, key, note)
    for key, values in new.applied.items():
        drawn = key.endswith(f"/{DIGEST}") and len(old.applied.get(key, ())) > 1
        if drawn and len({*values}) < len(new.seeds):
            yield Fault(new.name, key, "two seeds drew the same")


def _data(record: Record, baseline: Baseline) -> Iterator[Fault]:
    now = data_of(record)
    for name in sorted(baseline.data.keys() | now.keys()):
        before, after = baseline.data.get(name, "none"), now.get(name, "none")
        if before != after:
            yield Fault(
                "", f"data {name}", f"sha256 {before[:12]} in the baseline, {after[:12]} now"
            )


def _seeds(new: RunRecord, old: BaselineRun, seeds: list[int]) -> Iterator[Fault]:
    """Two seeds with the same value, to the last bit, of a metric that tells seeds apart."""
    found: dict[tuple[str, str], list[str]] = {}
    for metric, values in old.metrics.items():
        if not new.metrics.get(metric) or not _tells(values):
            continue
        seen = {value: f"{seed} of the baseline" for seed, value in zip(seeds, values, strict=True)}
        for seed, value in zip(new.seeds, new.metrics[metric], strict=True):
            if not math.isfinite(value) or _counts(value):
                continue
            if value in seen:
                found.setdefault((str(seed), seen[value]), []).append(metric)
            seen.setdefault(value, str(seed))
    for (one, other), metrics in found.items():
        note = f"seed {one} gave what seed {other} gave, to the last bit: {', '.join(metrics)}"
        yield Fault(new.name, "seeds", note)


def _tells(values: list[float]) -> bool:
    """Whether no two seeds of a baseline share a value, and the metric is none that counts."""
    if len(set(values)) < len(values) or not all(map(math.isfinite, values)):
        return False
    return not any(map(_counts, values)) and not exact(np.array([values])).item()


def _counts(value: float) -> bool:
    """Whether a value is a ratio of small numbers, which two seeds may share by luck."""
    near = float(Fraction(value).limit_denominator(DENOMINATOR))
    return abs(near - value) <= 1e-13 * max(1.0, abs(value))
