"""Whether numbers moved: a few new seeds against a baseline of ten or more (rule a).

A whole run is judged at once: over all its metrics together, the probability of calling anything
worse that has not changed is at most 5 % (`family`). Questions are asked of each metric, each with
the spread that makes its answer right:

* Has it changed? If not, both samples are draws of one law and share their spread: Student's t
  with the pooled variance. One wild seed of three moves little: it widens the spread as it moves
  the mean. This takes 80 % of the 5 %.
* Is one seed far outside, or do all agree far too well (`single`)? 10 % each.
* Is it unchanged? Equivalence: the 90 % interval of rule a lies within the margin.

The margin is fixed by the baseline and the number of new seeds: the least number of standard
deviations that so many seeds can test (`least_margin`: 3 below five seeds, 2 at five). What is
closer is told apart from another draw of seeds by luck alone. The standard deviation is at least
that of rounding, and half a step of a metric that counts, so that a baseline without any spread
can judge. A metric that is exact, one number for all seeds, is no matter of luck: it is
worse as soon as it leaves the margin.

The protocol is pinned: nothing but the draw of seeds should move a number. A gain that is surely
more than twice the margin is no gain: something else is measured (a constant is lost, test data
were trained on). It counts as worse.

A diverged seed counts as one standard deviation worse than all others. More than max(1, K/5) of K
new ones are worse where the baseline has none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ae.verdict.family import adjust, better, worse
from ae.verdict.moved import Chances, Move, Pair, note_of, word_of
from ae.verdict.result import Array, unstable, usable
from ae.verdict.shift import FEWEST, LEAP, SINGLE, Shift, exact, shift
from ae.verdict.single import agreeing, outlying
from ae.verdict.splits import Group

MOVED, SINGLY = 0.8, 0.1  # shares of the 5 %: for means; for single seeds; for seeds that agree
FIRST, SECOND = 0.5, 0.5  # where a run is looked at twice: shares of that for means
SUSPECT = 0.1  # a group's own p at which a second look is worth its time


@dataclass(frozen=True)
class Movement:
    """How one metric moved.

    Attributes:
        word: the state.
        note: one plain sentence that says why; empty where the interval says it.
        baseline: the baseline's mean, in the metric's unit; NaN if no seed was trained.
        new: the new mean.
        difference: how much better the new mean is (higher, if there is no direction); NaN, as
            the next four, where nothing can be compared.
        low: lower end of its 90 % interval.
        high: upper end.
        margin: within which it counts as unchanged.
        sd: the baseline's spread as it is used, with its floors.
        p_worse: that it would be so much worse, or too good, without a change; for one metric.
        p_better: that it would be so much better without a change.
        p: `p_worse` adjusted for the family, or that of a seed far outside or of seeds that agree:
            worse where it is at most 5 %.
        p_own: `p_worse` adjusted for the metrics of its group alone.
        seeds: how many seeds the baseline and the new sample have.
        diverged: how many of them diverged.
    """

    word: Move
    note: str
    baseline: float
    new: float
    difference: float
    low: float
    high: float
    margin: float
    sd: float
    p_worse: float
    p_better: float
    p: float
    p_own: float
    seeds: tuple[int, int]
    diverged: tuple[int, int]


class _Ready(NamedTuple):
    """A pair with higher being better and diverged seeds filled in, and how it shifted."""

    baseline: Array
    new: Array
    found: Shift


def movements(
    pairs: Sequence[Pair], *, share: float = 1.0, among: int | None = None
) -> list[Movement]:
    """Judge all metrics of a run together, one word each.

    Args:
        pairs: The metrics.
        share: The part that may be spent on means here, where a run is looked at twice.
        among: Of a second look: how many groups there were to choose these from. It asks of means.
    """
    ready = [_ready(pair) for pair in pairs]
    found = [Chances() for _ in pairs]
    members: dict[tuple[str, int, int], list[int]] = {}
    for i, (pair, one) in enumerate(zip(pairs, ready, strict=True)):
        if one is None or np.isnan(usable(pair.new)).all():
            continue
        if exact(one.baseline[None], scale=pair.scale).item():
            p, q = _certain(one.found, pair)
            found[i] = Chances(p, q, p)
        else:
            key = pair.group, one.baseline.size, one.new.size
            members.setdefault(key, []).append(i)
    groups = [_group(pairs, ready, m) for m in members.values()]
    count = sum(map(len, members.values()))
    spend = share * MOVED
    singly = SINGLY / count if count and among is None else 0.0
    adjusted = adjust(groups, among=among)
    for indices, group, three in zip(members.values(), groups, adjusted, strict=True):
        lone = outlying(group.baseline, group.new, group.scale)
        alike = agreeing(group.baseline, group.new)
        for place, i in enumerate(indices):
            p, q, own = (float(side[place]) for side in three)
            apart = (min(1.0, float(a[place]) / singly) if singly else 1.0 for a in (lone, alike))
            found[i] = Chances(min(p / spend, 1.0), min(q / spend, 1.0), own, *apart)
    return [_judged(pair, one, p) for pair, one, p in zip(pairs, ready, found, strict=True)]


def _ready(pair: Pair) -> _Ready | None:
    sign = -1.0 if pair.direction == "lower" else 1.0
    baseline, new = sign * usable(pair.baseline), sign * usable(pair.new)
    known = np.concatenate([baseline, new])
    known = known[~np.isnan(known)]
    trained = baseline[~np.isnan(baseline)]
    if trained.size < FEWEST or not new.size:
        return None
    worst = known.min() - max(float(trained.std(ddof=1)), SINGLE)
    baseline, new = (np.where(np.isnan(x), worst, x) for x in (baseline, new))
    return _Ready(baseline, new, shift(baseline[None], new[None], scale=pair.scale))


def _group(pairs: Sequence[Pair], ready: Sequence[_Ready | None], members: Sequence[int]) -> Group:
    chosen = [one for i in members if (one := ready[i]) is not None]
    return Group(
        np.stack([one.baseline for one in chosen]),
        np.stack([one.new for one in chosen]),
        np.array([float(pairs[i].direction is None) for i in members]),
        np.array([pairs[i].scale for i in members]),
    )


def _certain(found: Shift, pair: Pair) -> tuple[float, float]:
    """p of "worse" and "better" of an exact metric: 0 beyond the margin, else 1."""
    away, margin = found.found.mean.item(), found.margin.item()
    if pair.direction is None or away > LEAP * margin:
        return float(abs(away) <= margin), 1.0
    return float(away >= -margin), float(away <= margin)


def _judged(pair: Pair, one: _Ready | None, found: Chances) -> Movement:
    lost = int(np.isnan(usable(pair.baseline)).sum()), int(np.isnan(usable(pair.new)).sum())
    broken = unstable(usable(pair.new)) and not lost[0]
    numbers, alone, within = [math.nan] * 5, (1.0, 1.0), False
    if one is not None:
        moved, two = one.found, np.array(float(pair.direction is None))
        ends = (moved.found.mean, moved.found.low, moved.found.high, moved.margin, moved.sigma)
        numbers = [float(x.item()) for x in ends]
        within = numbers[1] > -numbers[3] and numbers[2] < numbers[3]
        alone = float(worse(moved, two).item()), float(better(moved, two).item())
    word = word_of(found, lost=lost[1], broken=broken, within=within)
    difference, low, high, margin, sd = numbers
    return Movement(
        word=word,
        note=note_of(pair, word, numbers, lost, found),
        baseline=_mean(pair.baseline),
        new=_mean(pair.new),
        difference=difference,
        low=low,
        high=high,
        margin=margin,
        sd=sd,
        p_worse=0.0 if broken else alone[0],
        p_better=1.0 if lost[1] else alone[1],
        p=0.0 if broken else min(found.worse, found.outlying, found.agreeing),
        p_own=0.0 if broken else found.own,
        seeds=(pair.baseline.size, pair.new.size),
        diverged=lost,
    )


def _mean(values: Array) -> float:
    trained = usable(values)
    trained = trained[~np.isnan(trained)]
    return float(trained.mean()) if trained.size else math.nan
