"""What no draw of seeds explains: data that changed, runs that are gone, a seed used twice."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ae.gate.baseline import Baseline, BaselineRun, data_of
from ae.record import Record, RunRecord
from ae.verdict.shift import exact, grid


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
        yield from _seeds(new, old, baseline.seeds)


def _data(record: Record, baseline: Baseline) -> Iterator[Fault]:
    now = data_of(record)
    for name in sorted(baseline.data.keys() | now.keys()):
        before, after = baseline.data.get(name, "none"), now.get(name, "none")
        if before != after:
            yield Fault(
                "", f"data {name}", f"sha256 {before[:12]} in the baseline, {after[:12]} now"
            )


def _seeds(new: RunRecord, old: BaselineRun, seeds: list[int]) -> Iterator[Fault]:
    """Two seeds with the same value in every metric that tells the baseline's seeds apart."""
    telling = [name for name in old.metrics if new.metrics.get(name) and _tells(old.metrics[name])]
    if not telling:
        return
    drawn: dict[tuple[float, ...], str] = {}
    both = [(seeds, old.metrics, "of the baseline"), (new.seeds, new.metrics, "")]
    for numbers, metrics, where in both:
        for i, seed in enumerate(numbers):
            values = tuple(metrics[name][i] for name in telling)
            name = f"{seed} {where}".rstrip()
            if any(map(math.isnan, values)):
                continue
            if values in drawn and not where:
                note = f"seed {name} gave what seed {drawn[values]} gave, to the last bit"
                yield Fault(new.name, "seeds", note)
            drawn.setdefault(values, name)


def _tells(values: list[float]) -> bool:
    """Whether no two seeds share a value, and the metric is none that counts or is exact."""
    known = np.array(values)
    if np.isnan(known).any():
        return False
    one = known[None]
    return len(set(values)) == len(values) and not grid(one).item() and not exact(one).item()
