"""Properties of every seed."""

import math

import numpy as np
import pytest
from claims import exact_claim

from ae.verdict import verdict_exact
from ae.verdict.finding import ExactFinding


@pytest.mark.parametrize(
    ("value", "target", "tolerance", "word"),
    [
        (13.875, 13.87, 0.005, "REPRODUCED"),  # in binary the difference is 0.005000000000000782
        (13.865, 13.87, 0.005, "REPRODUCED"),
        (13.8750001, 13.87, 0.005, "SHORT"),
        (0.3, 0.2, 0.1, "REPRODUCED"),
        (1.1, 1.0, 0.1, "REPRODUCED"),
        (1e-9, 0.0, 1e-9, "REPRODUCED"),
        (1.0000001e-9, 0.0, 1e-9, "SHORT"),
        (2.0, 2.0, 0.0, "REPRODUCED"),
    ],
)
def test_the_edge_of_a_tolerance_is_decided_in_decimal(value, target, tolerance, word):
    claim = exact_claim(value=target, tolerance=tolerance)
    found = verdict_exact(claim, np.array([value, target, value]))
    assert found.word == word
    assert found.off == (0 if word == "REPRODUCED" else 2)


def test_an_exact_property_must_hold_for_every_seed():
    held = verdict_exact(exact_claim(), np.array([1.0, 1.5, 0.5]))
    assert (held.word, held.ours, held.p_short) == ("REPRODUCED", "0.5 to 1.5 (n = 3)", 1.0)
    off = verdict_exact(exact_claim(), np.array([1.0, 1.75, 0.5]))
    assert isinstance(off, ExactFinding)
    assert (off.word, off.reason, off.note) == (
        "SHORT",
        "off",
        "1 of 3 seeds are off, by up to 0.75",
    )
    assert (off.low, off.mean, off.high, off.worst, off.off) == (0.5, 3.25 / 3, 1.75, 0.75, 1)
    lost = verdict_exact(exact_claim(), np.array([1.0, math.nan, 1.0]))
    assert (lost.word, lost.reason, lost.note) == (
        "SHORT",
        "diverged",
        "diverged: 1 of 3 seeds of a",
    )
