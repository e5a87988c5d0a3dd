"""A metric that moves one way over a sweep (rule d).

Steps back between neighbours are judged against the margin with the same error control as
numbers: a claim holds only if the upper 95 % bound of every step back is within the margin, and
fails only if a step back exceeds the margin itself at Holm-adjusted p <= .05. (Comparing the
mean step with the margin, and testing it against zero, were simulated: with one true step back
as large as the margin either is wrong half the time.) One seed has no bounds: there the step
back itself is compared with the margin, and the note says so.
"""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from ae.spec import Direction, TrendClaim
from ae.verdict.intervals import (
    Estimate,
    estimate,
    first_true,
    more_seeds,
    p_above,
    p_within,
    would_decide,
)
from ae.verdict.permutation import holm, page
from ae.verdict.result import (
    Array,
    Finding,
    Word,
    Words,
    one,
    optional,
    significant,
    unstable,
    usable,
    with_uncertainty,
    with_worst,
)

SHORTEST = 4


class Sweep(NamedTuple):
    """Sweeps, stacked (samples,); effects are positive and reversals negative as claimed.

    `reversal` is the worst mean step back between neighbours, `reversal_bound` the largest upper
    95 % bound of a step back, `p_reversal` the least Holm-adjusted p of "a step back exceeds the
    margin". With one seed the last two are NaN.
    """

    p: Array
    p_opposite: Array
    effect: Estimate
    reversal: Array
    reversal_bound: Array
    p_reversal: Array


def sweep(values: Array, rising: Array, *, margin: float, floor: float = 0.0) -> Sweep:
    """Page's test, the end-to-end effect and the steps back of (samples, seeds, runs).

    Args:
        values: the metric, its sign turned so that it should rise; NaN where a run diverged.
        rising: the same with every NaN replaced by the worst value.
        margin: the step back that the claim forgives.
        floor: the least standard deviation to believe.
    """
    p, p_opposite = page(rising)
    effect = estimate(values[..., -1] - values[..., 0], floor=floor)
    samples, seeds, runs = values.shape
    back = (values[..., :-1] - values[..., 1:]).swapaxes(1, 2).reshape(-1, seeds)
    steps = estimate(back, floor=floor)
    shape = (samples, runs - 1)
    worst = steps.mean.reshape(shape).max(-1)
    if seeds == 1:
        unknown = np.full(samples, np.nan)
        return Sweep(p, p_opposite, effect, worst, unknown, unknown)
    adjusted = holm(p_above(steps, margin).reshape(shape)).min(-1)
    return Sweep(p, p_opposite, effect, worst, steps.high.reshape(shape).max(-1), adjusted)


def trend_words(found: Sweep, *, margin: float, seeds: int) -> Words:
    """The words of rule d."""
    opposite = significant(found.p_opposite)
    if seeds == 1:
        held = significant(found.p) & (found.reversal <= margin)
        return np.select([held, opposite], ["REPRODUCED", "SHORT"], "INCONCLUSIVE")
    low, high = found.effect.low, found.effect.high
    held = significant(found.p) & (low > 0) & (found.reversal_bound <= margin)
    flat = (low > -margin) & (high < margin)
    broken = significant(found.p_reversal)
    return np.select([held, opposite | broken | flat], ["REPRODUCED", "SHORT"], "INCONCLUSIVE")


def kendall(values: Array) -> float:
    """Kendall's tau-b between the order of the sweep and `values` (runs,); 0 if all are equal."""
    first, second = np.triu_indices(values.size, 1)
    step = np.sign(values[second] - values[first])
    return float(step.sum() / math.sqrt(max(1.0, np.abs(step).sum()) * first.size))


def isotonic_r2(values: Array) -> float:
    """Share of the variance of `values` (runs,) that the best rising sequence explains.

    The fit is max over a <= i of min over b >= i of mean(values[a..b]).
    """
    runs = range(values.size)
    total = np.concatenate([[0.0], np.cumsum(values - values.mean())])
    fit = [
        max(min((total[b + 1] - total[a]) / (b + 1 - a) for b in runs[i:]) for a in runs[: i + 1])
        for i in runs
    ]
    spread = float(((values - values.mean()) ** 2).sum())
    rest = float(((values - values.mean() - np.array(fit)) ** 2).sum())
    return 1.0 - rest / spread if spread > 0 else 1.0


def verdict_trend(claim: TrendClaim, values: Array, *, direction: Direction) -> Finding:
    """Judge "the metric moves one way over the runs".

    Args:
        claim: which way it moves, and the step back that is forgiven.
        values: (seeds, runs) on common seeds, runs in the order of the claim; NaN diverged.
        direction: which way the metric is better, which says what a diverged run is worth.
    """
    values = usable(values)
    seeds, runs = values.shape
    broken, losses = _diverged(values, claim)
    if runs < SHORTEST and not (runs == SHORTEST - 1 and seeds >= 3):
        few = f"a trend over {runs} runs needs {'3 seeds' if runs == 3 else 'more runs'}"
        result = _undecided(few, claim, seeds)
    else:
        better = 1.0 if direction == "higher" else -1.0
        up = 1.0 if claim.moves == "up" else -1.0
        rising = up * better * with_worst(better * values)
        floor = (claim.sigma_pin or 0.0) / 2
        found = sweep(up * values[None], rising[None], margin=claim.margin, floor=floor)
        result = _finding(found, values, claim, losses)
    if not broken:
        return result
    extra = result.extra | {"p_short": 0.0}
    return replace(result, word="SHORT", note=f"unstable: {losses}", extra=extra)


def _undecided(why: str, claim: TrendClaim, seeds: int) -> Finding:
    shown, extra = f"(n = {seeds})", {"p_short": 1.0}
    return Finding("INCONCLUSIVE", why, shown, seeds, target=0.0, margin=claim.margin, extra=extra)


def _finding(found: Sweep, values: Array, claim: TrendClaim, losses: str) -> Finding:
    seeds = len(values)
    word = one(trend_words(found, margin=claim.margin, seeds=seeds))
    mean, p = found.effect.mean.item(), found.p.item()
    half = found.effect.half.item() if seeds > 1 else math.nan
    extra = {"p_opposite": found.p_opposite.item(), "p_short": _p_short(found, claim.margin, seeds)}
    shape = ""
    if np.isfinite(values).all():
        means = (1.0 if claim.moves == "up" else -1.0) * values.mean(0)
        extra |= {"tau": kendall(means), "isotonic_r2": isotonic_r2(means)}
        extra["reversal"] = found.reversal.item()
        shape = f", tau = {extra['tau']:.2f}"
        if seeds > 1:
            extra["reversal_bound"] = found.reversal_bound.item()
            extra["p_reversal"] = found.p_reversal.item()
    return Finding(
        word=word,
        note="; ".join(filter(None, [_why(word, found, claim.margin, seeds), losses])),
        ours=f"{with_uncertainty(mean, half)}, Page p = {p:.2g}{shape} (n = {seeds})",
        seeds=seeds,
        mean=optional(mean),
        low=optional(mean - half),
        high=optional(mean + half),
        target=0.0,
        margin=claim.margin,
        sd=optional(found.effect.sd.item()) if seeds > 1 else None,
        p=p,
        extra=extra,
    )


def _diverged(values: Array, claim: TrendClaim) -> tuple[bool, str]:
    """Whether a run lost too many seeds, and in words how many each lost."""
    columns = list(zip(values.T, claim.runs, strict=True))
    lost = [(int(np.isnan(column).sum()), name) for column, name in columns]
    words = [f"{count} of {len(values)} seeds of {name} diverged" for count, name in lost if count]
    return any(unstable(column) for column, _ in columns), "; ".join(words)


def _p_short(found: Sweep, margin: float, seeds: int) -> float:
    """The smallest p of the ways in which a trend can be short."""
    ways = [found.p_opposite.item()]
    if seeds > 1:
        ways += [found.p_reversal.item(), p_within(found.effect, margin).item()]
    return min(p for p in ways if not math.isnan(p))


def _why(word: Word, found: Sweep, margin: float, seeds: int) -> str:
    if word == "REPRODUCED" and seeds == 1:
        return f"it moves as claimed, no step back exceeds {margin:g}; one seed bounds nothing"
    if word == "REPRODUCED":
        return f"it moves as claimed, and every step back is bounded by {margin:g}"
    if word == "SHORT" and significant(found.p_opposite):
        return "it moves the other way"
    if word == "SHORT" and significant(found.p_reversal):
        return f"a step back exceeds {margin:g}"
    if word == "SHORT":
        return f"flat: the 90 % interval of the end-to-end effect lies within ±{margin:g}"
    reasons = []
    if not significant(found.p):
        reasons.append(f"Page's test does not reject (p = {found.p.item():.2g})")
    reached = found.reversal.item() if seeds == 1 else found.reversal_bound.item()
    if seeds > 1 and not found.effect.low.item() > 0:
        reasons.append("the end-to-end effect is not bounded away from 0")
    if not reached <= margin:
        what = "a step back exceeds" if seeds == 1 else "a step back is not bounded by"
        reasons.append(f"{what} {margin:g}")
    return "; ".join([*reasons, *_ahead(found, margin, seeds)])


def _ahead(found: Sweep, margin: float, seeds: int) -> list[str]:
    """How many seeds would decide, judged by the end-to-end effect and by Page's p."""
    if seeds == 1 or math.isnan(found.reversal.item()):
        return []
    start = seeds + 1
    effect, step = found.effect, found.reversal_bound.item() - found.reversal.item()
    ahead = more_seeds(effect.mean.item(), effect.sigma.item(), start)
    shrink = ahead.half / max(effect.half.item(), 1e-300)
    score = -float(ndtri(found.p.item())) * np.sqrt(np.arange(start, start + shrink.size) / seeds)
    held = (score > -ndtri(0.05)) & (ahead.low > 0)
    held &= found.reversal.item() + step * shrink <= margin
    flat = (ahead.low > -margin) & (ahead.high < margin)
    return [would_decide(first_true(held | flat, start))]
