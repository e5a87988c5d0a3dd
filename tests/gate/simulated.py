"""Whole suites of which it is known what changed: drawn from the seeds of the real baselines.

Each spec of a simulated suite has the metrics of a real baseline, as many seeds, and their joint law:
its seeds are drawn anew, with a little noise, and rescaled to the spread that they have. Half of the
specs are mirrored. A real baseline serves for several specs of the forty.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ae.gate.baseline import read
from ae.verdict.family import _factor, _within
from ae.verdict.movement import FIRST, MOVED, SECOND, SINGLY, SUSPECT
from ae.verdict.result import ALPHA
from ae.verdict.shift import exact
from ae.verdict.single import agreeing, outlying
from ae.verdict.splits import Group, Rows, alone, choices, rows

SPECS = 40
FEW, MORE = 3, 4
CLEAN = 10
SOME = 4000  # splits of a second look
NOISE = 0.3  # of a seed that is drawn, in spreads
Array = np.ndarray


def laws(folder: Path) -> list[Array]:
    """(metrics, seeds) of each baseline, standardised; without metrics that are one number."""
    found = []
    for path in sorted(folder.glob("*.json")):
        values = np.array([v for run in read(path).runs for v in run.metrics.values()])
        values = values[np.isfinite(values).all(1)]
        values = values[~exact(values) & (np.ptp(values, axis=1) > 0)]
        centred = values - values.mean(1, keepdims=True)
        found.append(centred / values.std(1, keepdims=True))
    return found


def drawn(rng: np.random.Generator, law: Array, seeds: int) -> Array:
    """So many new seeds of a spec, (metrics, seeds); each metric has spread 1."""
    chosen = law[:, rng.integers(law.shape[1], size=seeds)]
    rough = chosen + NOISE * rng.normal(size=chosen.shape)
    return rng.choice((-1.0, 1.0)) * rough / math.sqrt(1 + NOISE**2)


@dataclass(frozen=True)
class Seen:
    """What the gate sees of a spec: p of its own in both looks, scaled p of the first; single seeds.

    `least` are the scaled p of all splits in order, `true` that of the true one. `later` is 1 where
    the first look leaves no doubt.
    """

    least: Array
    true: float
    own: float
    later: float
    single: float


def seen(rng: np.random.Generator, law: Array, moved: Array | None = None) -> Seen:
    """A simulated spec; `moved` (metrics,) is how far each has got worse, in spreads."""
    n = law.shape[1]
    x = drawn(rng, law, n + FEW + MORE)
    if moved is not None:
        x[:, n:] -= moved[:, None]
    first = _group(x[:, : n + FEW], n)
    side, _ = rows(first)
    lone = outlying(first.baseline, first.new, first.scale).min()
    alike = agreeing(first.baseline, first.new).min()
    own = _least(side)
    later = 1.0
    if own <= SUSPECT:
        later = _of_some(rng, _group(x, n))
    least, factor = np.sort(side.least), _factor(side)
    return Seen(factor * least, factor * side.least[0], own, later, float(min(lone, alike)))


def _group(x: Array, n: int) -> Group:
    zero = np.zeros(len(x))
    return Group(x[:, :n], x[:, n:], zero, zero)


def _least(side: Rows) -> float:
    return float(_within(side).min(initial=1.0))


def _of_some(rng: np.random.Generator, group: Group) -> float:
    """A spec's own p by some of the splits that the gate takes, the true one among them."""
    chosen = choices(group.baseline.shape[1], group.new.shape[1])
    some = chosen[np.append(0, rng.integers(1, len(chosen), size=SOME))]
    least = alone(group, some)[0].min(0)
    return float((least <= least[0] * (1 + 1e-9)).mean())


def found(suite: list[Seen], metrics: int, which: int | None = None) -> tuple[bool, bool]:
    """Whether a suite is red, or one of its specs is: in one look, and in two."""
    chosen = suite if which is None else [suite[which]]
    true = min(one.true for one in chosen)
    reached = [np.searchsorted(s.least, true * (1 + 1e-9), "right") / s.least.size for s in suite]
    p = 1 - np.prod(1 - np.array(reached))
    single = min(one.single for one in chosen) * metrics <= SINGLY * ALPHA
    later = min(one.later for one in chosen) * len(suite) <= SECOND * MOVED * ALPHA
    return bool(p <= MOVED * ALPHA or single), bool(p <= FIRST * MOVED * ALPHA or single or later)


def _picked(
    rng: np.random.Generator, drawn_specs: list[list[Seen]], kinds: list[int]
) -> list[Seen]:
    """A suite; the specs of one law are different ones."""
    count = len(drawn_specs[0])
    places = {i: list(rng.permutation(count)) for i in set(kinds)}
    return [drawn_specs[i][places[i].pop() % count] for i in kinds]


@dataclass(frozen=True)
class Rates:
    """How often a clean suite is red, and how often a moved metric is found: one look, two looks."""

    alarms: tuple[float, float]
    one: tuple[float, float]
    several: tuple[float, float]
    doubtful: float


def rates(folder: Path, draws: int, runs: int, spreads: float = 4.0) -> Rates:
    """Rates over `runs` suites, each of specs that are drawn from `draws` of each baseline.

    In the suites that changed, one metric of one spec moved; or every metric of one spec. There are
    ten times as many clean ones.
    """
    rng = np.random.default_rng(draws)
    known = laws(folder)
    clean = [[seen(rng, law) for _ in range(draws)] for law in known]
    metrics = SPECS * sum(map(len, known)) // len(known)
    hits = np.zeros((3, 2))
    kinds = [i % len(known) for i in range(SPECS)]
    for _ in range(CLEAN * runs):
        hits[0] += np.array(found(_picked(rng, clean, kinds), metrics)) / CLEAN
    for run in range(runs):
        suite = _picked(rng, clean, kinds)
        place = run % len(known)
        law = known[place]
        one = spreads * (np.arange(len(law)) == rng.integers(len(law)))
        for row, moved in ((1, one), (2, np.full(len(law), spreads))):
            changed = [*suite[:place], seen(rng, law, moved), *suite[place + 1 :]]
            hits[row] += found(changed, metrics, place)
    doubtful = np.mean([s.own <= SUSPECT for own in clean for s in own])
    three = [(float(a), float(b)) for a, b in hits / runs]
    return Rates(three[0], three[1], three[2], float(doubtful))
