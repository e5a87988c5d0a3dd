"""Samples of claims whose truth is known, and how often the rules give a word on them.

Laws have mean 0; but for the last three they have standard deviation 1. The rules themselves are
called, on stacks of samples.
"""

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ae.maths.scores import correlation
from ae.spec import EqualClaim, OrderClaim, PooledClaim, TrendClaim, ValueClaim
from ae.verdict.bounds import Known, Within, decide, mean_of, p_below, pinned
from ae.verdict.comparison import compare, equal_words, order_words
from ae.verdict.looks import looks_of
from ae.verdict.permutation import adjusted_flips, adjusted_splits, holm, superiority
from ae.verdict.pooled import bounds_of
from ae.verdict.trend import sweep, trend_words

Rng = np.random.Generator
Array = np.ndarray
Law = Callable[[Rng, tuple[int, ...]], Array]

LAWS: dict[str, Law] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "uniform": lambda rng, shape: rng.uniform(-1, 1, size=shape) * math.sqrt(3),
    "Student's t with 3 degrees": lambda rng, shape: rng.standard_t(3, size=shape) / math.sqrt(3),
    "exponential": lambda rng, shape: 1 - rng.exponential(size=shape),
    "log-normal": lambda rng, shape: (math.exp(0.5) - np.exp(rng.normal(size=shape))) / 2.16,
    "one seed in twenty collapses": lambda rng, shape: 0.5 - 10.0 * (rng.random(shape) < 0.05),
    "normal, one in twenty collapses": lambda rng, shape: (
        1 - 20.0 * (rng.random(shape) < 0.05) + rng.normal(size=shape)
    ),
    "two values, the median at the edge": lambda rng, shape: np.where(
        rng.random(shape) < 0.5, 1, -1e-9
    ),
}
"""Tails point down, where they make a mean look better than it is; `mirrored` turns them."""

BASE = {
    "id": "c",
    "statement": "s",
    "metric": "m",
    "source": "table 1",
    "status": "read",
    "primary": True,
    "tiers": ("paper",),
    "margin_reason": "half the gap",
}
ORDER = {"kind": "order", "higher": "a", "lower": "b", "margin": 2.0}
FAR = 100.0  # a margin in standard deviations at which both edges do not meet


def share(words: Array, *those: str) -> float:
    return float(np.isin(words, those).mean())


def error_bound(n: int, promised: float = 0.05) -> float:
    """What is promised, and what three standard errors of a simulation of n samples add."""
    return promised + 3 * math.sqrt(promised * (1 - promised) / n)


# --- numbers -----------------------------------------------------------------------------------


def value_words(rng: Rng, n: int, law: Law, seeds: int, *, truth: float, margin: float) -> Array:
    """`truth` is how much better we are than published."""
    d = mean_of(truth + law(rng, (n, seeds)))
    return decide(d.low(), d.high(), margin)


def at_the_edge(rng: Rng, n: int, law: Law, seeds: int) -> float:
    """The larger rate of a wrong word where the truth is the margin itself, tails either way."""
    rates = []
    for turned in (1, -1):
        words = value_words(
            rng, n, lambda r, s, t=turned: t * law(r, s), seeds, truth=-FAR, margin=FAR
        )
        rates += [share(words, "REPRODUCED"), share(words, "SHORT")]
    return max(rates)


def published_words(rng: Rng, n: int, seeds: int, runs: int, truth: float) -> Array:
    """Against the mean of `runs` published runs, whose sd is printed; margin 100."""
    ours, theirs = truth + rng.normal(size=(n, seeds)), rng.normal(size=(n, runs))
    known = Known(theirs.std(1, ddof=1) / math.sqrt(runs), runs - 1)
    d = mean_of(ours - theirs.mean(1)[:, None], known)
    return decide(d.low(), d.high(), FAR)


def pinned_words(rng: Rng, n: int, law: Law, seeds: int, *, truth: float) -> Array:
    """One or two seeds, their spread known from ten; margin 100."""
    sigma = law(rng, (n, 10)).std(1, ddof=1)
    d = pinned(truth + law(rng, (n, seeds)), sigma)
    return decide(d.low(), d.high(), FAR)


def read_words(rng: Rng, n: int, seeds: int, half: float, truth: float) -> Array:
    """Against a reading that is off by at most `half`, uniformly."""
    read = rng.uniform(-half, half, size=n)
    d = mean_of(truth + rng.normal(size=(n, seeds)) - read[:, None], Within(half))
    return decide(d.low(), d.high(), max(FAR, 2 * half))


# --- orders and equality -------------------------------------------------------------------------


def order_stack(
    better: Array, worse: Array, *, margin: float, level: float = 0.05, material: float = 0.5
) -> Array:
    found = compare(better, worse, paired=better.shape[-1] >= 5)
    return order_words(found, found.p, margin=margin, material=material * margin, level=level)


def constant_arm(rng: Rng, n: int, law: Law, seeds: int, *, truth: float, margin: float) -> Array:
    """An order of a run against one that gives the same number for every seed."""
    return order_stack(truth + law(rng, (n, seeds)), np.zeros((n, seeds)), margin=margin)


def arms(rng: Rng, n: int, seeds: int, effect: float, rho: float = 0.0) -> tuple[Array, Array]:
    """Two arms whose seeds correlate with each other's by rho, the first better by `effect`."""
    common = math.sqrt(rho) * rng.normal(size=(n, seeds))
    noise = math.sqrt(1 - rho) * rng.normal(size=(2, n, seeds))
    return effect + common + noise[0], common + noise[1]


def alike_within(rng: Rng, n: int, seeds: int, effect: float, rho: float) -> tuple[Array, Array]:
    """Two arms in each of which the seeds have a part in common, a share rho of their variance."""
    noise = math.sqrt(1 - rho) * rng.normal(size=(2, n, seeds))
    own = math.sqrt(rho) * rng.normal(size=(2, n, 1))
    return effect + noise[0] + own[0], noise[1] + own[1]


def equal_stack(first: Array, second: Array, *, margin: float, level: float = 0.05) -> Array:
    found = compare(first, second, paired=first.shape[-1] >= 5)
    return equal_words(found, np.zeros(1), margin=margin, level=level)


def under_many_names(rng: Rng, n: int, seeds: int, metrics: int, rho: float) -> float:
    """How often any of many orders of one pair is REPRODUCED where none is true."""
    wrong = 0
    for _ in range(n):
        shared = math.sqrt(rho) * rng.normal(size=(2, 1, seeds))
        a, b = shared + math.sqrt(1 - rho) * rng.normal(size=(2, metrics, seeds))
        paired = seeds >= 5
        found = compare(a, b, paired=paired)
        p = adjusted_flips(a - b) if paired else adjusted_splits(a, b)
        p = np.maximum(p, found.p)
        clear = superiority(a, b) >= 0.75
        wrong += bool(((p <= 0.05 + 1e-12) & clear & (found.advantage.low() > 0)).any())
    return wrong / n


# --- trends ------------------------------------------------------------------------------------------


def trend_stack(y: Array, *, margin: float, level: float = 0.05, material: float = 0.5) -> Array:
    found = sweep(y)
    return trend_words(found, found.p, margin=margin, material=material * margin, level=level)


def sweeps(rng: Rng, n: int, law: Law, seeds: int, profile: Sequence[float]) -> Array:
    return np.array(profile) + law(rng, (n, seeds, len(profile)))


def steps(sizes: Sequence[float]) -> list[float]:
    """The means of a sweep with these steps."""
    return [0.0, *np.cumsum(sizes).tolist()]


# --- pooled statistics ---------------------------------------------------------------------------

GROUPS = (("a", "b"), ("c", "d"), ("e", "f"))
EFFECTS = np.array([-1.0, -0.4, 0.2, 0.1, 0.9, 0.6])


def pooled_claim(statistic: str, bound: float) -> PooledClaim:
    keys = {k: v for k, v in BASE.items() if k != "margin_reason"}
    return PooledClaim(
        **keys, kind="pooled", statistic=statistic, groups=GROUPS, sense="above", bound=bound,
        bound_reason="r", others=("o",) if statistic == "correlation" else (),
    )  # fmt: skip


def scores(rng: Rng, law: Law, seeds: int, effects: Array, common: float) -> Array:
    """(seeds, runs): a share `common` of the variance is what the runs of a seed have in common."""
    own, shared = law(rng, (seeds, effects.size)), law(rng, (seeds, 1))
    return effects + math.sqrt(1 - common) * own + math.sqrt(common) * shared


def share_explained(strength: float) -> tuple[Array, float]:
    """Effects of six runs in three groups, and the true share of the variance in percent."""
    effects = strength * EFFECTS
    between = np.repeat(effects.reshape(3, 2).mean(1), 2)
    return effects, 100 * float(between.var() / (effects.var() + 1))


def true_chance(law: Law, effects: Array, common: float) -> float:
    """The best group's least chance to beat another, in percent, from many seeds."""
    rng = np.random.default_rng(0)
    y = scores(rng, law, 4000, effects, common)
    other = y[rng.permutation(len(y))]
    columns = [slice(0, 2), slice(2, 4), slice(4, 6)]
    chances = np.array(
        [
            [2.0 if i == j else _beats(y[:, a], other[:, b]) for j, b in enumerate(columns)]
            for i, a in enumerate(columns)
        ]
    )
    return 100 * float(chances.min(1).max())


def _beats(one: Array, other: Array) -> float:
    ranked = np.sort(other.ravel())
    return float(np.searchsorted(ranked, one.ravel()).mean() / ranked.size)


def sides(claim: PooledClaim, tables: Iterable[Array], level: float = 0.05) -> Array:
    """The words on (metric, seed, run) tables, by the bounds alone."""
    found = []
    for table in tables:
        bounds = bounds_of(claim, table)
        assert bounds is not None
        above, below = bounds.low(level) > claim.bound, bounds.high(level) < claim.bound
        found.append("REPRODUCED" if above else "SHORT" if below else "INCONCLUSIVE")
    return np.array(found)


@functools.cache
def at_the_bound(n: int, statistic: str, name: str, seeds: int, strength: float, common: float) -> dict[str, float]:  # fmt: skip
    """Rates of "above" (REPRODUCED) and "below" (SHORT) of a statistic at its very bound."""
    rng, law = np.random.default_rng([n, seeds, int(10 * strength), int(10 * common)]), LAWS[name]
    effects, truth = share_explained(strength)
    if statistic == "dominance":
        truth = true_chance(law, effects, common)
    if statistic == "mean":
        truth = float(effects.mean())
    tables = (scores(rng, law, seeds, effects, common)[None] for _ in range(n))
    found = sides(pooled_claim(statistic, truth), tables)
    return {"above": share(found, "REPRODUCED"), "below": share(found, "SHORT")}


def two_scores(rng: Rng, law: Law, seeds: int, rho: float, common: float) -> Array:
    """(metric, seed, run): two scores of the same runs."""
    first = scores(rng, law, seeds, 0.3 * np.arange(6), common)
    other = scores(rng, law, seeds, np.zeros(6), common)
    return np.stack([first, rho * first + math.sqrt(1 - rho**2) * other])


@functools.cache
def correlation_at_the_bound(n: int, name: str, seeds: int, rho: float, common: float) -> dict[str, float]:  # fmt: skip
    """The same of a correlation."""
    rng, law = np.random.default_rng([n, seeds, int(10 * rho), int(10 * common)]), LAWS[name]
    many = two_scores(np.random.default_rng(0), law, 20_000, rho, common)
    claim = pooled_claim("correlation", correlation(many[0], [many[1]]))
    found = sides(claim, (two_scores(rng, law, seeds, rho, common) for _ in range(n)))
    return {"above": share(found, "REPRODUCED"), "below": share(found, "SHORT")}


# --- looks ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Looked:
    """The words after all looks, and how many seeds each sample took."""

    words: Array
    seeds: Array


def looked(claim: object, at: Sequence[int], words_at: Callable[[int, float], Array]) -> Looked:
    """Words of stacks that are looked at until they are decided."""
    found, used = None, None
    for look in looks_of(claim, at):
        now = None if look.level is None else words_at(look.seeds, look.level)
        if found is None:
            n = len(words_at(at[-1], 0.05))
            found, used = np.full(n, "INCONCLUSIVE", dtype="<U12"), np.zeros(n, dtype=int)
        undecided = np.isin(found, ("INCONCLUSIVE", "SMALLER"))
        if now is not None:
            found = np.where(undecided, now, found)
        used = np.where(undecided, look.seeds, used)
    return Looked(found, used)


def value_claim() -> ValueClaim:
    return ValueClaim(
        **BASE, kind="value", run="a", printed="0.000000000000", margin=1.0,
        spread={"kind": "none"},
    )  # fmt: skip


def order_claim() -> OrderClaim:
    return OrderClaim(**BASE | ORDER)


def trend_claim(runs: int) -> TrendClaim:
    return TrendClaim(**BASE, kind="trend", runs=tuple("abcdefgh"[:runs]), moves="up", margin=1.0)


EQUAL = EqualClaim(**BASE, kind="equal", runs=("a", "b"), margin=1.0)

__all__ = ["decide", "holm", "mean_of", "p_below"]
