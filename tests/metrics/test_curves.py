"""Curves over stages, and their average height on a logarithmic axis."""

import math
from dataclasses import replace

import pytest
import torch

from ae.errors import UserError
from ae.metrics import curves
from ae.record import Curve


def curve(stage, part, examples, values):
    steps = list(range(1, len(examples) + 1))
    return Curve(stage=stage, part=part, steps=steps, examples=examples, values=values)


@pytest.fixture
def trained(linear):
    run = linear(torch.zeros(2, 1, 4), torch.zeros(1, 4))

    def make(*found):
        return replace(run, curves=found)

    return make


def test_examples_count_on_through_stages_that_record_something_else(trained):
    run = trained(
        curve("one", "loss", [10, 20], [[9.0, 8.0], [7.0, 6.0]]),
        curve("one", "bound", [10, 20], [[-9.0, -8.0], [-7.0, -6.0]]),
        curve("two", "loss", [5, 30], [[1.0, 1.0], [1.0, 1.0]]),
        curve("three", "loss", [100], [[1.0], [1.0]]),
        curve("three", "bound", [100], [[-3.0], [-2.0]]),
    )
    found = curves.line(run, "bound")
    assert found.examples.tolist() == [10, 20, 150]
    assert found.values.tolist() == [[-9.0, -8.0, -3.0], [-7.0, -6.0, -2.0]]


def test_the_mean_of_the_last_stage_weighs_points_by_their_steps(trained):
    one = curve("one", "bound", [10, 20], [[-9.0, -8.0], [-7.0, -6.0]])
    last = Curve(
        stage="two",
        part="bound",
        steps=[2, 4, 5],
        examples=[20, 40, 50],
        values=[[-1.0, -2.0, -3.0], [-4.0, -4.0, -9.0]],
    )
    assert curves.last_stage(trained(one, last), part="bound") == pytest.approx([-1.8, -5.0])


def test_a_change_is_between_windows_and_counts_examples(trained):
    at = [10, 20, 50, 80, 90, 100]
    run = trained(curve("a", "bound", at, [[0.0, 4.0, 8.0, 1.0, 2.0, 5.0], [3.0] * 6]))
    # Early: the points at 20 and 50, of 10 and 30 examples. Late: those at 90 and 100.
    found = curves.change(run, part="bound", early=[0.1, 0.5], late=[0.8, 1.0])
    assert found == pytest.approx([3.5 - 7.0, 0.0])
    with pytest.raises(
        UserError, match=r"early: no point of 'bound' lies in \[0.21, 0.4\]; it has 6"
    ):
        curves.change(run, part="bound", early=[0.21, 0.4], late=[0.8, 1.0])


def test_the_average_is_that_of_the_curve_as_it_is_drawn(trained):
    flat = curve("a", "bound", [100, 250, 10_000], [[-7.0] * 3, [-2.0] * 3])
    assert curves.average(trained(flat), part="bound") == pytest.approx([-7.0, -2.0])
    # A rise from -10 to 0 within the first of two decades, and one within the second.
    rises = curve("a", "bound", [100, 1000, 10_000], [[-10.0, 0.0, 0.0], [-10.0, -10.0, 0.0]])
    assert curves.average(trained(rises), part="bound") == pytest.approx([-2.5, -7.5])


def test_an_average_of_a_line_on_the_logarithmic_axis_is_its_middle(trained):
    at = [100, 180, 700, 5000, 20_000]
    line = [3 * math.log(x) - 20 for x in at]
    found = curves.average(trained(curve("a", "bound", at, [line, line])), part="bound")
    assert found == pytest.approx([(line[0] + line[-1]) / 2] * 2)


def test_a_seed_that_diverged_has_no_number(trained):
    run = trained(curve("a", "bound", [1, 2], [[0.0, math.nan], [1.0, 1.0]]))
    for values in (curves.average(run, part="bound"), curves.last_stage(run, part="bound")):
        assert math.isnan(values[0])
        assert values[1] == 1.0


def test_a_term_that_is_not_recorded_is_refused(trained):
    run = trained(curve("a", "loss", [1], [[0.0], [0.0]]))
    with pytest.raises(UserError, match="part: found 'bound'; expected one of its curves: loss"):
        curves.line(run, "bound")
    with pytest.raises(UserError, match="none, as it is not trained by descent"):
        curves.line(trained(), "bound")
    with pytest.raises(UserError, match="has one point of 'loss'; expected two or more"):
        curves.average(run, part="loss")
