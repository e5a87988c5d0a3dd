"""Two records of one paper: equal bit for bit, equal to rounding, or different, and where.

Also what differs in where they come from: spec, data, versions, device, threads.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ae.records.entries import RunRecord
from ae.records.figures import FigureRecord
from ae.records.record import Record

ROUNDING = 1e-4
"""What counts as rounding: at most this share of the larger of two values, or of an array's
largest magnitude. Sums in another order differ by 1e-7; training amplifies that."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same; `rounding` says whether it is within the bound."""

    what: str
    rounding: bool


@dataclass(frozen=True)
class Comparison:
    """What differs in the results, and what differs in where they come from."""

    values: int
    results: list[Difference]
    provenance: list[str]

    @property
    def equal(self) -> bool:
        """Whether the results are the same, up to rounding."""
        return all(d.rounding for d in self.results)

    @property
    def word(self) -> str:
        """The outcome in words."""
        if not self.results:
            return "equal bit for bit"
        return f"equal to rounding ({ROUNDING:g})" if self.equal else "different"


def compare(given: Record, given_folder: Path, ours: Record, our_folder: Path) -> Comparison:
    """Compare values of metrics, seeds that diverged, and figures' arrays; then provenance.

    The folders hold the figures' files; where one is missing only digests are compared.
    """
    results = list(_runs(given, ours))
    results += _figures(given, given_folder, ours, our_folder)
    values = sum(len(v) for run in given.runs for v in run.metrics.values())
    return Comparison(values, results, list(_provenance(given, ours)))


def _runs(given: Record, ours: Record) -> Iterator[Difference]:
    names = [r.name for r in given.runs]
    for name in [*names, *(r.name for r in ours.runs if r.name not in names)]:
        old, new = given.run(name), ours.run(name)
        if old is None or new is None:
            yield Difference(f"run {name}: only {'here' if old is None else 'there'}", False)
        elif old.seeds != new.seeds:
            yield Difference(f"run {name}: seeds {old.seeds} there, {new.seeds} here", False)
        else:
            yield from _metrics(old, new)


def _metrics(old: RunRecord, new: RunRecord) -> Iterator[Difference]:
    for seed in old.seeds:
        there, here = old.diverged.get(seed, "trained"), new.diverged.get(seed, "trained")
        if there != here:
            yield Difference(f"{old.name}, seed {seed}: {there} there, {here} here", False)
    for metric in [*old.metrics, *(m for m in new.metrics if m not in old.metrics)]:
        if metric not in old.metrics or metric not in new.metrics:
            place = "there" if metric in old.metrics else "here"
            yield Difference(f"{metric} of {old.name}: only {place}", False)
            continue
        for seed, a, b in zip(old.seeds, old.metrics[metric], new.metrics[metric], strict=True):
            if a != b and not (math.isnan(a) and math.isnan(b)):
                share = abs(a - b) / max(abs(a), abs(b))
                what = f"{metric} of {old.name}, seed {seed}: {a!r} there, {b!r} here"
                yield Difference(f"{what}, {share:.2g} of it", share <= ROUNDING)


def _figures(
    given: Record, given_folder: Path, ours: Record, our_folder: Path
) -> Iterator[Difference]:
    old, new = ({f.name: f for f in r.figures} for r in (given, ours))
    for name in [*old, *(n for n in new if n not in old)]:
        if name not in old or name not in new:
            place = "there" if name in old else "here"
            yield Difference(f"figure {name}: only {place}", False)
        elif old[name].digest != new[name].digest:
            yield _figure(old[name], given_folder, new[name], our_folder)


def _figure(old: FigureRecord, there: Path, new: FigureRecord, here: Path) -> Difference:
    a, b = there / old.arrays, here / new.arrays
    if not (a.exists() and b.exists()):
        return Difference(f"figure {old.name}: other arrays, of which only digests are here", False)
    with np.load(a, allow_pickle=False) as first, np.load(b, allow_pickle=False) as second:
        if sorted(first.files) != sorted(second.files):
            return Difference(f"figure {old.name}: other arrays", False)
        shares = {name: _apart(first[name], second[name]) for name in first.files}
    worst = max(shares, key=lambda name: shares[name])
    what = f"figure {old.name}: array {worst} differs by up to {shares[worst]:.2g} of its largest"
    return Difference(what, shares[worst] <= ROUNDING)


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference as a share of the largest magnitude; infinite for another kind."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return math.inf
    if a.dtype.kind != "f":
        return 0.0 if np.array_equal(a, b) else math.inf
    good = np.isfinite(a)
    if not np.array_equal(a[~good], b[~good], equal_nan=True) or not np.isfinite(b[good]).all():
        return math.inf
    a, b = a[good].astype(float), b[good].astype(float)
    apart = float(np.abs(a - b).max(initial=0))
    return apart / float(np.abs(np.stack([a, b])).max()) if apart else 0.0


def _provenance(given: Record, ours: Record) -> Iterator[str]:
    pairs = {"spec": (given.spec_digest[:12], ours.spec_digest[:12])}
    old, new = ({f"data {d.name}/{d.split}": d.sha256[:12] for d in r.data} for r in (given, ours))
    pairs |= {name: (old.get(name, "none"), new.get(name, "none")) for name in old | new}
    old, new = ({f"code {c.name}": c.brief for c in r.foreign} for r in (given, ours))
    pairs |= {name: (old.get(name, "none"), new.get(name, "none")) for name in old | new}
    one, two = given.environment, ours.environment
    for name in type(one).model_fields:
        if name != "versions":
            pairs[name] = (str(getattr(one, name)), str(getattr(two, name)))
    for name in one.versions | two.versions:
        pairs[name] = (one.versions.get(name, "none"), two.versions.get(name, "none"))
    for name, (a, b) in pairs.items():
        if a != b:
            yield f"{name}: {a} there, {b} here"
