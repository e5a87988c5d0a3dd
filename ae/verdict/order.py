"""Two runs against each other: one is better, or they do not differ (rule c)."""

import math

import numpy as np

from ae.spec import Direction, EqualClaim, OrderClaim
from ae.verdict.comparison import (
    CLEAR,
    PAIRED,
    UNPAIRED,
    Comparison,
    compared,
    equal_words,
    order_words,
)
from ae.verdict.intervals import (
    first_true,
    least_margin,
    more_seeds,
    p_above,
    p_below,
    p_within,
    student,
    would_decide,
)
from ae.verdict.result import (
    ALPHA,
    Array,
    Finding,
    Word,
    one,
    optional,
    significant,
    unstable,
    usable,
    with_uncertainty,
)


def verdict_order(
    claim: OrderClaim,
    better: Array,
    worse: Array,
    *,
    direction: Direction,
    paired: bool = True,
    family: tuple[float, int] | None = None,
) -> Finding:
    """Judge "one run is better than another".

    Args:
        claim: which run should be better, the margin of a tie, the published gap if any.
        better: the metric of the run that should be better, by seed; NaN where it diverged.
        worse: the same of the other run.
        direction: which way is better.
        paired: whether the two arrays share their seeds, in order.
        family: Holm's adjusted p and the number of orderings it is adjusted for.
    """
    sign = 1.0 if direction == "higher" else -1.0
    lost = _diverged(better, worse, claim.better, claim.worse)
    found = compared(better, worse, sign=sign, sigma_pin=claim.sigma_pin, paired=paired)
    if found is None:
        return _too_few(min(better.size, worse.size), lost, claim.margin)
    p, size = family or (found.p.item(), 1)
    word = one(order_words(found, np.array([p]), margin=claim.margin, gap=claim.gap))
    alone = one(order_words(found, found.p, margin=claim.margin, gap=claim.gap))
    reversed_p = found.p_reversed.item() if found.superiority.item() <= 1 - CLEAR else 1.0
    note = _why_order(word, found, claim, size)
    if word != alone:
        raised = f"(p {found.p.item():.3g} to {p:.3g})"
        note = f"Holm over {size} orderings turned {alone} into {word} {raised}; {note}"
    extra = {"p_holm": p, "family": float(size), "p_short": _least(reversed_p, found, claim.margin)}
    if claim.gap is not None:
        extra["gap"] = abs(claim.gap)
    return _finding(found, word, note, lost, claim.margin, found.p.item(), extra)


def verdict_equal(
    claim: EqualClaim, first: Array, second: Array, *, direction: Direction, paired: bool = True
) -> Finding:
    """Judge "two runs do not differ by more than the margin"; arguments as `verdict_order`."""
    lost = _diverged(first, second, *claim.runs)
    sign = 1.0 if direction == "higher" else -1.0
    found = compared(first, second, sign=sign, sigma_pin=claim.sigma_pin, paired=paired)
    if found is None:
        return _too_few(min(first.size, second.size), lost, claim.margin)
    d, margin = found.advantage, claim.margin
    word = one(equal_words(found, margin=margin))
    p = p_within(d, margin).item()
    apart = min(p_above(d, margin).item(), p_below(d, -margin).item())
    weak, warning = _underpowered(found, claim)
    note = _why_equal(word, found, margin) + (warning if weak else "")
    extra = {"underpowered": float(weak), "p_short": 1.0 if math.isnan(apart) else apart}
    return _finding(found, word, note, lost, margin, p, extra)


def _finding(
    found: Comparison,
    word: Word,
    note: str,
    lost: tuple[bool, str],
    margin: float,
    p: float,
    extra: dict[str, float],
) -> Finding:
    broken, losses = lost
    d, share = found.advantage, found.superiority.item()
    mean, half = d.mean.item(), d.half.item()
    numbers = {"PI": share, "p_plus": found.p.item(), "p_minus": found.p_reversed.item()}
    shown = f", p = {p:.2g}" if math.isfinite(p) else ""
    return Finding(
        word="SHORT" if broken else word,
        note=f"unstable: {losses}" if broken else "; ".join(filter(None, [note, losses])),
        ours=f"{with_uncertainty(mean, half)}{shown}, PI = {share:.2f} (n = {found.seeds})",
        seeds=found.seeds,
        mean=optional(mean),
        low=optional(mean - half),
        high=optional(mean + half),
        target=0.0,
        margin=margin,
        sd=optional(d.sd.item()),
        p=optional(p),
        extra=numbers | extra | ({"p_short": 0.0} if broken else {}),
    )


def _diverged(first: Array, second: Array, *names: str) -> tuple[bool, str]:
    """Whether an arm lost too many seeds, and in words how many each arm lost."""
    arms = list(zip(map(usable, (first, second)), names, strict=True))
    lost = [(int(np.isnan(arm).sum()), arm.size, name) for arm, name in arms]
    words = [f"{count} of {size} seeds of {name} diverged" for count, size, name in lost if count]
    return any(unstable(arm) for arm, _ in arms), "; ".join(words)


def _too_few(seeds: int, lost: tuple[bool, str], margin: float) -> Finding:
    broken, losses = lost
    few = f"K = {seeds}: two runs need {PAIRED} common seeds, or {UNPAIRED} seeds each unpaired"
    word: Word = "SHORT" if broken else "INCONCLUSIVE"
    extra = {"p_short": 0.0 if broken else 1.0}
    note = f"unstable: {losses}" if broken else few
    return Finding(word, note, f"(n = {seeds})", seeds, target=0.0, margin=margin, extra=extra)


def _least(reversed_p: float, found: Comparison, margin: float) -> float:
    """p of the word SHORT: the order is reversed, or it is a tie."""
    tie = p_within(found.advantage, margin).item()
    return reversed_p if math.isnan(tie) else min(reversed_p, tie)


def _per_seed(found: Comparison) -> float:
    """The spread of one seed's difference that gives the uncertainty of the mean."""
    return found.advantage.u.item() * math.sqrt(found.seeds)


def _why_order(word: Word, found: Comparison, claim: OrderClaim, size: int) -> str:
    share, mean = found.superiority.item(), found.advantage.mean.item()
    if word == "BETTER":
        gap = f"the published gap {abs(claim.gap or 0.0):g}"
        return f"the advantage exceeds {gap} by more than {claim.margin:g}"
    if word == "REPRODUCED":
        return "the order is as claimed"
    if word == "SHORT":
        tie = not significant(found.p_reversed).item() or share > 1 - CLEAR
        within = f"a tie: the 90 % interval of the difference lies within ±{claim.margin:g}"
        return within if tie else "the order is reversed"
    start = max(found.seeds + 1, PAIRED)
    ahead = more_seeds(mean, _per_seed(found), start)
    enough = size * 0.5 ** np.arange(start, start + ahead.mean.size) <= ALPHA
    apart = (abs(mean) > student(ahead.nu) * ahead.u) & enough
    apart &= (share >= CLEAR) if mean > 0 else (share <= 1 - CLEAR)
    ready = apart | (abs(mean) + ahead.half < claim.margin)
    side = "not worse; " if found.advantage.low.item() > -claim.margin else ""
    return side + would_decide(first_true(ready, start))


def _why_equal(word: Word, found: Comparison, margin: float) -> str:
    if word == "REPRODUCED":
        return f"the 90 % interval of the difference lies within ±{margin:g}"
    if word == "SHORT":
        return f"the runs differ by more than {margin:g}"
    start, away = max(found.seeds + 1, PAIRED), abs(found.advantage.mean.item())
    half = more_seeds(away, _per_seed(found), start).half
    return would_decide(first_true((away + half < margin) | (away - half > margin), start))


def _underpowered(found: Comparison, claim: EqualClaim) -> tuple[bool, str]:
    """Whether the margin is too narrow for the spread of a difference, and the words."""
    pinned = claim.sigma_pin is not None
    sigma = math.sqrt(2) * claim.sigma_pin if claim.sigma_pin else found.advantage.sd.item()
    factor, source = least_margin(found.seeds), "sigma_pin" if pinned else "the observed sd"
    why = f"the margin is below {factor:.2g} sigma of a difference, sigma = {sigma:.3g} ({source})"
    return claim.margin < factor * sigma, f"; under-powered: {why}"
