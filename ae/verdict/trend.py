"""A metric that moves one way over a sweep (rule d).

Every adjacent step is judged against the margin with the same error control as numbers. A trend
holds only if the lower bound of each step reaches the material share of the margin (all of them
must, so that none is corrected for the others); it fails if a step back exceeds the margin itself at
Holm-adjusted p, if it moves the other way, or if the whole effect lies within the margin. One or two
seeds bound nothing without a sigma_pin.
"""

import math
from typing import NamedTuple

import numpy as np

from ae.spec import TrendClaim
from ae.verdict.bounds import Mean, half_width, mean_of, p_above, p_within, pinned, would_decide
from ae.verdict.divergence import diverged
from ae.verdict.finding import Finding, Reason, TrendFinding
from ae.verdict.numbers import Interval, at_level
from ae.verdict.order import ALONE
from ae.verdict.permutation import holm, page
from ae.verdict.result import ALPHA, Array, Flags, Word, Words, one, significant, usable

SHORTEST = 4
FEWEST = 3  # seeds that have a spread of their own


class Sweep(NamedTuple):
    """Sweeps, stacked (samples,); effects and steps are positive as claimed.

    `steps` are (samples * (runs - 1),), a sample's own after each other.
    """

    p: Array
    p_opposite: Array
    effect: Mean
    steps: Mean

    def least(self, level: float) -> Array:
        """The least lower bound of a step of each sample."""
        return np.asarray(self.steps.low(level).reshape(self.p.size, -1).min(-1))

    def p_step_back(self, margin: float) -> Array:
        """The least Holm-adjusted p of "a step back exceeds the margin"."""
        back = p_above(self.steps.compared(-1.0, 0.0), margin)
        return np.asarray(holm(back.reshape(self.p.size, -1)).min(-1))


def sweep(rising: Array, *, sigma_pin: float | None = None) -> Sweep:
    """Page's test, the end-to-end effect and the adjacent steps.

    Args:
        rising: (samples, seeds, runs), the sign turned so that the values should rise.
        sigma_pin: the run-to-run sd, needed below three seeds.
    """
    p, p_opposite = page(rising)
    seeds = rising.shape[1]
    steps = np.diff(rising, axis=-1).swapaxes(1, 2).reshape(-1, seeds)
    ends = rising[..., -1] - rising[..., 0]
    return Sweep(p, p_opposite, _mean(ends, sigma_pin), _mean(steps, sigma_pin))


def _mean(values: Array, sigma_pin: float | None) -> Mean:
    if values.shape[-1] < FEWEST:
        return pinned(values, math.sqrt(2) * (sigma_pin or math.inf))
    return mean_of(values, floor=(sigma_pin or 0.0) / 2)


class _Ways(NamedTuple):
    """What is true of sweeps, each (samples,)."""

    there: Flags
    whole: Flags
    bounded: Flags
    opposite: Flags
    broken: Flags
    flat: Flags


def _ways(found: Sweep, p: Array, margin: float, material: float, level: float) -> _Ways:
    low, high = found.effect.low(level), found.effect.high(level)
    least = found.least(level)
    return _Ways(
        there=significant(p, level) & (low > 0),
        whole=least >= material,
        bounded=least > -margin,
        opposite=significant(found.p_opposite, level) & (high < 0),
        broken=significant(found.p_step_back(margin), level),
        flat=(low > -margin) & (high < margin),
    )


def trend_words(
    found: Sweep, p: Array, *, margin: float, material: float, level: float = ALPHA
) -> Words:
    """The words of rule d; `p` is the p that counts."""
    ways = _ways(found, p, margin, material, level)
    short = ways.opposite | ways.broken | ways.flat
    return np.select(
        [ways.there & ways.whole, ways.there & ways.bounded, short],
        ["REPRODUCED", "SMALLER", "SHORT"],
        "INCONCLUSIVE",
    )


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


def verdict_trend(
    claim: TrendClaim,
    values: Array,
    *,
    family: tuple[float, int] = ALONE,
    level: float = ALPHA,
) -> Finding:
    """Judge "the metric moves one way over the runs".

    Args:
        claim: which way it moves, the margin and its material share.
        values: (seeds, runs) on common seeds, runs in the order of the claim; NaN diverged.
        family: the p adjusted for all claims about the same runs, and their number.
        level: the error that the word may have.
    """
    values = usable(values)
    if lost := diverged(dict(zip(claim.runs, values.T, strict=True)), margin=claim.margin):
        return lost
    seeds, runs = values.shape
    if why := _too_few(claim, seeds, runs):
        return Finding(word="INCONCLUSIVE", note=why, seeds=seeds, target=0.0, margin=claim.margin)
    rising = (1.0 if claim.moves == "up" else -1.0) * values
    return _finding(sweep(rising[None], sigma_pin=claim.sigma_pin), rising, claim, family, level)


def _too_few(claim: TrendClaim, seeds: int, runs: int) -> str:
    if runs < SHORTEST and not (runs == SHORTEST - 1 and seeds >= FEWEST):
        return f"a trend over {runs} runs needs {'3 seeds' if runs == 3 else 'more runs'}"
    if seeds < FEWEST and claim.sigma_pin is None:
        return f"K = {seeds}: a trend needs {FEWEST} seeds, or a sigma_pin from 10 of them"
    return ""


def _finding(
    found: Sweep, rising: Array, claim: TrendClaim, family: tuple[float, int], level: float
) -> Finding:
    margin, material = claim.margin, claim.material * claim.margin
    p = np.maximum(found.p, family[0])
    word = one(trend_words(found, p, margin=margin, material=material, level=level))
    reason, note = _why(word, found, p, claim, rising.shape[0], level)
    means, effect = rising.mean(0), found.effect
    steps = zip(found.steps.mean, found.steps.low(level), found.steps.high(level), strict=True)
    p_back = found.p_step_back(margin).item()
    p_opposite = max(found.p_opposite.item(), p_above(effect.compared(-1.0, 0.0), 0.0).item())
    return TrendFinding(
        word=word,
        reason=reason,
        note=note,
        seeds=rising.shape[0],
        level=level,
        interval=Interval(effect.mean.item(), effect.low(level).item(), effect.high(level).item()),
        target=0.0,
        margin=margin,
        p=found.p.item(),
        p_short=min(p_opposite, p_back, p_within(effect, margin).item()),
        steps=tuple(Interval(*map(float, step)) for step in steps),
        p_opposite=found.p_opposite.item(),
        p_adjusted=p.item(),
        family=family[1],
        p_step_back=p_back,
        material=material,
        tau=kendall(means),
        isotonic_r2=isotonic_r2(means),
        means=tuple(means.tolist() if claim.moves == "up" else (-means).tolist()),
    )


def _why(
    word: Word, found: Sweep, p: Array, claim: TrendClaim, seeds: int, level: float
) -> tuple[Reason | None, str]:
    margin, material = claim.margin, claim.material * claim.margin
    ways = _ways(found, p, margin, material, level)
    if word == "REPRODUCED":
        return None, f"it moves as claimed, and every step is at least {material:g}"
    if word == "SHORT" and ways.opposite.item():
        return "reversed", "it moves the other way"
    if word == "SHORT" and ways.broken.item():
        return "step back", f"a step back exceeds {margin:g}"
    if word == "SHORT":
        flat = f"the {at_level(level)} of the end-to-end effect lies within ±{margin:g}"
        return "flat", f"flat: {flat}"
    if word == "SMALLER":
        return None, f"it moves as claimed, but {_smaller(found, claim, seeds, level)}"
    reasons = []
    if not significant(p, level).item():
        reasons.append(f"Page's test does not reject (p = {p.item():.2g})")
    if not found.effect.low(level).item() > 0:
        reasons.append("the end-to-end effect is not bounded away from 0")
    if not ways.bounded.item():
        reasons.append(f"a step back is not bounded by {margin:g}")
    return None, "; ".join([*reasons, _ahead(found, claim, seeds, level)])


def _smaller(found: Sweep, claim: TrendClaim, seeds: int, level: float) -> str:
    """Which steps are too small, or not shown to be large enough."""
    material, total = claim.material * claim.margin, found.steps.mean.size
    if small := int((found.steps.high(level) < material).sum()):
        return f"{small} of {total} steps are smaller than {material:g}"
    weak = int((found.steps.low(level) < material).sum())
    said = f"{weak} of {total} steps are not shown to be {material:g}"
    return f"{said}; {_ahead(found, claim, seeds, level)}"


def _ahead(found: Sweep, claim: TrendClaim, seeds: int, level: float) -> str:
    """How many seeds would decide, judged by the steps and the whole effect."""
    pin = (claim.sigma_pin or 0.0) / 2
    sigmas = np.maximum(found.steps.sd, pin)
    whole, spread = found.effect.mean.item(), max(found.effect.sd.item(), pin)

    def decides(count: int) -> bool:
        unit = half_width(1.0, count, level)
        material = claim.material * claim.margin
        large = (found.steps.mean - unit * sigmas).min() >= material
        small = (found.steps.mean + unit * sigmas).min() < material
        flat = abs(whole) + unit * spread < claim.margin
        return bool(large or small or flat)

    return would_decide(decides, seeds)
