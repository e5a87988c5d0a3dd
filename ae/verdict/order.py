"""Two runs against each other: one is better, or they do not differ (rule c)."""

import math
from dataclasses import replace
from functools import partial

import numpy as np

from ae.spec import EqualClaim, OrderClaim
from ae.verdict.bounds import half_width, p_above, p_below, p_within, would_decide
from ae.verdict.comparison import (
    CLEAR,
    PAIRED,
    UNPAIRED,
    Arms,
    Comparison,
    compared,
    equal_words,
    order_words,
)
from ae.verdict.divergence import diverged
from ae.verdict.finding import EqualFinding, Finding, OrderFinding, Reason
from ae.verdict.numbers import Interval, at_level
from ae.verdict.result import ALPHA, Word, one, significant
from ae.verdict.value import ENOUGH

ALONE = (0.0, 1)  # the family of a claim without others: nothing is added to its p


def verdict_order(
    claim: OrderClaim,
    arms: Arms,
    *,
    sign: int,
    family: tuple[float, int] = ALONE,
    back: float = 0.0,
    level: float = ALPHA,
) -> Finding:
    """Judge "one run is better than another".

    Args:
        claim: which run should be better, the margin, its material share, the published gap if any.
        arms: the run that should be better, and its rival.
        sign: 1 where a higher value is better, else -1.
        family: the p adjusted for all claims about the same two runs, and their number.
        back: the p of "it is the other way round", adjusted for them.
        level: the error that the word may have.
    """
    arms = arms.turned(sign)
    better, worse = claim.arms("higher" if sign > 0 else "lower")
    if lost := diverged({better: arms.first}, {worse: arms.second}, margin=claim.margin):
        return lost
    found = compared(arms, claim.sigma_pin)
    if found is None:
        return _too_few(arms, claim.margin)
    return replace(_order(claim, found, family, back, level), means=_means(arms, sign))


def _order(
    claim: OrderClaim, found: Comparison, family: tuple[float, int], back: float, level: float
) -> OrderFinding:
    margin, material = claim.margin, claim.material * claim.margin
    rule = partial(order_words, margin=margin, material=material, gap=claim.gap, level=level)
    alone, found = found, found._replace(p_reversed=np.maximum(found.p_reversed, back))
    p = max(found.p.item(), family[0])
    word, before = one(rule(found, np.array([p]))), one(rule(alone, alone.p))
    reason, note = _why_order(word, found, claim, level)
    if word != before:
        first, last = (alone.p.item(), p)
        if before == "SHORT":
            first, last = alone.p_reversed.item(), found.p_reversed.item()
        raised = f"(p {first:.3g} to {last:.3g})"
        about = f"{family[1]} claims about the same runs"
        note = f"correcting for {about} turned {before} into {word} {raised}; {note}"
    return OrderFinding(
        word=word,
        reason=reason,
        note=note,
        seeds=found.seeds,
        level=level,
        interval=_interval(found, level),
        target=0.0,
        margin=margin,
        p=found.p.item(),
        p_short=min(found.p_back.item(), p_within(found.advantage, margin).item()),
        sd=found.advantage.sd.item(),
        p_reversed=found.p_reversed.item(),
        p_adjusted=p,
        family=family[1],
        superiority=found.superiority.item(),
        material=material,
        gap=None if claim.gap is None else abs(claim.gap),
    )


def verdict_equal(
    claim: EqualClaim,
    arms: Arms,
    *,
    sign: int,
    family: tuple[float, int] = ALONE,
    level: float = ALPHA,
) -> Finding:
    """Judge "two runs do not differ by more than the margin"; arguments as `verdict_order`.

    Both runs are what the claim is about: a diverged seed of either makes it SHORT.
    """
    arms, margin = arms.turned(sign), claim.margin
    both = dict(zip(claim.runs, (arms.first, arms.second), strict=True))
    if lost := diverged(both, margin=margin):
        return lost
    found = compared(arms, claim.sigma_pin)
    if found is None:
        return _too_few(arms, margin)
    return replace(_equal(claim, found, family, level), means=_means(arms, sign))


def _equal(
    claim: EqualClaim, found: Comparison, family: tuple[float, int], level: float
) -> EqualFinding:
    d, margin = found.advantage, claim.margin
    alone = p_within(d, margin).item()
    p = max(alone, family[0])
    word = one(equal_words(found, np.array([p]), margin=margin, level=level))
    weak, warning = _underpowered(found, claim, level)
    return EqualFinding(
        word=word,
        reason="apart" if word == "SHORT" else None,
        note=_why_equal(word, found, margin, level, p) + (warning if weak else ""),
        seeds=found.seeds,
        level=level,
        interval=_interval(found, level),
        target=0.0,
        margin=margin,
        p=alone,
        p_short=min(p_above(d, margin).item(), p_below(d, -margin).item()),
        sd=d.sd.item(),
        p_adjusted=p,
        family=family[1],
        superiority=found.superiority.item(),
        underpowered=weak,
    )


def _means(arms: Arms, sign: int) -> tuple[float, ...]:
    """Both runs' means in the metric's own sign, of arms that were turned."""
    return tuple(sign * float(values.mean()) for values in (arms.first, arms.second))


def _interval(found: Comparison, level: float) -> Interval:
    d = found.advantage
    return Interval(d.mean.item(), d.low(level).item(), d.high(level).item())


def _too_few(arms: Arms, margin: float) -> Finding:
    seeds = min(arms.first.size, arms.second.size)
    few = f"K = {seeds}: two runs need {PAIRED} common seeds, or {UNPAIRED} seeds each unpaired"
    return Finding(word="INCONCLUSIVE", note=few, seeds=seeds, target=0.0, margin=margin)


def _half(found: Comparison, seeds: int, level: float) -> float:
    """Half the interval that so many seeds would have: paired, or of both arms."""
    arms = math.sqrt(len(found.advantage.parts))
    return arms * half_width(found.advantage.sd.item(), seeds, level)


def _why_order(
    word: Word, found: Comparison, claim: OrderClaim, level: float
) -> tuple[Reason | None, str]:
    material = claim.material * claim.margin
    ending = _ahead_order(found, claim, level)
    if word == "BETTER":
        gap = f"the published gap {abs(claim.gap or 0.0):g}"
        return None, f"the advantage exceeds {gap} by more than {claim.margin:g}"
    if word == "REPRODUCED":
        return None, f"the order is as claimed, and the advantage is at least {material:g}"
    if word == "SMALLER":
        if found.advantage.high(level).item() < material:
            return None, f"the order is as claimed, but the advantage is smaller than {material:g}"
        said = f"the order is as claimed, but the advantage is not shown to be {material:g}"
        return None, f"{said}; {ending}"
    if word == "SHORT":
        if significant(found.p_back, level).item():
            return "reversed", "the order is reversed"
        within = f"a tie: the {at_level(level)} of the difference lies within ±{claim.margin:g}"
        return "tie", within
    side = "not worse; " if found.advantage.low(level).item() > -claim.margin else ""
    return None, side + ending


def _ahead_order(found: Comparison, claim: OrderClaim, level: float) -> str:
    mean, share = found.advantage.mean.item(), found.superiority.item()

    def decides(seeds: int) -> bool:
        half = _half(found, seeds, level)
        if abs(mean) + half < claim.margin:
            return True
        apart = seeds >= PAIRED and 0.5**seeds <= level
        if mean > 0:
            return apart and share >= CLEAR and mean - half >= claim.material * claim.margin
        return apart and share <= 1 - CLEAR and mean + half < 0

    return would_decide(decides, found.seeds)


def _why_equal(word: Word, found: Comparison, margin: float, level: float, p: float) -> str:
    if word == "REPRODUCED":
        return f"the {at_level(level)} of the difference lies within ±{margin:g}"
    if word == "SHORT":
        return f"the runs differ by more than {margin:g}"
    away = abs(found.advantage.mean.item())

    def decides(seeds: int) -> bool:
        half = _half(found, seeds, level)
        return away + half < margin or away - half > margin

    within = away + found.advantage.half(level).item() < margin
    why = f"corrected for the claims about the same runs p is {p:.2g}; " if within else ""
    return why + would_decide(decides, found.seeds)


def _underpowered(found: Comparison, claim: EqualClaim, level: float) -> tuple[bool, str]:
    """Whether the margin is too narrow for the spread of a difference, and the words."""
    arms = math.sqrt(len(found.advantage.parts))
    sigma = math.sqrt(2) * claim.sigma_pin if claim.sigma_pin else arms * found.advantage.sd.item()
    source = "sigma_pin" if claim.sigma_pin else "the observed sd"
    least = ENOUGH * half_width(sigma, found.seeds, level)
    words = f"sigma = {sigma:.3g} of a difference ({source}) needs a margin of {least:.3g}"
    return claim.margin < least, f"; under-powered: {words} at {found.seeds} seeds"
