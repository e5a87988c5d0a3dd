"""Many metrics of many specs judged at once: one false alarm in the whole family 5 % of the time.

Each spec is judged by itself first (`splits`): a metric's p is how often the least p among it and
the less striking ones of its spec would be as small under another split of the seeds. Then over
the specs, whose p are not alike: a spec of many metrics, of many seeds or of heavy tails finds small
ones by luck. So each spec's p are multiplied by what makes one in ten of its splits reach a tenth,
and only then compared. A metric's p is the chance that, in any spec, another split would give one
as small:

    1 - prod_h (1 - share of the splits of h whose least p, so multiplied, is as small)

That is exact where specs are independent, for the factor is the same for all splits; and it is
stepped down after Westfall and Young (1993). A few seeds have few splits (286 of 10 and 3), but
what no split of any spec comes near is told all the same.

Specs of a second look, chosen by a first one, are judged by Holm over all specs, each by its own
splits. One new seed has too few splits to reject by: it is judged by Holm on the normal law.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ae.verdict.permutation import holm
from ae.verdict.result import Array
from ae.verdict.shift import Shift, shift
from ae.verdict.splits import DRAWS, MANY, Group, Rows, rows

TENTH = 0.1
NEAR = 1 + 1e-9


class Adjusted(NamedTuple):
    """p of each metric of a group, adjusted: for all of all groups; `own`: for its group alone."""

    worse: Array
    better: Array
    own: Array


def worse(found: Shift, two_sided: Array) -> Array:
    """p of each metric alone: that it would be so much worse, or too good, without a change."""
    either = np.minimum(2 * np.minimum(found.below, found.above), 1.0)
    return np.where(two_sided > 0, either, np.minimum(found.below, found.leap))


def better(found: Shift, two_sided: Array) -> Array:
    """p of each metric alone: that it would be so much better without a change."""
    return np.where(two_sided > 0, 1.0, found.above)


def adjust(groups: Sequence[Group], *, among: int | None = None) -> list[Adjusted]:
    """Adjusted p of each group's metrics; 1 where the p of the metric alone is above 5 %.

    Args:
        groups: What shares its seeds, spec by spec.
        among: Of a second look: how many specs there were to choose these from.
    """
    lone = [i for i, g in enumerate(groups) if g.new.shape[-1] == 1]
    many = [i for i, g in enumerate(groups) if g.new.shape[-1] > 1]
    parts = 1 + bool(lone and many)  # two families in one run share the 5 %
    adjusted: dict[int, Adjusted] = {}
    for indices, how in ((lone, _by_holm), (many, _by_splits)):
        found = how([groups[i] for i in indices], among)
        for i, (p, q, own) in zip(indices, found, strict=True):
            adjusted[i] = Adjusted(np.minimum(parts * p, 1), np.minimum(parts * q, 1), own)
    return [adjusted[i] for i in range(len(groups))]


def _by_holm(groups: Sequence[Group], among: int | None) -> list[Adjusted]:
    if not groups:
        return []
    found = [shift(g.baseline, g.new, scale=g.scale) for g in groups]
    ends = np.cumsum([len(g.new) for g in groups])[:-1]
    times = 1.0 if among is None else among / len(groups)
    sides = []
    for side in (worse, better):
        p = [side(f, g.two_sided) for f, g in zip(found, groups, strict=True)]
        sides.append(np.split(np.minimum(times * holm(np.concatenate(p)), 1.0), ends))
    own = [holm(worse(f, g.two_sided)) for f, g in zip(found, groups, strict=True)]
    return [Adjusted(*three) for three in zip(*sides, own, strict=True)]


def _by_splits(groups: Sequence[Group], among: int | None) -> list[Adjusted]:
    sides = [rows(group, DRAWS if among is None else MANY) for group in groups]
    down, up = ([pair[i] for pair in sides] for i in (0, 1))
    own = [_within(side) for side in down]
    if among is None:
        pairs = zip(_over_specs(down), _over_specs(up), strict=True)
    else:
        more = [_over_many(ps, among) for ps in (own, [_within(side) for side in up])]
        pairs = zip(*more, strict=True)
    return [
        Adjusted(*(_spread(values, side.at, len(group.new)) for values, side in three))
        for group, two, (p, q), alone in zip(groups, sides, pairs, own, strict=True)
        for three in [((p, two[0]), (q, two[1]), (alone, two[0]))]
    ]


def _spread(values: Array, at: Sequence[int], size: int) -> Array:
    flat = np.ones(size)
    flat[at] = values
    return flat


def _within(side: Rows) -> Array:
    """Step-down within a group: p of its striking metrics, for this group alone."""
    order = sorted(range(len(side.p)), key=lambda i: -side.p[i][0])
    running, found = side.rest, np.ones(len(side.p))
    for i in order:
        running = np.minimum(running, side.p[i])
        found[i] = (running <= side.p[i][0] * NEAR).mean()
    return _monotone(found, order)


def _monotone(found: Array, order: Sequence[int]) -> Array:
    """No metric has a smaller p than a more striking one; `order` is from the least striking."""
    largest = 0.0
    for i in reversed(order):
        found[i] = largest = max(largest, float(found[i]))
    return found


def _factor(side: Rows) -> float:
    """What makes one in ten of a group's splits reach a tenth."""
    least = np.sort(side.least)
    place = max(1, int(TENTH * least.size))
    return float(place / least.size / max(least[place - 1], 1e-300))


def _over_specs(sides: Sequence[Rows]) -> list[Array]:
    """Step-down over all groups at once."""
    factors = [_factor(side) for side in sides]
    running = [np.sort(side.rest) for side in sides]
    least = [side.rest for side in sides]
    flat = [(g, i) for g, side in enumerate(sides) for i in range(len(side.p))]
    values = [factors[g] * sides[g].p[i][0] for g, i in flat]
    order = sorted(range(len(flat)), key=lambda j: -values[j])
    found = np.ones(len(flat))
    for j in order:
        g, i = flat[j]
        least[g] = np.minimum(least[g], sides[g].p[i])
        running[g] = np.sort(least[g])
        reached = [
            np.searchsorted(own, values[j] / factor * NEAR, "right") / own.size
            for own, factor in zip(running, factors, strict=True)
        ]
        found[j] = 1 - np.prod(1 - np.array(reached))
    found = _monotone(found, order)
    return [
        np.array([found[j] for j, (g, _) in enumerate(flat) if g == h]) for h in range(len(sides))
    ]


def _over_many(found: Sequence[Array], among: int) -> list[Array]:
    """Holm over specs: each with its least p, those that are not here with 1."""
    least = np.array([p.min(initial=1.0) for p in found])
    factors = np.empty(len(least))
    factors[np.argsort(least, kind="stable")] = among - np.arange(len(least))
    whole = holm(np.concatenate([least, np.ones(max(0, among - len(least)))]))[: len(least)]
    pairs = zip(found, factors, whole, strict=True)
    return [np.minimum(np.maximum(factor * p, step), 1.0) for p, factor, step in pairs]
