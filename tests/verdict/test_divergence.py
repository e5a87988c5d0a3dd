"""NaN never helps: no value that is lost makes a word better, of any kind, in any record."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
from claims import (
    FIVE,
    equal_claim,
    exact_claim,
    figure_claim,
    order_claim,
    pooled_claim,
    record,
    run,
    trend_claim,
    value_claim,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ae.verdict import (
    judge,
    verdict_equal,
    verdict_exact,
    verdict_figure,
    verdict_order,
    verdict_pooled,
    verdict_trend,
    verdict_value,
)
from ae.verdict.comparison import Arms
from ae.verdict.divergence import p_lost

NAN = math.nan
GOOD = {"REPRODUCED": 2, "BETTER": 2, "SMALLER": 1}  # how much a word says for the claim


def lose(values: Any, *which: int) -> np.ndarray:
    found = np.array(values, dtype=float)
    found[list(which)] = NAN
    return found


def test_a_rival_that_diverged_makes_an_order_invalid():
    """All of it NaN: once "PI = 1.00, p = 0.031", REPRODUCED."""
    for lost in ((0, 1, 2, 3, 4), (0,)):
        found = verdict_order(order_claim(), Arms(FIVE, lose(FIVE + 9, *lost)), sign=-1)
        assert (found.word, found.reason) == ("INVALID", "rival diverged")
        assert found.note == f"not valid: a rival diverged ({len(lost)} of 5 seeds of b)"


def test_a_subject_that_diverged_is_short():
    for lost in ((0, 1), (0,)):
        found = verdict_order(order_claim(), Arms(lose(FIVE, *lost), FIVE + 9), sign=-1)
        assert (found.word, found.reason) == ("SHORT", "diverged")
        assert found.note == f"diverged: {len(lost)} of 5 seeds of a"
    both = verdict_order(order_claim(), Arms(lose(FIVE, 0), lose(FIVE, 1)), sign=-1)
    assert (both.word, both.reason) == ("SHORT", "diverged")


def test_both_runs_of_an_equality_are_its_subject():
    for pair in ((lose(FIVE, 0), FIVE), (FIVE, lose(FIVE, 0)), (lose(FIVE, 0), lose(FIVE, 0))):
        found = verdict_equal(equal_claim(margin=9.0), Arms(*pair), sign=-1)
        assert (found.word, found.reason) == ("SHORT", "diverged")


def test_every_kind_has_a_word_for_a_lost_seed():
    table = np.repeat([[0.0, 4.0, 8.0, 12.0]], 5, axis=0)
    table[1, 2] = NAN
    values = lose(FIVE, 2)
    pooled = np.random.default_rng(0).normal(5, 0.1, size=(1, 8, 3))
    pooled[0, 2, 1] = NAN
    found = {
        "value": verdict_value(value_claim(margin=9.0), values, sign=-1),
        "figure": verdict_figure(figure_claim(margin=9.0), values, sign=-1),
        "exact": verdict_exact(exact_claim(tolerance=9.0), values),
        "trend": verdict_trend(trend_claim(), table),
        "pooled": verdict_pooled(pooled_claim(), pooled),
    }
    words = {kind: (f.word, f.reason) for kind, f in found.items()}
    assert words.pop("pooled") == ("INVALID", "diverged")
    assert set(words.values()) == {("SHORT", "diverged")}
    assert found["pooled"].note == (
        "not valid: 1 of 8 seeds diverged in a run, and the statistic is of all"
    )


@pytest.mark.parametrize(("lost", "seeds"), [(1, 5), (2, 5), (3, 10), (1, 1), (6, 50)])
def test_a_headline_needs_more_than_bad_luck(lost: int, seeds: int):
    expected = scipy.stats.binom(seeds, 0.05).sf(lost - 1)
    assert p_lost(lost, seeds) == pytest.approx(expected)


quarters = st.integers(-12, 12).map(lambda i: i / 4)
tables = st.integers(3, 7).flatmap(
    lambda seeds: st.lists(
        st.lists(quarters, min_size=seeds, max_size=seeds), min_size=4, max_size=4
    )
)
METRICS = ("nll", "mse")
OTHERS: list[Any] = [
    value_claim(id="value", value=0.0, margin=2.0, sigma_pin=0.3),
    value_claim(id="least", value=0.0, margin=2.0, sense="at_least"),
    figure_claim(id="figure", readings=(-0.5, 0.5), margin=2.0),
    exact_claim(id="exact", value=0.0, tolerance=2.0),
    order_claim(id="order"),
    order_claim(id="back", better="b", worse="a", metric="mse"),
    order_claim(id="third", metric="mse", margin=0.1),
    equal_claim(id="equal", margin=3.0),
    equal_claim(id="twin", margin=3.0, metric="mse"),
    trend_claim(id="trend", margin=0.5),
    trend_claim(id="fall", moves="down", metric="mse", margin=0.5),
    pooled_claim(id="pooled", bound=-3.0),
    pooled_claim(id="spread", statistic="explained", sense="below", bound=95.0),
    pooled_claim(id="best", statistic="dominance", sense="below", bound=99.0),
    pooled_claim(id="alike", statistic="correlation", others=("mse",), bound=-0.9),
]
LOOKS = [claim.model_copy(update={"looks": (3, 5)}) for claim in OTHERS]


def words(rows: dict[str, dict[str, list[float]]], claims: list[Any], lost: Any) -> dict[str, str]:
    runs = [
        run(name, metrics, diverged={lost[1]: "loss is NaN"} if lost and lost[0] == name else {})
        for name, metrics in rows.items()
    ]
    return {v.id: v.word for v in judge(record(claims, runs, others=("mse",)))}


def rows_of(
    first: list[list[float]], second: list[list[float]]
) -> dict[str, dict[str, list[float]]]:
    return {name: {"nll": list(first[i]), "mse": list(second[i])} for i, name in enumerate("abcd")}


@given(st.data(), st.sampled_from([OTHERS, LOOKS]))
@settings(max_examples=60, deadline=None)
def test_no_lost_value_and_no_lost_seed_makes_any_word_of_a_record_better(
    data: Any, claims: list[Any]
):
    strength = data.draw(st.sampled_from([0.0, 4.0]))
    first = [[v + strength * i for v in row] for i, row in enumerate(data.draw(tables))]
    second = [[-v + 0.25 * i for i, v in enumerate(row)] for row in first]
    rows = rows_of(first, second)
    before = words(rows, claims, None)
    name = data.draw(st.sampled_from("abcd"))
    seed = data.draw(st.integers(0, len(first[0]) - 1))
    if data.draw(st.booleans()):
        after = words(rows, claims, (name, seed))
    else:
        worse = rows_of(first, second)
        metric = data.draw(st.sampled_from(METRICS))
        worse[name][metric][seed] = data.draw(st.sampled_from([NAN, math.inf, -math.inf, 1e99]))
        after = words(worse, claims, None)
    for claim, word in after.items():
        assert GOOD.get(word, 0) <= GOOD.get(before[claim], 0), (claim, before[claim], word)
        assert not (before[claim] == "SHORT" and word in ("INCONCLUSIVE", "UNTESTED")), claim


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_strong_record_loses_what_rests_on_a_lost_seed(data: Any):
    """All claims hold by far; whatever is lost, what rests on it no longer does."""
    steps = np.random.default_rng(0).normal(0, 0.01, size=(4, 6))
    nll = (np.arange(4)[:, None] + steps).tolist()
    rows = rows_of(nll, (-2.0 * np.arange(4)[:, None] + steps).tolist())
    claims: list[Any] = [
        value_claim(id="value", value=0.0),
        order_claim(id="order"),
        trend_claim(id="trend"),
        order_claim(id="mse", better="b", worse="a", metric="mse"),
    ]
    assert set(words(rows, claims, None).values()) == {"REPRODUCED"}
    name = data.draw(st.sampled_from("abcd"))
    found = words(rows, claims, (name, data.draw(st.integers(0, 5))))
    assert found["trend"] == "SHORT"
    assert found["value"] == ("SHORT" if name == "a" else "REPRODUCED")
    expected = {"a": "SHORT", "b": "INVALID"}.get(name, "REPRODUCED")
    assert found["order"] == expected
    assert found["mse"] == {"a": "INVALID", "b": "SHORT"}.get(name, "REPRODUCED")


def test_a_control_that_cannot_be_judged_vouches_for_nothing():
    control = order_claim(id="control", control=True, primary=False)
    claims = [control, value_claim(id="value")]
    runs = [run("a", FIVE), run("b", FIVE + 9)]
    assert [v.word for v in judge(record(claims, runs))] == ["REPRODUCED"] * 2
    lost = [run("a", FIVE), run("b", FIVE + 9, diverged={0: "loss is NaN"})]
    assert [v.word for v in judge(record(claims, lost))] == ["INVALID"] * 2


nasty = st.lists(
    st.sampled_from([0.0, -0.0, 1.0, 3.0, 3.0000001, 1e-300, 1e59, -1e59, 1e308])
    | st.sampled_from([NAN, math.inf, -math.inf]),
    min_size=1,
    max_size=7,
)


@given(nasty, nasty, st.sampled_from([-1, 1]), st.none() | st.sampled_from([0.25, 4.0]))
@settings(max_examples=150, deadline=None)
def test_nothing_that_a_run_can_return_breaks_a_rule(
    first: list[float], second: list[float], sign: int, pin: Any
):
    a, b = np.array(first), np.array(second)
    table = np.array([first[: min(len(first), len(second))]] * 4).T
    table[:, 2] = b[: len(table)]
    pairs = min(a.size, b.size)
    found = [
        verdict_value(value_claim(sigma_pin=pin), a, sign=sign),
        verdict_figure(figure_claim(sigma_pin=pin), a, sign=sign),
        verdict_figure(figure_claim(log_axis=True), a, sign=sign),
        verdict_exact(exact_claim(tolerance=0.0), a),
        verdict_order(order_claim(gap=1.0), Arms(a, b, paired=False), sign=sign),
        verdict_order(order_claim(sigma_pin=pin), Arms(a[:pairs], b[:pairs]), sign=sign),
        verdict_equal(equal_claim(), Arms(a[:pairs], b[:pairs]), sign=sign),
        verdict_trend(trend_claim(sigma_pin=pin), table),
        verdict_pooled(pooled_claim(), table[None, :, :3]),
    ]
    for one in found:
        ends = (one.interval.mean, one.interval.low, one.interval.high) if one.interval else ()
        numbers = (*ends, one.target, one.margin, one.p, one.p_short)
        assert all(math.isfinite(x) for x in numbers if x is not None), one
        assert one.note
        assert one.ours
        if one.reason == "or better":
            assert one.word == "REPRODUCED"
        else:
            assert (one.reason is not None) == (one.word in ("SHORT", "INVALID"))
