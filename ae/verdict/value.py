"""Numbers against numbers: printed (rules a and b), or read off a figure (rule e)."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.special import stdtrit

from ae.spec import FigureClaim, ValueClaim
from ae.verdict.aim import Aim, printed
from ae.verdict.bounds import (
    Mean,
    Seeds,
    Within,
    decide,
    half_width,
    mean_of,
    p_above,
    p_below,
    p_within,
    pinned,
    would_decide,
)
from ae.verdict.divergence import diverged
from ae.verdict.finding import Finding, Reason, ValueFinding
from ae.verdict.numbers import Interval, at_level
from ae.verdict.result import ALPHA, Array, Word, one, usable

FEWEST = 3
LARGEST = 690.0  # logarithm of a number that is still finite
ENOUGH = 1.5  # half-widths that a margin needs: it is decided in three of four samples at least


def verdict_value(
    claim: ValueClaim,
    values: Array,
    *,
    sign: int,
    either_way: bool = False,
    level: float = ALPHA,
) -> Finding:
    """Judge a printed number.

    Args:
        claim: the number, its spread, its margin.
        values: the metric, one value per seed; NaN where the run diverged.
        sign: 1 where a higher value is better, else -1.
        either_way: neither is better, see `Aim`.
        level: the error that the word may have.
    """
    values = usable(values)
    if lost := diverged({claim.run: values}, margin=claim.margin):
        return lost
    return _compare(values, printed(claim, sign, either_way), level)


def verdict_figure(
    claim: FigureClaim,
    values: Array,
    *,
    sign: int,
    either_way: bool = False,
    level: float = ALPHA,
) -> Finding:
    """Judge a number that was read off a figure; never BETTER. Arguments as `verdict_value`.

    On a log axis everything is compared in natural-log units, in which `half_width`, `margin`
    and `sigma_pin` are meant; the readings and the values are in the metric's unit.
    """
    values, readings = usable(values), np.array(claim.readings, dtype=float)
    if lost := diverged({claim.run: values}, margin=claim.margin):
        return lost
    if claim.log_axis:
        if (values <= 0).any():
            why = f"a log axis needs numbers above 0; measured {values.min():g}"
            return Finding(word="UNTESTED", note=why, seeds=values.size)
        values, readings = np.log(values), np.log(readings)
    half = max(abs(float(readings[0] - readings[1])) / 2, claim.half_width)
    aim = Aim(
        value=float(readings.mean()),
        margin=max(claim.margin, 2 * half),
        known=(Within(half),),
        sigma_pin=claim.sigma_pin,
        sign=sign,
        either_way=either_way,
    )
    found = _compare(values, aim, level)
    if found.word == "BETTER":
        note = f"at least reproduced: a figure is never bettered; {found.note}"
        found = replace(found, word="REPRODUCED", reason="or better", note=note)
    return _from_logs(found) if claim.log_axis else found


def _compare(values: Array, aim: Aim, level: float) -> Finding:
    """Rules a, b and e on values that are all numbers."""
    blocked = aim.blocked
    if values.size < FEWEST and not aim.sigma_pin:
        few = f"K = {values.size}: a number needs {FEWEST} seeds, or a sigma_pin from 10 of them"
        return Finding(
            word="INCONCLUSIVE",
            note=blocked or few,
            seeds=values.size,
            target=aim.value,
            margin=aim.margin,
        )
    pin = aim.sigma_pin or 0.0
    if values.size >= FEWEST:
        found = mean_of(values[None], *aim.known, floor=pin / 2)
    else:
        found = pinned(values[None], pin, *aim.known)
    d = found.compared(aim.sign, aim.value)
    word: Word = "INCONCLUSIVE"
    if not blocked:
        word = one(decide(d.low(level), d.high(level), aim.margin, at_least=aim.at_least))
    if word == "BETTER" and aim.either_way:
        word = "SHORT"
    note = blocked or _why(word, d, aim, values.size, level)
    return _finding(found, d, aim, word, note, values.size, level)


def _finding(
    found: Mean, d: Mean, aim: Aim, word: Word, note: str, seeds: int, level: float
) -> Finding:
    mean, half = found.mean.item(), found.half(level).item()
    sd = found.sd.item() if seeds > 1 else None
    sigma = max(found.sd.item(), (aim.sigma_pin or 0.0) / (2 if seeds >= FEWEST else 1))
    weak, warning = _underpowered(sd or 0.0, aim, seeds, level)
    if aim.blocked:
        p, p_short = 1.0, 1.0
    else:
        test = p_above(d, -aim.margin) if aim.at_least else p_within(d, aim.margin)
        p, p_short = test.item(), p_below(d, -aim.margin).item()
        if aim.either_way:
            p_short = min(p_short, p_above(d, aim.margin).item())
    reason: Reason | None = None
    if word == "SHORT":
        reason = "too low" if mean < aim.value else "too high"
    return ValueFinding(
        word=word,
        reason=reason,
        note=note + (warning if weak else ""),
        seeds=seeds,
        level=level,
        interval=Interval(mean, mean - half, mean + half),
        target=aim.value,
        margin=aim.margin,
        p=p,
        p_short=p_short,
        advantage=d.mean.item(),
        half=half,
        sd=sd,
        sigma=sigma,
        z=d.mean.item() / (sigma * math.sqrt(1 + 1 / seeds)) if sigma > 0 else None,
        z_limit=float(stdtrit(seeds - 1, 0.975)) if seeds > 1 else None,
        underpowered=weak,
    )


def _why(word: Word, d: Mean, aim: Aim, seeds: int, level: float) -> str:
    whole, width = f"the whole {at_level(level)}", f"the margin {aim.margin:.4g}"
    if word == "BETTER":
        return f"{whole} is better than published by more than {width}"
    if word == "SHORT" and aim.either_way:
        return f"{whole} is further from the published value than {width}"
    if word == "SHORT":
        return f"{whole} is worse than published by more than {width}"
    if word == "REPRODUCED" and aim.at_least:
        return f"{whole} is no worse than published by {width}"
    if word == "REPRODUCED":
        return f"{whole} is within {width} of the published value"
    sides = ["not worse"] * (d.low(level).item() > -aim.margin)
    sides += ["not better"] * (d.high(level).item() < aim.margin)
    return "; ".join([*sides, would_decide(_decider(d, aim, level), seeds)])


def _decider(d: Mean, aim: Aim, level: float) -> Callable[[int], bool]:
    """Whether so many seeds would decide."""

    def decides(seeds: int) -> bool:
        sigma = np.maximum(d.sd, (aim.sigma_pin or 0.0) / 2)
        more = Mean(d.mean, d.sd, (Seeds(sigma, seeds), *aim.known))
        low, high = more.low(level), more.high(level)
        return one(decide(low, high, aim.margin, at_least=aim.at_least)) != "INCONCLUSIVE"

    return decides


def _underpowered(sd: float, aim: Aim, seeds: int, level: float) -> tuple[bool, str]:
    """Whether the margin is too narrow for this spread and number of seeds, and the words."""
    pinned_sd = max(aim.sigma_pin or 0.0, aim.spread)
    sigma = pinned_sd or sd
    source = "the observed sd"
    if pinned_sd:
        source = "sigma_pin" if aim.sigma_pin == pinned_sd else "the printed sd"
    least = ENOUGH * half_width(sigma, max(seeds, FEWEST), level)
    words = f"sigma = {sigma:.3g} ({source}) needs a margin of {least:.3g} at {seeds} seeds"
    return aim.margin < least, f"; under-powered: {words}"


def _from_logs(found: Finding) -> Finding:
    """The finding in the metric's unit; margin, sd and the like stay in natural-log units."""
    target = math.exp(found.target or 0.0)
    if not isinstance(found, ValueFinding) or found.interval is None:
        return replace(found, target=target)
    logs = (found.interval.mean, found.interval.low, found.interval.high)
    ends = (math.exp(min(x, LARGEST)) for x in logs)
    return replace(found, interval=Interval(*ends), target=target, logarithmic=True)
