"""Whether numbers moved: a few new seeds against a baseline of ten or more (rule a).

A whole run is judged at once: over all its metrics together, the probability of calling anything
worse that has not changed is at most 5 % (`family`). Two questions are asked of each metric, each
with the spread that makes its answer right:

* Has it changed? If not, both samples are draws of one law and share their spread: Student's t
  with the pooled variance. One wild seed of three raises no alarm: it widens the spread as it
  moves the mean.
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
from typing import Literal, NamedTuple

import numpy as np

from ae.spec import Direction
from ae.verdict.family import Group, adjust, better, worse
from ae.verdict.result import Array, significant, unstable, usable
from ae.verdict.shift import FEWEST, LEAP, SINGLE, Shift, exact, shift

Move = Literal["worse", "better", "unchanged", "undecided"]


class Pair(NamedTuple):
    """One metric of one run: values in the order of the seeds, NaN where the run diverged.

    `direction` says which way is better; None: any move counts as worse. `group` names what shares
    the seeds (a spec). `scale` is the metric's magnitude, where its own value is the small
    difference of large numbers.
    """

    baseline: Array
    new: Array
    direction: Direction | None
    group: str = ""
    scale: float = 0.0


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
        p: `p_worse` adjusted for the family: worse where it is at most 5 %.
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
    seeds: tuple[int, int]
    diverged: tuple[int, int]


class _Ready(NamedTuple):
    """A pair with higher being better and diverged seeds filled in, and how it shifted."""

    baseline: Array
    new: Array
    found: Shift


def movements(pairs: Sequence[Pair]) -> list[Movement]:
    """Judge all metrics of a run together, one word each."""
    ready = [_ready(pair) for pair in pairs]
    p, q = np.ones(len(pairs)), np.ones(len(pairs))
    members: dict[tuple[str, int, int], list[int]] = {}
    for i, (pair, one) in enumerate(zip(pairs, ready, strict=True)):
        if one is None or np.isnan(usable(pair.new)).all():
            continue
        if exact(one.baseline[None], scale=pair.scale).item():
            p[i], q[i] = _certain(one.found, pair)
        else:
            key = pair.group, one.baseline.size, one.new.size
            members.setdefault(key, []).append(i)
    for indices, (down, up) in zip(
        members.values(), adjust([_group(pairs, ready, m) for m in members.values()]), strict=True
    ):
        p[indices], q[indices] = down, up
    return [
        _judged(pair, one, float(down), float(up))
        for pair, one, down, up in zip(pairs, ready, p, q, strict=True)
    ]


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


def _judged(pair: Pair, one: _Ready | None, p: float, p_better: float) -> Movement:
    lost = int(np.isnan(usable(pair.baseline)).sum()), int(np.isnan(usable(pair.new)).sum())
    broken = unstable(usable(pair.new)) and not lost[0]
    numbers, alone, within, too_good = [math.nan] * 5, (1.0, 1.0), False, False
    if one is not None:
        found, two = one.found, np.array(float(pair.direction is None))
        ends = (found.found.mean, found.found.low, found.found.high, found.margin, found.sigma)
        numbers = [float(x.item()) for x in ends]
        within = numbers[1] > -numbers[3] and numbers[2] < numbers[3]
        alone = float(worse(found, two).item()), float(better(found, two).item())
        too_good = pair.direction is not None and numbers[0] > LEAP * numbers[3]
    word = _word(p, p_better, lost=lost[1], broken=broken, within=within)
    difference, low, high, margin, sd = numbers
    return Movement(
        word=word,
        note=_note(pair, word, numbers, lost, too_good=too_good),
        baseline=_mean(pair.baseline),
        new=_mean(pair.new),
        difference=difference,
        low=low,
        high=high,
        margin=margin,
        sd=sd,
        p_worse=0.0 if broken else alone[0],
        p_better=1.0 if lost[1] else alone[1],
        p=0.0 if broken else p,
        seeds=(pair.baseline.size, pair.new.size),
        diverged=lost,
    )


def _word(p: float, p_better: float, *, lost: int, broken: bool, within: bool) -> Move:
    if broken or (significant(p) and not within):
        return "worse"
    if lost:
        return "undecided"
    if within:
        return "unchanged"
    return "better" if significant(p_better) else "undecided"


def _note(
    pair: Pair, word: Move, numbers: Sequence[float], lost: tuple[int, int], *, too_good: bool
) -> str:
    trained = pair.baseline.size - lost[0]
    if trained < FEWEST:
        return f"the baseline has {trained} trained seeds; it needs {FEWEST}"
    if lost[1]:
        base = f"{lost[0]} of {pair.baseline.size} in the baseline"
        return f"{lost[1]} of {pair.new.size} seeds diverged, {base}"
    if word == "worse" and too_good:
        return f"too good: better by more than {LEAP:g} margins; is the same still measured?"
    if word == "undecided":
        _, low, high, margin, _ = numbers
        return "; ".join(["not worse"] * (low > -margin) + ["not better"] * (high < margin))
    return ""


def _mean(values: Array) -> float:
    trained = usable(values)
    trained = trained[~np.isnan(trained)]
    return float(trained.mean()) if trained.size else math.nan
