"""Numbers against numbers: printed (rules a and b), or read off a figure (rule e)."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import log_ndtr, stdtrit

from ae.spec import Direction, FigureClaim, ValueClaim
from ae.verdict.intervals import (
    CALIBRATION,
    Estimate,
    Term,
    decide,
    estimate,
    first_true,
    least_margin,
    more_seeds,
    p_below,
    would_decide,
)
from ae.verdict.result import (
    Array,
    Finding,
    Word,
    one,
    optional,
    unstable,
    usable,
    with_uncertainty,
)

FEWEST = 3
TRUSTED = 5  # published runs from which their spread enters by Welch's formula


@dataclass(frozen=True)
class Aim:
    """What our number is compared with, and how precisely it is known.

    `spread` is the printed standard deviation where the number of its runs is not: it counts in
    the check of the margin alone. `cautious` as in `intervals.combine`.
    """

    value: float
    margin: float
    terms: tuple[Term, ...]
    sigma_pin: float | None
    at_least: bool = False
    spread: float = 0.0
    cautious: bool = True
    blocked: str = ""


def expected_maximum(n: int) -> float:
    """Mean of the largest of n standard normal draws: 0.56, 0.85, 1.16, 1.54 for 2, 3, 5, 10."""
    x, step = np.linspace(-10.0, 10.0, 4001, retstep=True)
    density = n * np.exp(-0.5 * x**2 + (n - 1) * log_ndtr(x)) / math.sqrt(2 * math.pi)
    return float((x * density).sum() * step)


def verdict_value(claim: ValueClaim, values: Array, *, direction: Direction) -> Finding:
    """Judge a printed number.

    Args:
        claim: the number, its spread, its margin.
        values: the metric, one value per seed; NaN where the run diverged.
        direction: which way is better.
    """
    sign = 1.0 if direction == "higher" else -1.0
    return _compare(usable(values), _printed(claim, sign), sign)


def verdict_figure(claim: FigureClaim, values: Array, *, direction: Direction) -> Finding:
    """Judge a number that was read off a figure; never BETTER.

    On a log axis everything is compared in natural-log units, in which `half_width`, `margin`
    and `sigma_pin` are meant; the readings and the values are in the metric's unit.
    """
    sign = 1.0 if direction == "higher" else -1.0
    values, readings = usable(values), np.array(claim.readings, dtype=float)
    if claim.log_axis:
        if (values <= 0).any():
            why = f"a log axis needs numbers above 0; measured {np.nanmin(values):g}"
            return Finding("UNTESTED", why, "", values.size)
        values, readings = np.log(values), np.log(readings)
    half = max(abs(float(readings[0] - readings[1])) / 2, claim.half_width)
    aim = Aim(
        value=float(readings.mean()),
        margin=max(claim.margin, 2 * half),
        terms=(Term(half**2 / 3, math.inf),),
        sigma_pin=claim.sigma_pin,
    )
    found = _compare(values, aim, sign)
    if found.word == "BETTER":
        note = f"at least reproduced: a figure is never bettered; {found.note}"
        found = replace(found, word="REPRODUCED", note=note)
    return _from_logs(found) if claim.log_axis else found


def _printed(claim: ValueClaim, sign: float) -> Aim:
    """The printed number with the uncertainty that its spread and its rounding leave."""
    kind, printed, n = claim.spread.kind, claim.spread.value or 0.0, claim.spread.n
    known = n is not None and n > 1
    nu = float(n - 1) if n is not None and n > 1 else math.inf
    variance, margin, spread = 0.0, claim.margin, 0.0
    if kind in ("se", "folds"):
        variance = printed**2
    elif kind == "ci95":
        variance = (printed / 1.96) ** 2
    elif kind == "sd" and known:
        variance = printed**2 / (nu + 1)
    elif kind == "sd":
        spread = printed
    elif kind in ("examples", "binomial"):
        margin = max(margin, printed)
    rounding = (0.5 * 10.0**-claim.digits) ** 2 / 3
    value, blocked = claim.value, ""
    if claim.best_of is not None and claim.best_of > 1:
        if claim.sigma_pin is None:
            blocked = f"the published value is the best of {claim.best_of} runs: needs sigma_pin"
        else:
            value -= sign * expected_maximum(claim.best_of) * claim.sigma_pin
    return Aim(
        value=value,
        margin=margin,
        terms=(Term(variance, nu), Term(rounding, math.inf)),
        sigma_pin=claim.sigma_pin,
        at_least=claim.sense == "at_least",
        spread=spread,
        cautious=nu < TRUSTED - 1 or math.isinf(nu),
        blocked=blocked,
    )


def _compare(values: Array, aim: Aim, sign: float) -> Finding:
    """Rules a, b and e on values where NaN marks a diverged run."""
    found, blocked = _our_side(values, aim)
    d = found._replace(mean=sign * (found.mean - aim.value))
    mean, half = found.mean.item(), found.half.item()
    lost = int(np.isnan(values).sum())
    word: Word = "INCONCLUSIVE"
    if unstable(values):
        word, note = "SHORT", f"unstable: {lost} of {values.size} seeds diverged"
    elif lost:
        note = f"{lost} of {values.size} seeds diverged, so the mean has no finite interval"
    elif blocked:
        note, half = blocked, math.nan if values.size < FEWEST else half
    else:
        word = one(decide(d.low, d.high, aim.margin, at_least=aim.at_least))
        note = _why(word, d, aim, values.size)
    extra = {"diverged": float(lost), "p_short": _p_short(d, aim, word, blocked)}
    if not lost and not (blocked and values.size < FEWEST):
        weak, warning = _underpowered(found, aim, values.size)
        extra |= _numbers(d, values.size) | {"underpowered": float(weak)}
        note += warning if weak else ""
    return Finding(
        word=word,
        note=note,
        ours=f"{with_uncertainty(mean, half)} (n = {values.size})",
        seeds=values.size,
        mean=optional(mean),
        low=optional(mean - half),
        high=optional(mean + half),
        target=aim.value,
        margin=aim.margin,
        sd=optional(found.sd.item()) if values.size > 1 else None,
        extra=extra,
    )


def _our_side(values: Array, aim: Aim) -> tuple[Estimate, str]:
    """The mean with all uncertainty of the comparison, and why it cannot decide, if so."""
    pin, careful = aim.sigma_pin or 0.0, aim.cautious
    if values.size >= FEWEST:
        return estimate(values[None], aim.terms, floor=pin / 2, cautious=careful), aim.blocked
    found = estimate(values[None], aim.terms, floor=pin, nu=CALIBRATION, cautious=careful)
    few = f"K = {values.size}: a number needs {FEWEST} seeds, or a sigma_pin from 10 of them"
    return found, aim.blocked or ("" if aim.sigma_pin else few)


def _p_short(d: Estimate, aim: Aim, word: Word, blocked: str) -> float:
    """p of the word SHORT; certain where too many runs diverged, none where nothing decides."""
    p = p_below(d, -aim.margin).item()
    return p if not blocked and math.isfinite(p) else float(word != "SHORT")


def _why(word: Word, d: Estimate, aim: Aim, seeds: int) -> str:
    width = f"the margin {aim.margin:.4g}"
    if word == "BETTER":
        return f"the whole 90 % interval is better than published by more than {width}"
    if word == "SHORT":
        return f"the whole 90 % interval is worse than published by more than {width}"
    if word == "REPRODUCED" and aim.at_least:
        return f"the whole 90 % interval is no worse than published by {width}"
    if word == "REPRODUCED":
        return f"the whole 90 % interval is within {width} of the published value"
    sides = ["not worse"] * (d.low.item() > -aim.margin)
    sides += ["not better"] * (d.high.item() < aim.margin)
    start = max(seeds + 1, FEWEST)
    ahead = more_seeds(d.mean.item(), d.sigma.item(), start, aim.terms, cautious=aim.cautious)
    words = decide(ahead.low, ahead.high, aim.margin, at_least=aim.at_least)
    return "; ".join([*sides, would_decide(first_true(words != "INCONCLUSIVE", start))])


def _numbers(d: Estimate, seeds: int) -> dict[str, float]:
    """What is reported besides: z asks whether the target could be one draw of ours."""
    sigma = d.sigma.item()
    numbers = {"d": d.mean.item(), "u": d.u.item(), "sigma_x": sigma}
    if math.isfinite(d.nu.item()):
        numbers["nu"] = d.nu.item()
    if sigma > 0:
        numbers["z"] = d.mean.item() / (sigma * math.sqrt(1 + 1 / seeds))
    if seeds > 1:
        numbers["z_limit"] = float(stdtrit(seeds - 1, 0.975))
    return numbers


def _underpowered(found: Estimate, aim: Aim, seeds: int) -> tuple[bool, str]:
    """Whether the margin is too narrow for this spread and number of seeds, and the words."""
    pinned = max(aim.sigma_pin or 0.0, aim.spread)
    sigma = pinned or found.sd.item()
    source = "sigma_pin" if aim.sigma_pin and pinned == aim.sigma_pin else "the printed sd"
    source = source if pinned else "the observed sd"
    factor = least_margin(seeds)
    why = f"; under-powered: the margin is below {factor:.2g} sigma, sigma = {sigma:.3g} ({source})"
    return aim.margin < factor * sigma, why


def _from_logs(found: Finding) -> Finding:
    """The finding in the metric's unit; `margin` and `sd` stay in natural-log units."""
    if found.mean is None or found.target is None:
        return replace(found, target=math.exp(found.target or 0.0))
    mean, target, ends = math.exp(found.mean), math.exp(found.target), ""
    low = None if found.low is None else math.exp(found.low)
    high = None if found.high is None else math.exp(found.high)
    if low is not None and high is not None:
        ends = f" [{low:.4g}, {high:.4g}]"
    ours = f"{mean:.4g}{ends} (n = {found.seeds})"
    return replace(found, ours=ours, mean=mean, low=low, high=high, target=target)
