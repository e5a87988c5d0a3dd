"""Sentences and lines say what was tested; no claim counts twice, no kind is added to another."""

import json

import numpy as np
import pytest
from claims import (
    FIVE,
    equal_claim,
    exact_claim,
    figure_claim,
    order_claim,
    record,
    run,
    value_claim,
)

from ae.spec import Spec, Spread
from ae.verdict import judge
from ae.verdict.evidence import Judged, hours, lines, sentence, standings
from ae.verdict.present import spread, target, tolerance, whose

NEAR = np.array([*FIVE, 3.0, 2.8, 3.3])
FAR = NEAR + 50
PASSES = exact_claim(id="sound", value=3.0, control=True, primary=False, status="calculated")
FAILS = exact_claim(id="unsound", value=9.0, control=True, primary=False, status="calculated")
CLAIMS = [
    value_claim(id="met", status="printed"),
    value_claim(id="missed", value=-4.0, status="quoted", by="somebody else"),
    value_claim(id="too-low", value=80.0, run="b", status="printed", sense="at_least"),
    figure_claim(id="off-figure", status="digitised"),
    value_claim(id="absent", run="c", status="printed"),
    order_claim(id="order", status="printed"),
    order_claim(id="reversed", better="b", worse="a", status="printed"),
    order_claim(id="remembered", status="recalled"),
    equal_claim(id="identity", runs=("a", "a2"), status="calculated"),
    PASSES,
]
RUNS = [run("a", NEAR), run("a2", NEAR), run("b", FAR)]


def judged(tier="paper", claims=CLAIMS, runs=RUNS, **keys):
    return Judged("spec", tier, judge(record(claims, runs, tier)), **keys)


def said(*found, specs=None, costs=None):
    return {line.kind: line for line in lines(standings(found, specs or {}, costs or {}))}


def test_a_paper_in_a_sentence():
    assert sentence(judged().verdicts) == (
        "8 of 9 claims tested: 6 hold, 2 do not (1 too high, 1 reversed); "
        "4 of 5 published values tested; 1 of 1 control passed."
    )
    assert sentence(judged("quick").verdicts) == (
        "4 of 9 claims tested: 3 hold, 1 does not (reversed); "
        "0 of 5 published values tested; 1 of 1 control passed."
    )


def test_a_paper_with_short_claims_alone_says_that_none_holds():
    found = judged(claims=[CLAIMS[6]], runs=RUNS)
    assert sentence(found.verdicts) == "1 of 1 claim tested: none holds, 1 does not (reversed)."


def test_what_depends_on_a_failed_control_is_not_valid():
    found = judged(claims=[CLAIMS[0], CLAIMS[5], FAILS, PASSES])
    assert sentence(found.verdicts) == (
        "2 of 2 claims tested: none holds, 2 not valid; "
        "1 of 1 published value tested; 1 of 2 controls passed."
    )
    assert said(found)["control"].words == ["1 passed", "1 failed (off)"]
    assert said(found)["published"].words == ["1 not valid"]


def test_what_an_untrained_model_meets_is_counted_apart():
    """Met or not, neither in the sentence on the paper nor among what a source states."""
    why = {"untrained": "so it begins", "primary": False, "status": "printed"}
    free = [order_claim(id="free", **why), order_claim(id="unfree", better="b", worse="a", **why)]
    found = judged(claims=[CLAIMS[0], *free, PASSES])
    assert sentence(found.verdicts) == (
        "1 of 1 claim tested: 1 holds; 1 of 1 published value tested; "
        "2 more that an untrained model meets; 1 of 1 control passed."
    )
    kinds = said(found)
    assert "stated" not in kinds
    assert kinds["untrained"].words == ["1 met", "1 short (reversed)"]
    assert kinds["untrained"].title == "No evidence, for an untrained model meets them"


def test_each_kind_of_evidence_has_a_line_of_its_own():
    found = said(judged())
    assert {kind: (len(one.tested), len(one.all)) for kind, one in found.items()} == {
        "published": (4, 5),
        "stated": (2, 2),
        "recalled": (1, 1),
        "calculated": (1, 1),
        "control": (1, 1),
    }
    assert found["published"].sentence == (
        "Published values: 4 of 5 tested: 3 reproduced, 1 short (too high); 1 not run; "
        "1 of the 5 are others’, not the papers’ own."
    )
    assert found["calculated"].words == ["1 met"]
    assert "reproduced" not in found["control"].sentence


def test_a_published_value_counts_from_the_paper_tier_alone_and_a_claim_once():
    slow, quick = judged(), judged("quick")
    assert len(said(quick)["published"].tested) == 0
    both = said(quick, slow)
    assert len(both["published"].all) == 5
    assert len(both["published"].tested) == 4
    assert {v.tier for v in both["stated"].tested} == {"paper"}
    part = judged(claims=CLAIMS[:5])  # no ordering in the paper tier
    assert {v.tier for v in said(quick, part)["stated"].tested} == {"quick"}
    assert "all tested in the quick tier" in said(quick, part)["stated"].rest


def spec_of(claims):
    return Spec.model_validate_json(json.dumps(record(claims, RUNS).spec))


def test_claims_of_specs_that_were_never_run_are_counted_with_their_cost():
    spec = spec_of(CLAIMS)
    costs = {("never", c.id): 3600.0 for c in CLAIMS[:4]} | {("spec", "absent"): 1800.0}
    found = said(judged(), specs={"spec": spec, "never": spec}, costs=costs)["published"]
    assert (len(found.tested), len(found.all)) == (4, 10)
    assert found.rest[0] == "6 not run (about 4.5 hours of one core for 5 of them)"
    assert all(standing.paper in ("never", "spec") for standing in found.missing)


def test_a_word_of_before_a_change_is_said_to_be_one():
    (rest,) = [r for r in said(judged(outdated=True))["stated"].rest if "before" in r]
    assert rest == "all tested before the spec changed"
    gone = said(judged(), specs={"spec": spec_of(CLAIMS[:1])})  # today's spec has one claim
    assert {kind: len(one.all) for kind, one in gone.items()} == {"published": 1}


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (10, "about 1 min"),
        (600, "about 10 min"),
        (3600, "about 1 hour"),
        (5400, "about 1.5 hours"),
        (300000, "about 83 hours"),
        (400000, "about 4.6 days"),
        (47541600, "about 550 days"),
    ],
)
def test_a_cost_is_a_time_of_one_core(seconds, shown):
    assert hours(seconds) == shown


def test_target_spread_and_tolerance_are_told_apart():
    (verdict,) = judge(record([value_claim()], [run("a", FIVE)]))
    measure = verdict.measure
    printed = value_claim(digits=2, spread=Spread(kind="sd", value=0.2, n=10), margin=0.5)
    assert target(printed, measure) == "3.00 nats"
    assert spread(printed) == "± 0.2 (sd, n = 10)"
    assert tolerance(printed, measure) == "± 0.5 nats"
    assert tolerance(printed, measure, 0.25) == "± 0.25 nats"
    assert (spread(figure_claim()), target(figure_claim(), measure)) == (
        "± 0.10 (reading)",
        "3.00 nats (fig. 5)",
    )
    logs = figure_claim(log_axis=True, readings=(2.0, 8.0), margin=0.6931)
    assert (target(logs, measure), spread(logs)) == ("4 nats (fig. 5)", "2 to 8 (reading)")
    assert tolerance(logs, measure) == "× or ÷ 2"
    assert tolerance(order_claim(material=0.25), measure) == "≥ 0.25 nats"
    assert tolerance(exact_claim(), measure) == "± 0.5 nats"
    assert spread(order_claim()) == spread(value_claim()) == ""


def test_it_is_said_whose_a_target_is():
    assert whose(value_claim(status="printed")) == "printed"
    assert (
        whose(value_claim(status="quoted", by="the Keras authors"))
        == "quoted, by the Keras authors"
    )
    assert whose(exact_claim(status="calculated")) == "calculated by us"
    assert whose(order_claim(status="recalled")) == "recalled"
