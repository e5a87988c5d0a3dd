"""Curves over stages, and their average height on a logarithmic axis."""

import math
from dataclasses import replace

import pytest
import torch

from ae.errors import UserError
from ae.metrics import curves
from ae.records.entries import Curve


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


def test_a_window_is_the_mean_of_its_steps_and_exact_between_points(trained):
    steps = [10, 20, 30, 40]
    values = [[4.0, 3.0, 2.0, 1.0], [5.0, 5.0, 5.0, 5.0]]
    run = trained(Curve(stage="a", part="nmse", steps=steps, examples=steps, values=values))
    assert curves.window(run, part="nmse", begin=11, end=30) == pytest.approx([2.5, 5.0])
    assert curves.window(run, part="nmse", begin=1, end=40) == pytest.approx([2.5, 5.0])
    # Between points: the term itself falls by 0.1 a step; 16 to 25 have the mean 3.0 - 0.5.
    inside = curves.window(run, part="nmse", begin=16, end=25)
    assert inside == pytest.approx([2.5, 5.0], abs=0.02)
    for first, last in ((0, 5), (31, 41), (20, 19)):
        with pytest.raises(UserError, match=f"steps {first} to {last}; expected some of 1 to 40"):
            curves.window(run, part="nmse", begin=first, end=last)


def test_a_window_of_a_seed_that_diverged_is_none(trained):
    run = trained(curve("a", "nmse", [1, 2], [[1.0, math.nan], [1.0, 2.0]]))
    values = curves.window(run, part="nmse", begin=1, end=1)
    assert math.isnan(values[0])
    assert values[1] == pytest.approx(1.0)


def test_a_watch_that_begins_before_the_curve_does_not_shorten_its_stage(trained):
    run = trained(
        curve("one", "test/loss", [5], [[9.0], [9.0]]),
        curve("one", "loss", [10, 20], [[9.0, 8.0], [7.0, 6.0]]),
        curve("two", "loss", [100], [[1.0], [1.0]]),
    )
    assert curves.line(run, "loss").examples.tolist() == [10, 20, 120]


def epochs(trained):
    values = [[9.0, 8.0, 4.0, 6.0], [1.0, 2.0, 5.0, math.nan]]
    steps, seen = [2, 4, 5, 9], [20, 40, 50, 90]
    late = Curve(stage="two", part="loss", steps=steps, examples=seen, values=values)
    return trained(curve("one", "loss", [10], [[7.0], [7.0]]), late)


def test_a_mean_between_two_steps_weighs_points_by_their_steps(trained):
    run = epochs(trained)
    assert curves.between(run, part="loss", after=0, to=4) == pytest.approx([8.5, 1.5])
    # steps 3 and 4 have 8 on average, step 5 has 4
    assert curves.between(run, part="loss", after=2, to=5) == pytest.approx([20 / 3, 3.0])
    assert curves.between(run, part="loss", after=5, to=9)[0] == 6.0
    assert math.isnan(curves.between(run, part="loss", after=4, to=9)[1])


def test_a_value_at_a_step_is_that_of_the_point_there(trained):
    run = epochs(trained)
    assert curves.at_step(run, part="loss", step=5) == [4.0, 5.0]
    assert math.isnan(curves.at_step(run, part="loss", step=9)[1])


def test_the_best_is_of_what_a_seed_saw_before_it_stopped(trained):
    run = epochs(trained)
    assert curves.least(run, part="loss") == [4.0, 1.0]
    assert curves.greatest(run, part="loss") == [9.0, 5.0]
    assert curves.evaluations(run, part="loss") == [4.0, 3.0]
    never = trained(curve("one", "loss", [1], [[math.nan], [2.0]]))
    assert math.isnan(curves.least(never, part="loss")[0])
    assert math.isnan(curves.greatest(never, part="loss")[0])


@pytest.mark.parametrize(
    ("measure", "arguments", "message"),
    [
        (curves.at_step, {"step": 6}, "of stage 'two' has no point at step 6, the nearest is 5"),
        (curves.between, {"after": 2, "to": 8}, "of stage 'two' has no point at step 8"),
        (curves.between, {"after": 5, "to": 4}, "after: found 5; expected a step before 4"),
        (curves.least, {"part": "bound"}, "part: found 'bound'"),
    ],
)
def test_a_step_without_a_point_is_named(trained, measure, arguments, message):
    with pytest.raises(UserError, match=message):
        measure(epochs(trained), **{"part": "loss", **arguments})


def test_a_gain_is_the_end_of_one_term_less_the_end_of_another(trained):
    run = trained(
        curve("one", "before/accuracy", [10, 20], [[50.0, 87.0], [60.0, 91.0]]),
        curve("two", "after/accuracy", [10, 20, 30], [[88.0, 95.0, 97.5], [90.0, 99.0, 98.0]]),
    )
    found = curves.gain(run, part="after/accuracy", over="before/accuracy")
    assert found == pytest.approx([10.5, 7.0])
    with pytest.raises(UserError, match="'softmax/accuracy'"):
        curves.gain(run, part="after/accuracy", over="softmax/accuracy")
