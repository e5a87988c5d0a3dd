"""How often the rules are wrong, and how often they decide: the promises of the verdict rule.

Every row of `RATES` is a row of the tables in `docs/verdicts.md`: a claim whose truth is known, a law of
the seeds, a word, how often it may come, and how often it does. By default with few samples: the
promise holds, and the number in the page is right within its sampling error. With

    pytest tests/verdict/test_rates.py -m slow -s

at full size, and the rows are printed as they stand in the page.
"""

import functools
import math
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import simulation as sim
from project import ROOT
from simulation import FAR, LAWS, Rng, share

from ae.verdict import verdict_equal, verdict_order, verdict_pooled, verdict_trend, verdict_value
from ae.verdict.comparison import Arms

PAGE = ROOT / "docs" / "verdicts.md"
FULL = 10  # times as many samples
STACK = 4000  # samples by default, of a rule on stacks
LOOP = 150  # of one that is called again and again
HEAVY = ("log-normal", "one seed in twenty collapses", "normal, one in twenty collapses")
MEDIAN = "two values, the median at the edge"


@dataclass(frozen=True)
class Rate:
    """A row: how often a word comes, and how often it may; None: that is not promised."""

    claim: str
    seeds: str
    case: str
    word: str
    promised: float | None
    run: Callable[[Rng, int], float]
    n: int = STACK

    def measured(self, times: int = 1) -> float:
        """The rate over `times` as many samples."""
        rng = np.random.default_rng([times, zlib.crc32(self.key.encode())])
        return self.run(rng, times * self.n)

    @property
    def key(self) -> str:
        """The row without its numbers."""
        return f"| {self.claim} | {self.seeds} | {self.case} | {self.word} |"

    def row(self, rate: float) -> str:
        """The row as it stands in the page."""
        promised = "not" if self.promised is None else f"{self.promised:.3g}"
        return f"{self.key} {promised} | {rate:.3f} |"


def _numbers() -> list[Rate]:
    found = []
    for name, law in LAWS.items():
        if name == MEDIAN:
            continue
        for seeds in (3, 5, 7, 10):
            promised = None if name in HEAVY else 0.05
            run = functools.partial(sim.at_the_edge, law=law, seeds=seeds)
            found.append(
                Rate("value", str(seeds), f"{name}; at the margin", "wrong", promised, run)
            )
    for seeds in (3, 4, 5):
        run = functools.partial(_median, law=LAWS[MEDIAN], seeds=seeds)
        found.append(Rate("value", str(seeds), MEDIAN, "REPRODUCED", 0.5**seeds, run))
    for seeds, runs in ((3, 3), (3, 5), (5, 3), (10, 2), (10, 10)):
        for word in ("REPRODUCED", "SHORT"):
            found.append(
                Rate(
                    "value",
                    str(seeds),
                    f"normal; sd over {runs} published runs; at the margin",
                    word,
                    0.05,
                    lambda rng, n, k=seeds, r=runs, w=word: share(
                        sim.published_words(rng, n, k, r, -FAR), w
                    ),
                )
            )
    for seeds in (1, 2):
        for name in ("normal", "exponential"):
            for word in ("REPRODUCED", "SHORT"):
                found.append(
                    Rate(
                        "value",
                        str(seeds),
                        f"{name}; sigma_pin of ten; at the margin",
                        word,
                        0.05,
                        lambda rng, n, k=seeds, law=LAWS[name], w=word: share(
                            sim.pinned_words(rng, n, law, k, truth=-FAR), w
                        ),
                    )
                )
    for seeds, half in ((3, 0.4), (5, 1.0), (5, 3.0)):
        for word in ("REPRODUCED", "SHORT"):
            found.append(
                Rate(
                    "figure",
                    str(seeds),
                    f"normal; read to {half:g} sd; at the margin",
                    word,
                    0.05,
                    lambda rng, n, k=seeds, h=half, w=word: share(
                        sim.read_words(rng, n, k, h, -FAR), w
                    ),
                )
            )
    for seeds, margin in ((3, 4.0), (3, 8.0), (5, 2.0), (5, 3.0), (5, 4.0), (7, 2.0), (10, 2.0)):
        found.append(
            Rate(
                "value",
                str(seeds),
                f"normal; equal to the published; margin {margin:g} sd",
                "REPRODUCED",
                None,
                lambda rng, n, k=seeds, m=margin: share(
                    sim.value_words(rng, n, LAWS["normal"], k, truth=0.0, margin=m), "REPRODUCED"
                ),
            )
        )
    return found


def _median(rng: Rng, n: int, *, law: sim.Law, seeds: int) -> float:
    """Half of the seeds lie at the edge, where the claim is wrong, half beyond it."""
    words = sim.value_words(rng, n, law, seeds, truth=-FAR, margin=FAR)
    return share(words, "REPRODUCED")


def _orders() -> list[Rate]:
    found = []
    for name in ("normal", "exponential", "log-normal", "one seed in twenty collapses"):
        for seeds in (3, 5, 8):
            promised = 0.05 if name in ("normal", "exponential") else None
            law = LAWS[name]
            found += [
                Rate(
                    "order",
                    str(seeds),
                    f"{name} against a constant; of material size",
                    "REPRODUCED",
                    promised,
                    lambda rng, n, k=seeds, f=law: share(
                        sim.constant_arm(rng, n, f, k, truth=1.0, margin=2.0), "REPRODUCED"
                    ),
                ),
                Rate(
                    "order",
                    str(seeds),
                    f"{name} against a constant; no difference",
                    "REPRODUCED or SMALLER",
                    promised,
                    lambda rng, n, k=seeds, f=law: share(
                        sim.constant_arm(rng, n, f, k, truth=0.0, margin=1e-6),
                        "REPRODUCED",
                        "SMALLER",
                    ),
                ),
            ]
    for seeds in (5, 6, 8, 10):
        found.append(
            Rate(
                "order",
                str(seeds),
                f"{MEDIAN}, against a constant",
                "REPRODUCED",
                0.05,
                lambda rng, n, k=seeds: share(
                    sim.constant_arm(rng, n, LAWS[MEDIAN], k, truth=1.0, margin=2.0), "REPRODUCED"
                ),
            )
        )
    for seeds, rho in ((3, 0.0), (4, 0.0), (5, 0.0), (5, 0.6), (10, 0.0)):
        case = f"normal, arms correlate {rho:g}"
        found += [
            Rate(
                "order",
                str(seeds),
                f"{case}; of material size",
                "REPRODUCED",
                0.05,
                lambda rng, n, k=seeds, r=rho: share(
                    sim.order_stack(*sim.arms(rng, n, k, 1.0, r), margin=2.0), "REPRODUCED"
                ),
            ),
            Rate(
                "order",
                str(seeds),
                f"{case}; as large as the margin, 4 sd",
                "SHORT",
                0.05,
                lambda rng, n, k=seeds, r=rho: share(
                    sim.order_stack(*sim.arms(rng, n, k, 4.0, r), margin=4.0), "SHORT"
                ),
            ),
        ]
    for seeds, rho, margin in ((5, 0.1, 1e-6), (5, 0.3, 1e-6), (5, 0.5, 1e-6), (5, 0.5, 2.0), (10, 0.3, 1e-6), (10, 0.3, 2.0)):  # fmt: skip
        size = "none is needed" if margin < 1 else "one sd is"
        found.append(
            Rate(
                "order",
                str(seeds),
                f"seeds of an arm correlate {rho:g}; no difference, {size}",
                "REPRODUCED",
                0.05 if seeds == 5 and rho <= 0.3 else None,
                lambda rng, n, k=seeds, r=rho, m=margin: share(
                    sim.order_stack(*sim.alike_within(rng, n, k, 0.0, r), margin=m), "REPRODUCED"
                ),
            )
        )
    for seeds, effect, rho in ((5, 2.0, 0.0), (5, 4.0, 0.0), (5, 2.0, 0.9), (8, 2.0, 0.0), (10, 2.0, 0.0)):  # fmt: skip
        found.append(
            Rate(
                "order",
                str(seeds),
                f"normal, arms correlate {rho:g}; {effect:g} sd apart, margin 1 sd",
                "REPRODUCED",
                None,
                lambda rng, n, k=seeds, e=effect, r=rho: share(
                    sim.order_stack(*sim.arms(rng, n, k, e, r), margin=1.0), "REPRODUCED"
                ),
            )
        )
    return found


def _families() -> list[Rate]:
    return [
        Rate(
            "order",
            str(seeds),
            f"{metrics} metrics of one pair, which correlate {rho:g}; no difference",
            "any REPRODUCED or SMALLER",
            0.05,
            functools.partial(sim.under_many_names, seeds=seeds, metrics=metrics, rho=rho),
            n=1000,
        )
        for seeds, metrics, rho in ((4, 4, 0.0), (5, 4, 0.0), (5, 8, 0.0), (8, 8, 0.0), (8, 8, 0.8))
    ]


def _equalities() -> list[Rate]:
    found = []
    for name in ("normal", "exponential"):
        for seeds in (3, 5, 10):
            law = LAWS[name]
            for word in ("REPRODUCED", "SHORT"):
                found.append(
                    Rate(
                        "equal",
                        str(seeds),
                        f"{name} against a constant; as far apart as the margin",
                        word,
                        0.05,
                        lambda rng, n, k=seeds, f=law, w=word: max(
                            share(
                                sim.equal_stack(
                                    t * FAR + f(rng, (n, k)), np.zeros((n, k)), margin=FAR
                                ),
                                w,
                            )
                            for t in (1, -1)
                        ),
                    )
                )
    for seeds, margin in ((5, 4.0), (5, 6.0), (10, 2.0)):
        found.append(
            Rate(
                "equal",
                str(seeds),
                f"normal, arms correlate 0; equal; margin {margin:g} sd",
                "REPRODUCED",
                None,
                lambda rng, n, k=seeds, m=margin: share(
                    sim.equal_stack(*sim.arms(rng, n, k, 0.0), margin=m), "REPRODUCED"
                ),
            )
        )
    return found


def _trend(rng: Rng, n: int, law: str, seeds: int, sizes: tuple[float, ...], margin: float, *words: str) -> float:  # fmt: skip
    y = sim.sweeps(rng, n, LAWS[law], seeds, sim.steps(sizes))
    return share(sim.trend_stack(y, margin=margin), *words)


def _trends() -> list[Rate]:
    cases = [
        (3, "normal", (8.0, 0.5, 8.0), 1.0, "one step of material size", "REPRODUCED", 0.05),
        (5, "normal", (8.0, 0.5, 8.0), 1.0, "one step of material size", "REPRODUCED", 0.05),
        (5, "exponential", (8.0, 0.5, 8.0), 1.0, "one step of material size", "REPRODUCED", 0.05),
        (5, "normal", (0.0, 8.0), 1e-6, "A = B < C, no margin", "REPRODUCED", 0.05),
        (5, "normal", (0.0, 8.0), 1.0, "A = B < C, margin 1 sd", "REPRODUCED", 0.05),
        (5, "normal", (0.0,) * 3, 1e-6, "flat", "REPRODUCED or SMALLER", 0.05),
        (3, "normal", (0.0,) * 3, 1e-6, "flat", "REPRODUCED or SMALLER", 0.05),
        (3, "normal", (16.0, -2.0, 16.0), 2.0, "one step back of the margin, 2 sd", "SHORT", 0.05),
        (5, "normal", (16.0, -2.0, 16.0), 2.0, "one step back of the margin, 2 sd", "SHORT", 0.05),
        (5, "exponential", (16.0, -2.0, 16.0), 2.0, "one step back of the margin, 2 sd", "SHORT", 0.05),
        (5, "normal", (1.0,) * 4, 4.0, "as large in all as the margin, 4 sd", "SHORT", 0.05),
        (5, "normal", (4.0,) * 3, 1.0, "steps of 4 sd, margin 1 sd", "REPRODUCED", None),
        (5, "normal", (2.0,) * 3, 1.0, "steps of 2 sd, margin 1 sd", "REPRODUCED", None),
        (10, "normal", (2.0,) * 3, 1.0, "steps of 2 sd, margin 1 sd", "REPRODUCED", None),
    ]  # fmt: skip
    return [
        Rate(
            "trend",
            str(seeds),
            f"{law}; {case}",
            word,
            promised,
            lambda rng, n, a=(law, seeds, sizes, margin), w=word: _trend(
                rng, n, *a, *w.split(" or ")
            ),
            n=1000,
        )
        for seeds, law, sizes, margin, case, word, promised in cases
    ]


def _pooled() -> list[Rate]:
    found = []
    for statistic, seeds, name, strength, common, promised in (
        ("mean", 5, "normal", 1.5, 0.5, 0.05),
        ("mean", 5, "exponential", 1.5, 0.9, 0.05),
        ("explained", 5, "normal", 1.5, 0.0, 0.05),
        ("explained", 5, "normal", 1.5, 0.9, 0.05),
        ("explained", 10, "normal", 0.6, 0.5, 0.05),
        ("explained", 10, "normal", 4.0, 0.9, 0.05),
        ("explained", 10, "exponential", 1.5, 0.0, 0.05),
        ("explained", 10, "exponential", 1.5, 0.9, None),
        ("explained", 20, "exponential", 1.5, 0.9, None),
        ("dominance", 5, "normal", 0.6, 0.0, 0.05),
        ("dominance", 5, "exponential", 1.5, 0.9, 0.05),
        ("dominance", 10, "normal", 0.6, 0.0, 0.05),
        ("dominance", 10, "normal", 1.5, 0.9, 0.05),
        ("dominance", 20, "normal", 1.5, 0.5, 0.05),
    ):
        for side in ("above", "below"):
            found.append(
                Rate(
                    f"pooled, {statistic}",
                    str(seeds),
                    f"{name}, strength {strength:g}, common share {common:g}; at the bound",
                    side,
                    0.05 if side == "below" else promised,
                    lambda _, n, a=(statistic, name, seeds, strength, common), s=side: (
                        sim.at_the_bound(n, *a)[s]
                    ),
                    n=LOOP,
                )
            )
    for seeds, name, rho, common in ((5, "normal", 0.5, 0.9), (5, "exponential", 0.0, 0.9), (10, "normal", 0.5, 0.0)):  # fmt: skip
        for side in ("above", "below"):
            found.append(
                Rate(
                    "pooled, correlation",
                    str(seeds),
                    f"{name}, correlation {rho:g}, common share {common:g}; at the bound",
                    side,
                    0.05,
                    lambda _, n, a=(name, seeds, rho, common), s=side: sim.correlation_at_the_bound(
                        n, *a
                    )[s],
                    n=LOOP,
                )
            )
    return found


def _looked_value(rng: Rng, n: int, law: str, at: tuple[int, ...], truth: float, margin: float) -> sim.Looked:  # fmt: skip
    x = truth + LAWS[law](rng, (n, at[-1]))

    def words(seeds: int, level: float) -> np.ndarray:
        d = sim.mean_of(x[:, :seeds])
        return sim.decide(d.low(level), d.high(level), margin)

    return sim.looked(sim.value_claim(), at, words)


def _looked_order(rng: Rng, n: int, at: tuple[int, ...], effect: float, margin: float) -> sim.Looked:  # fmt: skip
    a, b = sim.arms(rng, n, at[-1], effect)
    return sim.looked(
        sim.order_claim(),
        at,
        lambda k, level: sim.order_stack(a[:, :k], b[:, :k], margin=margin, level=level),
    )


def _looked_equal(rng: Rng, n: int, at: tuple[int, ...], effect: float, margin: float) -> sim.Looked:  # fmt: skip
    a, b = sim.arms(rng, n, at[-1], effect)
    return sim.looked(
        sim.EQUAL,
        at,
        lambda k, level: sim.equal_stack(a[:, :k], b[:, :k], margin=margin, level=level),
    )


def _looked_trend(rng: Rng, n: int, at: tuple[int, ...], sizes: tuple[float, ...], margin: float) -> sim.Looked:  # fmt: skip
    y = sim.sweeps(rng, n, LAWS["normal"], at[-1], sim.steps(sizes))
    return sim.looked(
        sim.trend_claim(len(sizes) + 1),
        at,
        lambda k, level: sim.trend_stack(y[:, :k], margin=margin, level=level),
    )


def _looked_pooled(rng: Rng, n: int, at: tuple[int, ...], common: float) -> sim.Looked:
    effects, truth = sim.share_explained(1.5)
    claim = sim.pooled_claim("explained", truth)
    y = np.array([sim.scores(rng, LAWS["normal"], at[-1], effects, common) for _ in range(n)])

    def words(seeds: int, level: float) -> np.ndarray:
        return sim.sides(claim, y[:, None, :seeds], level)

    return sim.looked(claim, at, words)


def _looks() -> list[Rate]:
    found = []

    def add(claim: str, at: tuple[int, ...], case: str, word: str, promised: float | None, run: Callable[[Rng, int], sim.Looked], n: int = STACK) -> None:  # fmt: skip
        seen = ", ".join(map(str, at))
        found.append(
            Rate(
                claim,
                f"looks {seen}",
                case,
                word,
                promised,
                lambda rng, size: share(run(rng, size).words, *word.split(" or ")),
                n=n,
            )
        )

    for at in ((3, 5, 10), (5, 10)):
        for law in ("normal", "exponential"):
            for word in ("REPRODUCED", "SHORT"):
                add("value", at, f"{law}; at the margin", word, 0.05,
                    lambda rng, n, a=at, f=law: _looked_value(rng, n, f, a, -FAR, FAR))  # fmt: skip
        add("order", at, "normal; of material size", "REPRODUCED", 0.05,
            lambda rng, n, a=at: _looked_order(rng, n, a, 1.0, 2.0))  # fmt: skip
        add("order", at, "normal; no difference", "REPRODUCED or SMALLER", 0.05,
            lambda rng, n, a=at: _looked_order(rng, n, a, 0.0, 1e-6))  # fmt: skip
        add("order", at, "normal; as large as the margin, 4 sd", "SHORT", 0.05,
            lambda rng, n, a=at: _looked_order(rng, n, a, 4.0, 4.0))  # fmt: skip
        for word in ("REPRODUCED", "SHORT"):
            add("equal", at, "normal; as far apart as the margin, 6 sd", word, 0.05,
                lambda rng, n, a=at: _looked_equal(rng, n, a, 6.0, 6.0))  # fmt: skip
        add("trend", at, "normal; one step of material size", "REPRODUCED", 0.05,
            lambda rng, n, a=at: _looked_trend(rng, n, a, (8.0, 0.5, 8.0), 1.0), 1000)  # fmt: skip
        add("trend", at, "normal; one step back of the margin, 2 sd", "SHORT", 0.05,
            lambda rng, n, a=at: _looked_trend(rng, n, a, (16.0, -2.0, 16.0), 2.0), 1000)  # fmt: skip
    for word in ("REPRODUCED", "SHORT"):
        add("pooled, explained", (5, 10), "normal, common share 0.5; at the bound", word, 0.05,
            lambda rng, n: _looked_pooled(rng, n, (5, 10), 0.5), LOOP)  # fmt: skip
    add("value", (3, 5, 10), "normal; equal to the published; margin 3 sd", "REPRODUCED", None,
        lambda rng, n: _looked_value(rng, n, "normal", (3, 5, 10), 0.0, 3.0))  # fmt: skip
    add("order", (3, 5, 10), "normal; 3 sd apart, margin 1 sd", "REPRODUCED", None,
        lambda rng, n: _looked_order(rng, n, (3, 5, 10), 3.0, 1.0))  # fmt: skip
    return found


def _headline(rng: Rng, n: int, size: int) -> float:
    d = sim.mean_of(rng.normal(size=(n * size, 5)) - FAR)
    p = sim.p_below(d, -FAR).reshape(n, size)
    return float((sim.holm(p) <= 0.05).any(-1).mean())


def _headlines() -> list[Rate]:
    return [
        Rate(
            "headline",
            "5",
            f"normal; {size} primary claims, all at their margins",
            "SHORT",
            0.05,
            functools.partial(_headline, size=size),
            n=1000,
        )
        for size in (2, 5)
    ]


RATES = [
    *_numbers(),
    *_orders(),
    *_families(),
    *_equalities(),
    *_trends(),
    *_pooled(),
    *_looks(),
    *_headlines(),
]


@functools.cache
def _in_the_page() -> dict[str, tuple[str, float]]:
    found = {}
    for line in PAGE.read_text().splitlines():
        if match := re.fullmatch(r"((?:\| [^|]+ ){4}\|) (not|[\d.]+) \| ([\d.]+) \|", line):
            found[match[1]] = match[2], float(match[3])
    return found


def near(measured: float, shown: float, n: int, full: int) -> bool:
    """Whether two rates agree within four standard errors and the rounding."""
    q = min(max(shown, 3 / n), 1 - 3 / n)
    return abs(measured - shown) < 0.001 + 4 * math.sqrt(q * (1 - q) * (1 / n + 1 / full))


def check(rate: Rate, measured: float, times: int) -> None:
    n = times * rate.n
    if rate.promised is not None:
        assert measured <= sim.error_bound(n, rate.promised), rate.row(measured)
    promised, shown = _in_the_page()[rate.key]
    assert promised == ("not" if rate.promised is None else f"{rate.promised:.3g}"), rate.key
    assert near(measured, shown, n, FULL * rate.n), rate.row(measured)


@pytest.mark.parametrize("rate", RATES, ids=lambda r: f"{r.claim}-{r.seeds}-{r.case}-{r.word}")
def test_a_rate_is_what_the_page_says(rate: Rate) -> None:
    check(rate, rate.measured(), 1)


def test_the_page_has_no_other_rows() -> None:
    assert len({r.key for r in RATES}) == len(RATES)
    assert set(_in_the_page()) == {r.key for r in RATES}


def test_stacks_and_public_functions_give_the_same_words() -> None:
    rng = np.random.default_rng(8)
    truth = np.repeat([-4.0, -1.5, 0.0, 1.5, 4.0], 40)
    a = truth[:, None] + 0.5 * rng.normal(size=(truth.size, 5))
    b = 0.5 * rng.normal(size=(truth.size, 5))
    y = truth[:, None, None] * np.arange(4) + 0.5 * rng.normal(size=(truth.size, 5, 4))
    tables = truth[:, None, None, None] + rng.normal(size=(truth.size, 1, 6, 6))
    d = sim.mean_of(a)
    stacked = [
        sim.decide(d.low(), d.high(), 1.0),
        sim.order_stack(a, b, margin=2.0),
        sim.equal_stack(a, b, margin=2.0),
        sim.trend_stack(y, margin=1.0),
        sim.sides(sim.pooled_claim("mean", 0.0), tables),
    ]
    value, order = sim.value_claim(), sim.order_claim()
    equal, trend = sim.EQUAL.model_copy(update={"margin": 2.0}), sim.trend_claim(4)
    single = [
        [verdict_value(value, x, sign=1).word for x in a],
        [verdict_order(order, Arms(*x), sign=1).word for x in zip(a, b, strict=True)],
        [verdict_equal(equal, Arms(*x), sign=1).word for x in zip(a, b, strict=True)],
        [verdict_trend(trend, x).word for x in y],
        [verdict_pooled(sim.pooled_claim("mean", 0.0), x).word for x in tables],
    ]
    for one, other in zip(stacked, single, strict=True):
        assert one.tolist() == other
        assert {"REPRODUCED", "SHORT", "INCONCLUSIVE"} <= set(other)


@pytest.mark.nightly
def test_the_rates_at_full_size() -> None:
    """Prints the tables of the page."""
    found = [(rate, rate.measured(FULL)) for rate in RATES]
    print("\n" + "\n".join(rate.row(measured) for rate, measured in found))
    for rate, measured in found:
        check(rate, measured, FULL)
