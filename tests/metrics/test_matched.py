"""Runs compared with a curve at equal reconstruction: exact on curves that are known."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ae.errors import UserError
from ae.metrics import matched

CURVE = ["b-4", "b-1", "b-2", "not-in-this-tier"]
ARGUMENTS = {"metric": "score", "at": "error", "curve": CURVE}


@pytest.fixture
def trained(linear):
    """A run `a` of seeds 0 and 1 among others; points are (error, score), seed by seed."""

    def make(mine, **others):
        points = {"a": mine, **{name.replace("_", "-"): found for name, found in others.items()}}
        measured = {
            run: {
                name: dict(enumerate(column))
                for name, column in zip(("error", "score"), zip(*rows, strict=True), strict=True)
            }
            for run, rows in points.items()
        }
        return replace(linear(torch.zeros(2, 1, 4), torch.zeros(1, 4)), measured=measured)

    return make


def test_a_run_is_compared_with_the_curve_of_its_own_seed_at_its_own_error(trained):
    run = trained(
        [(15.0, 70.0), (35.0, 90.0)],
        b_1=[(10.0, 40.0), (12.0, 30.0)],
        b_2=[(20.0, 60.0), (32.0, 70.0)],
        b_4=[(40.0, 80.0), (42.0, 40.0)],
    )
    # Seed 0: halfway from 40 to 60. Seed 1: three tenths of the way from 70 to 40.
    assert matched.advantage(run, **ARGUMENTS) == pytest.approx([20.0, 29.0])
    assert matched.distance(run, at="error", curve=CURVE) == [0.0, 0.0]


def test_a_line_that_a_run_lies_on_gives_no_advantage_whatever_the_order_of_runs(trained):
    rng = np.random.default_rng(0)
    for _ in range(20):
        slope, start = rng.normal(size=2)
        rows = {n: [(x, slope * x + start) for x in rng.uniform(0, 9, 2)] for n in ("b_1", "b_2")}
        mine = [(float(np.mean([r[k][0] for r in rows.values()])),) for k in range(2)]
        run = trained([(x, slope * x + start + 5) for (x,) in mine], **rows)
        assert matched.advantage(run, **ARGUMENTS) == pytest.approx([5.0, 5.0])


def test_a_run_of_the_curve_has_exactly_nothing(trained):
    knots = {n: [(float(e), math.pi * e) for e in es] for n, es in KNOTS.items()}
    run = trained(knots["b_2"], **knots)
    for name in ("b-1", "b-2", "b-4"):
        assert matched.advantage(replace(run, name=name), **ARGUMENTS) == [0.0, 0.0]
        assert matched.distance(replace(run, name=name), at="error", curve=CURVE) == [0.0, 0.0]


KNOTS = {"b_1": (1.1, 7.3), "b_2": (2.7, 4.1), "b_4": (9.2, 1.7)}  # seed 1 in another order


def test_beyond_the_curve_the_distance_tells_that_nothing_is_equal(trained):
    run = trained(
        [(7.0, 50.0), (30.0, 50.0)], b_1=[(10.0, 40.0)] * 2, b_2=[(25.0, 60.0), (25.0, 20.0)]
    )
    assert matched.distance(run, at="error", curve=CURVE) == [3.0, 5.0]
    assert matched.advantage(run, **ARGUMENTS) == [10.0, 30.0]  # from the nearest end


def test_seeds_that_diverged_are_left_out_of_the_curve(trained):
    nan = math.nan
    run = trained(
        [(15.0, 70.0), (nan, nan)],
        b_1=[(10.0, 40.0), (10.0, 40.0)],
        b_2=[(14.0, nan), (14.0, 50.0)],
        b_4=[(20.0, 60.0), (nan, nan)],
    )
    assert matched.advantage(run, **ARGUMENTS) == pytest.approx([20.0, nan], nan_ok=True)
    assert matched.distance(run, at="error", curve=CURVE) == pytest.approx([0, nan], nan_ok=True)
    alone = trained([(15.0, 70.0)] * 2, b_1=[(10.0, 40.0)] * 2, b_2=[(nan, nan)] * 2)
    assert all(map(math.isnan, matched.advantage(alone, **ARGUMENTS)))
    assert all(map(math.isnan, matched.distance(alone, at="error", curve=CURVE)))


def test_what_was_not_measured_is_refused(trained):
    run = trained([(1.0, 2.0)] * 2, b_1=[(1.0, 2.0)] * 2, b_2=[(1.0, 2.0)] * 2)
    with pytest.raises(UserError, match="'erorr' of run 'a' is not known when it is needed"):
        matched.advantage(run, **ARGUMENTS | {"at": "erorr"})
    with pytest.raises(UserError, match="found 1 of the runs b-1, b-9 in this tier; expected 2"):
        matched.distance(run, at="error", curve=["b-1", "b-9"])
    other = {"a": run.measured["a"], "b-1": {}, "b-2": run.measured["b-2"]}
    with pytest.raises(UserError, match="'error' of run 'b-1' is not known"):
        matched.advantage(replace(run, measured=other), **ARGUMENTS)
    few = dict(run.measured) | {"b-1": {"error": {0: 1.0}, "score": {0: 1.0}}}
    with pytest.raises(UserError, match="run 'b-1' has no seed 1"):
        matched.advantage(replace(run, measured=few), **ARGUMENTS)


def test_a_ratio_is_of_the_seed_s_own_two_measures(trained):
    run = trained([(2.0, 7.0), (0.0, 9.0)])
    assert matched.ratio(run, metric="score", at="error") == pytest.approx(
        [3.5, math.nan], nan_ok=True
    )
    with pytest.raises(UserError, match="'other' of run 'a' is not known when it is needed"):
        matched.ratio(run, metric="score", at="other")
