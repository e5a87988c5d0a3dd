"""The headline, how a number is written, and what judging needs to be loaded."""

import math
import subprocess
import sys
from typing import Any

import pytest
from claims import value_claim

from ae.spec import Measure
from ae.verdict import Finding, Interval, Verdict, headline
from ae.verdict.finding import Diverged

MEASURE = Measure(name="nll", function="f.g", label="NLL", unit="nats", direction="lower")


def primary(claim: str, word: Any, p_short: float = 1.0, **more: Any) -> Verdict:
    found = Finding(word=word, note="", seeds=5, p_short=p_short)
    return Verdict(value_claim(id=claim), MEASURE, found, "paper", **more)


def test_the_headline_is_short_only_after_holm():
    good = [primary(str(i), "BETTER") for i in range(2)]
    assert headline([*good, primary("x", "SHORT", 0.01)]) == (
        "SHORT",
        "1 of 3 primary claims fall short: x",
    )
    assert headline([*good, primary("x", "SHORT", 0.04)]) == (
        "INCONCLUSIVE",
        "2 of 3 primary claims reproduced; short before Holm: x",
    )
    assert headline(good) == ("REPRODUCED", "all 2 primary claims reproduced")
    assert headline([*good, primary("x", "UNTESTED")]) == (
        "INCONCLUSIVE",
        "2 of 3 primary claims reproduced, 1 not tested",
    )
    assert headline([]) == ("UNTESTED", "no claim is primary")


def test_smaller_and_invalid_claims_are_not_reproduced():
    good = [primary(str(i), "REPRODUCED") for i in range(2)]
    assert headline([*good, primary("x", "SMALLER"), primary("y", "INVALID")]) == (
        "INCONCLUSIVE",
        "2 of 4 primary claims reproduced; smaller than the margin: x; not valid: y",
    )


def test_a_failed_control_is_the_headline():
    blocked = primary("x", "UNTESTED", failed=("k", "l"))
    assert headline([primary("y", "REPRODUCED"), blocked]) == (
        "INVALID",
        "not valid: controls k, l failed",
    )


def test_one_diverged_seed_of_five_makes_no_headline_short_but_two_do():
    def lost(count: int, p: float) -> Verdict:
        found = Diverged(word="SHORT", reason="diverged", note="", seeds=5, p_short=p, lost={"a": count})  # fmt: skip
        return Verdict(value_claim(), MEASURE, found, "paper")

    assert headline([lost(1, 0.226)])[0] == "INCONCLUSIVE"
    assert headline([lost(2, 0.0226)])[0] == "SHORT"


@pytest.mark.parametrize(
    ("mean", "low", "high", "text"),
    [
        (6.66, 6.61, 6.71, "6.660 ± 0.050"),
        (6.66, 6.56, 6.76, "6.66 ± 0.10"),
        (13.87, 13.87, 13.87, "13.87 ± 0"),
        (225.4, 213.06, 237.74, "225 ± 12"),
        (-0.001, -0.501, 0.499, "0.00 ± 0.50"),
        (3.0, math.nan, math.nan, "3"),
        (18.0, 12.0, 27.0, "18.0 (12.0 to 27.0)"),
        (-18.0, -27.0, -12.0, "−18.0 (−27.0 to −12.0)"),
    ],
)
def test_an_interval_has_one_way_to_be_written(mean: float, low: float, high: float, text: str):
    assert str(Interval(mean, low, high)) == text


def test_judging_needs_neither_torch_nor_scipy_stats():
    code = "import sys, ae.verdict; assert not {'torch', 'scipy.stats'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
