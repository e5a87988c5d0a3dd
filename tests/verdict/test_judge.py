"""Whole records: what decides, what is missing, families, controls."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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

from ae.errors import UserError
from ae.spec import Spread
from ae.spec.facts import facts_of
from ae.spec.read import read_spec
from ae.verdict import headline, judge
from ae.verdict.either_way import EITHER_WAY, PARTS, READ, either_way
from ae.verdict.finding import OrderFinding, TrendFinding
from ae.verdict.permutation import adjusted_flips, adjusted_splits, holm, page, sign_flip

SPECS = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.toml"))


def test_a_record_is_judged_claim_by_claim():
    claims = [
        value_claim(id="number", digits=2, spread=Spread(kind="sd", value=0.2, n=10)),
        order_claim(id="order", gap=4.0, control=True, primary=False),
        equal_claim(id="equal", runs=("a", "a2")),
        figure_claim(id="figure"),
        trend_claim(id="trend", runs=("a", "b", "c", "d")),
        exact_claim(id="exact", value=3.0, control=True, primary=False),
    ]
    rows = [run(name, FIVE + 5 * i) for i, name in enumerate("abcd")]
    verdicts = judge(record(claims, [*rows, run("a2", FIVE)]))
    assert [v.claim for v in verdicts] == claims
    assert {v.word for v in verdicts} == {"REPRODUCED"}
    assert [v.target for v in verdicts] == [
        "3.00 nats",
        "a < b (by 4)",
        "a = a2",
        "3.00 nats (fig. 5)",
        "up over a, b, c, d",
        "3 nats",
    ]
    assert (verdicts[1].finding.seeds, verdicts[1].tier) == (5, "paper")
    assert headline(verdicts) == ("REPRODUCED", "all 4 primary claims reproduced")


@pytest.mark.parametrize(
    ("claim", "tier", "note"),
    [
        (value_claim(), "quick", "a quick run never tests a published number"),
        (figure_claim(), "smoke", "a quick run never tests a published number"),
        (value_claim(control=True), "smoke", "not judged in tier smoke, only in paper, quick"),
        (order_claim(), "smoke", "not judged in tier smoke, only in paper, quick"),
        (order_claim(worse="z"), "quick", "run 'z' is not part of this quick run"),
        (order_claim(worse="c"), "quick", "'nll' was not measured on run 'c'"),
    ],
)
def test_what_cannot_be_tested_says_why(claim: Any, tier: str, note: str):
    runs = [run("a", FIVE), run("b", FIVE), run("c", [1.0], metrics={})]
    (verdict,) = judge(record([claim], runs, tier))
    assert (verdict.word, verdict.note, verdict.finding.interval) == ("UNTESTED", note, None)
    assert not verdict.tested
    assert headline([verdict]) == ("UNTESTED", "none of the 1 primary claims was tested")


def test_a_control_is_a_number_that_a_quick_run_does_test():
    (verdict,) = judge(record([value_claim(control=True)], [run("a", FIVE)], "quick"))
    assert verdict.word == "REPRODUCED"


def test_a_seed_that_diverged_is_lost_whatever_its_value():
    lost = run("a", FIVE, diverged={1: "loss is NaN", 3: "loss is NaN"})
    claims = [value_claim(), exact_claim(id="exact", value=3.0, tolerance=9.0)]
    verdicts = judge(record(claims, [lost]))
    assert [v.word for v in verdicts] == ["SHORT"] * 2
    assert verdicts[0].note == "diverged: 2 of 5 seeds of a"


def test_runs_pair_on_their_common_seeds_whatever_their_order():
    a = run("a", [1.0, 2.0, 3.0, 4.0, 5.0, 99.0], seeds=[0, 1, 2, 3, 4, 9])
    b = run("b", [5.5, 4.5, 3.5, 2.5, 1.5], seeds=[4, 3, 2, 1, 0])
    (verdict,) = judge(record([order_claim(margin=0.25)], [a, b], seeds=5))
    found = verdict.finding
    assert isinstance(found, OrderFinding)
    assert found.interval is not None
    assert (found.interval.mean, found.sd, found.seeds) == (0.5, 0.0, 5)
    assert (found.p, found.superiority, found.word) == (1 / 32, 0.6, "INCONCLUSIVE")


def test_runs_with_too_few_common_seeds_are_compared_unpaired():
    a, b = run("a", [1.0, 1.1, 1.2]), run("b", [4.0, 4.1, 4.2], seeds=[7, 8, 9])
    (verdict,) = judge(record([order_claim()], [a, b]))
    assert verdict.word == "REPRODUCED"
    assert (verdict.finding.p, verdict.finding.seeds) == (pytest.approx(0.05), 3)
    (verdict,) = judge(record([trend_claim(runs=("a", "b", "a", "b"))], [a, b]))
    assert (verdict.word, verdict.note) == ("INCONCLUSIVE", "no seed is common to all runs")


# --- the seeds that decide ------------------------------------------------------------------------


def test_fewer_seeds_than_the_spec_lists_are_not_a_test():
    (verdict,) = judge(record([value_claim()], [run("a", FIVE[:3])], seeds=5))
    assert (verdict.word, verdict.note) == ("UNTESTED", "not run: seeds 3, 4 of a")
    (one,) = judge(record([order_claim()], [run("a", FIVE), run("b", FIVE[:4])], seeds=5))
    assert (one.word, one.note) == ("UNTESTED", "not run: seed 4 of b")
    two = [run("a", FIVE[:4]), run("b", FIVE[:4])]
    (both,) = judge(record([order_claim()], two, seeds=5))
    assert both.note == "not run: seed 4 of b, a"


def test_more_seeds_than_the_spec_lists_are_shown_and_do_not_decide():
    far = run("a", [*FIVE, 90.0, 91.0])
    (verdict,) = judge(record([value_claim()], [far], seeds=5))
    (alone,) = judge(record([value_claim()], [run("a", FIVE)]))
    assert (verdict.word, verdict.finding.interval) == (alone.word, alone.finding.interval)
    assert verdict.note == alone.note + "; 2 more seeds are there and do not decide"


def test_the_listed_seeds_decide_wherever_they_stand():
    mixed = run("a", [90.0, *FIVE[::-1], 91.0], seeds=[7, 4, 3, 2, 1, 0, 8])
    (verdict,) = judge(record([value_claim()], [mixed], seeds=5))
    (alone,) = judge(record([value_claim()], [run("a", FIVE)]))
    assert verdict.finding.interval == alone.finding.interval


def test_other_seeds_stand_in_as_many_as_the_spec_lists():
    others = run("a", [*FIVE, 90.0], seeds=[10, 11, 12, 13, 14, 15])
    (verdict,) = judge(record([value_claim()], [others], seeds=5))
    (alone,) = judge(record([value_claim()], [run("a", FIVE)]))
    assert verdict.finding.interval == alone.finding.interval
    few = run("a", FIVE[:3], seeds=[10, 11, 12])
    (verdict,) = judge(record([value_claim()], [few], seeds=5))
    assert (verdict.word, verdict.note) == ("UNTESTED", "not run: seeds 0, 1 of a")


@pytest.mark.parametrize(
    ("function", "word"), [("likelihood.nll", "BETTER"), ("codes.mean_activity", "SHORT")]
)
def test_a_number_that_neither_way_is_better_of_is_missed_on_either_side(function, word):
    found = record([value_claim()], [run("a", FIVE - FIVE.mean() + 1.0)])
    found.spec["measure"][0]["function"] = function
    (verdict,) = judge(found)
    assert verdict.word == word


@pytest.mark.parametrize(
    ("function", "part", "word"),
    [
        ("curves.between", "kl", "SHORT"),
        ("curves.at_step", "test/kl", "SHORT"),
        ("objective.mean", "perplexity", "SHORT"),
        ("curves.between", "loss", "BETTER"),
        ("curves.between", "kl/loss", "BETTER"),
        ("objective.difference", "kl", "BETTER"),  # how far it is off: less is better
    ],
)
def test_a_divergence_that_is_read_off_is_missed_on_either_side(function, part, word):
    found = record([value_claim()], [run("a", FIVE - FIVE.mean() + 1.0)])
    found.spec["measure"][0] |= {"function": function, "arguments": {"part": part}}
    (verdict,) = judge(found)
    assert verdict.word == word


def test_the_parts_that_neither_way_is_better_of_are_read_off_by_some_spec():
    measures = [m for path in SPECS for m in read_spec(path).measure]
    read = [m for m in measures if m.function in READ and either_way(m)]
    assert {str(m.arguments["part"]) for m in read} == PARTS


@pytest.mark.parametrize("function", sorted(EITHER_WAY | READ))
def test_what_neither_way_is_better_of_is_a_measure(function):
    assert facts_of(function) is not None


# --- families -------------------------------------------------------------------------------------


def test_orders_of_one_pair_under_many_metrics_are_one_family():
    rng = np.random.default_rng(1)
    a = {"nll": FIVE, "mse": rng.normal(size=5), "kl": rng.normal(size=5)}
    b = {"nll": FIVE + 5, "mse": rng.normal(size=5), "kl": rng.normal(size=5)}
    claims = [
        order_claim(id="1"),
        order_claim(id="2", metric="mse"),
        order_claim(id="3", metric="kl", better="b", worse="a"),
    ]
    alone = judge(record(claims[:1], [run("a", a), run("b", b)], others=("mse", "kl")))
    assert [(v.word, v.finding.p_adjusted) for v in alone] == [("REPRODUCED", 1 / 32)]
    verdicts = judge(record(claims, [run("a", a), run("b", b)], others=("mse", "kl")))
    found = [v.finding for v in verdicts]
    assert [f.family for f in found] == [3, 3, 3]
    assert all(f.p_adjusted >= f.p for f in found)
    assert found[1].p_adjusted > found[1].p or found[2].p_adjusted > found[2].p


def test_what_is_reversed_is_corrected_as_what_is_claimed():
    """One metric's difference of five, reversed, among metrics without one."""
    others = ("mse", "kl")
    ahead = {"nll": [5, 2, 3.5, 3, 4], "mse": [1, -1, 1, 1.1, -0.9], "kl": [1, 1, -1, -1.1, 1.2]}
    a = dict.fromkeys(ahead, FIVE)
    b = {name: FIVE - np.array(step) for name, step in ahead.items()}  # lower is better
    rows = [run("a", a), run("b", b)]
    claims = [order_claim(id="nll"), *(order_claim(id=m, metric=m) for m in others)]
    (alone,) = judge(record(claims[:1], rows, others=others))
    assert (alone.word, alone.finding.p_reversed) == ("SHORT", 1 / 32)
    found = judge(record(claims, rows, others=others))
    steps = np.array(list(ahead.values()))
    expected = adjusted_flips(steps)
    assert [v.finding.p_reversed for v in found] == pytest.approx(
        [max(e, s) for e, s in zip(expected, (sign_flip(r[None])[0] for r in steps), strict=True)]
    )
    assert found[0].finding.p_reversed > 1 / 32
    assert found[0].word == "INCONCLUSIVE"


def test_orders_of_other_pairs_are_other_families():
    rows = [run(name, FIVE + 5 * i) for i, name in enumerate("abc")]
    two = [order_claim(id="1"), order_claim(id="2", better="b", worse="c")]
    assert [v.word for v in judge(record(two, rows))] == ["REPRODUCED"] * 2


def test_controls_are_no_claims_of_the_paper():
    a, b = {"nll": FIVE, "mse": FIVE}, {"nll": FIVE + 5, "mse": FIVE + 5}
    claims = [order_claim(id="1"), order_claim(id="2", metric="mse", control=True, primary=False)]
    verdicts = judge(record(claims, [run("a", a), run("b", b)], others=("mse",)))
    assert [v.finding.family for v in verdicts] == [1, 1]


def test_trends_over_the_same_runs_are_corrected_by_holm():
    rng = np.random.default_rng(3)
    tables = {m: rng.normal(size=(4, 4)) + np.arange(4) * s for m, s in (("nll", 1), ("mse", 0.3))}
    rows = [run(n, {m: t[:, i] for m, t in tables.items()}) for i, n in enumerate("abcd")]
    claims = [trend_claim(id="1"), trend_claim(id="2", metric="mse")]
    found = [v.finding for v in judge(record(claims, rows, others=("mse",)))]
    assert all(isinstance(f, TrendFinding) for f in found)
    raw = [page(t[None])[0].item() for t in tables.values()]
    assert [f.p for f in found] == pytest.approx(raw)
    assert [f.p_adjusted for f in found] == pytest.approx(holm(np.array(raw)).tolist())


def test_claims_of_another_kind_share_the_level():
    a, b = {"nll": FIVE, "mse": FIVE}, {"nll": FIVE + 5, "mse": FIVE + 0.01}
    eight = (
        {m: [*v, *(v[:3] + 0.05)] for m, v in a.items()},
        {m: [*v, *(v[:3] + 0.05)] for m, v in b.items()},
    )
    claims = [order_claim(id="1"), equal_claim(id="2", metric="mse")]
    runs = [run("a", eight[0]), run("b", eight[1])]
    order, equal = (v.finding for v in judge(record(claims, runs, others=("mse",))))
    assert (order.p, order.p_adjusted) == (1 / 256, 2 / 256)
    assert equal.p_adjusted == pytest.approx(2 * equal.p)
    assert (order.word, equal.word) == ("REPRODUCED", "REPRODUCED")


# --- controls -------------------------------------------------------------------------------------


def controlled(**changes: Any) -> list[Any]:
    control = exact_claim(id="k", control=True, primary=False, run="b", value=1.0, tolerance=0.1)
    other = exact_claim(id="l", control=True, primary=False, run="a", value=3.0, tolerance=9.0)
    return [control, other, value_claim(**changes)]


def test_a_failed_control_blocks_claims_and_headline():
    good = judge(record(controlled(), [run("a", FIVE), run("b", [1.0])]))
    assert [v.word for v in good] == ["REPRODUCED"] * 3
    verdicts = judge(record(controlled(), [run("a", FIVE), run("b", [2.0])]))
    assert [v.word for v in verdicts] == ["SHORT", "REPRODUCED", "INVALID"]
    blocked = verdicts[2]
    assert (blocked.reason, blocked.note) == ("control failed", "not valid: control k failed")
    assert blocked.finding.word == "REPRODUCED"
    assert headline(verdicts) == ("INVALID", "not valid: control k failed")


def test_a_claim_may_say_on_which_controls_it_depends():
    runs = [run("a", FIVE), run("b", [2.0])]
    for depends, word in ((("l",), "REPRODUCED"), ((), "REPRODUCED"), (("k", "l"), "INVALID")):
        verdicts = judge(record(controlled(depends=depends), runs))
        assert verdicts[2].word == word
        assert headline(verdicts)[0] == word


def test_a_control_of_another_tier_is_neither_failed_nor_missing():
    """A claim of two tiers names the controls of both; each tier looks at its own."""
    claims = controlled(depends=("k", "l"))
    claims[0] = claims[0].model_copy(update={"tiers": ("quick",)})
    (control, _, claim) = judge(record(claims, [run("a", FIVE), run("b", [2.0])]))
    assert (control.word, claim.word) == ("UNTESTED", "REPRODUCED")
    assert (claim.failed, claim.absent) == ((), ())
    assert "not run" not in claim.note


def test_a_control_that_was_not_run_is_said_and_does_not_block():
    claims = controlled()
    runs = [run("a", FIVE), run("b", [1.0], metrics={})]
    found = judge(record(claims, runs))[2]
    assert (found.word, found.note[-17:]) == ("REPRODUCED", "control k not run")


def test_an_exact_control_is_judged_on_the_seeds_that_are_there():
    claims = controlled(looks=(3, 5))
    three = [run("a", FIVE[:3]), run("b", [1.0, 1.0, 1.0])]
    passed, _, claim = judge(record(claims, three, seeds=5))
    assert (passed.word, passed.finding.seeds) == ("REPRODUCED", 3)
    assert passed.note.endswith("; 3 of 5 listed seeds are there")
    assert (claim.failed, claim.absent) == ((), ())
    off = [run("a", FIVE[:3]), run("b", [1.0, 1.0, 2.0])]
    failed, _, claim = judge(record(claims, off, seeds=5))
    assert (failed.word, claim.word) == ("SHORT", "INVALID")
    (exact,) = judge(record([exact_claim(run="b", value=1.0)], three[1:], seeds=5))
    assert (exact.word, exact.note) == ("UNTESTED", "not run: seeds 3, 4 of b")
    (looks,) = judge(record([claims[0].model_copy(update={"looks": (4, 5)})], three[1:], seeds=5))
    assert looks.word == "UNTESTED"


def test_an_untested_claim_stays_untested_when_a_control_fails_but_not_the_headline():
    claims = controlled()
    verdicts = judge(record(claims, [run("a", FIVE), run("b", [2.0])], "quick"))
    assert [v.word for v in verdicts] == ["SHORT", "REPRODUCED", "UNTESTED"]
    assert headline(verdicts) == ("INVALID", "not valid: control k failed")


# --- once -----------------------------------------------------------------------------------------


def test_a_record_is_judged_once(monkeypatch: pytest.MonkeyPatch):
    module = sys.modules["ae.verdict.judge"]
    calls = []
    monkeypatch.setattr(module, "_judge", lambda r: calls.append(r) or [])
    one = record([value_claim(statement="judged once")], [run("a", FIVE)])
    again = record([value_claim(statement="judged once")], [run("a", FIVE)])
    judge(one), judge(again)
    assert len(calls) == 1
    judge(record([value_claim(statement="another")], [run("a", FIVE)]))
    judge(record([value_claim(statement="judged once")], [run("a", FIVE + 1)]))
    judge(record([value_claim(statement="judged once")], [run("a", FIVE)], "quick"))
    assert len(calls) == 4


def test_a_record_with_a_value_missing_is_no_record():
    with pytest.raises(ValueError, match=r"'metrics.nll': found 2; expected 3, one a seed"):
        run("a", [1.0, 2.0], seeds=[0, 1, 2])


def test_a_claim_on_what_is_not_measured_is_refused():
    with pytest.raises(UserError, match=r"record of spec, tier paper: .* metric: no .* 'mse'"):
        judge(record([order_claim(metric="mse")], [run("a", [1.0]), run("b", [1.0])]))


def test_a_pooled_claim_has_a_family_of_its_runs():
    rng = np.random.default_rng(7)
    rows = [run(n, {"nll": rng.normal(5, 0.1, 6), "mse": rng.normal(5, 3, 6)}) for n in "abc"]
    claims = [pooled_claim(id="1", bound=4.0), pooled_claim(id="2", bound=3.0, metric="mse")]
    found = [v.finding for v in judge(record(claims, rows, others=("mse",)))]
    assert [f.family for f in found] == [2, 2]
    assert [f.p_adjusted for f in found] == pytest.approx(holm(np.array([f.p for f in found])))


def test_a_family_of_unpaired_orders_may_name_the_runs_either_way():
    rng = np.random.default_rng(5)
    a = {m: rng.normal(size=4) for m in ("nll", "mse")}
    b = {"nll": a["nll"] + 1, "mse": rng.normal(size=4)}
    claims = [order_claim(id="1"), order_claim(id="2", metric="mse", better="b", worse="a")]
    found = [v.finding for v in judge(record(claims, [run("a", a), run("b", b)], others=("mse",)))]
    first = np.array([-a["nll"], a["mse"]])  # of run a: lower is better; the second claim turned
    second = np.array([-b["nll"], b["mse"]])
    expected = adjusted_splits(first, second)
    assert [f.p_adjusted for f in found] == pytest.approx(
        [max(e, f.p) for e, f in zip(expected, found, strict=True)]
    )
