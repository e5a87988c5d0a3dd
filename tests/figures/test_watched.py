"""Watched values against published ones: what is kept, and where a stopped seed ends."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ae.errors import UserError
from ae.figures import watched
from ae.figures.layout.drawing import style
from ae.records.entries import Curve

ARGUMENTS = {
    "part": "test/loss",
    "label": "loss (nats)",
    "panels": [["one"], ["two"]],
    "titles": ["first", "second"],
    "steps": [[10, 30], [20]],
    "values": [[4.0, 2.0], [7.0]],
    "source": "the log",
    "every": 10,
    "axis": "epochs",
}


@pytest.fixture
def run(linear):
    def make(name, values):
        curve = Curve(
            stage="a",
            part="test/loss",
            steps=[10, 20, 30],
            examples=[100, 200, 300],
            values=values,
        )
        made = linear(name, torch.zeros(len(values), 1, 4), torch.zeros(1, 4))
        return replace(made, curves=[curve])

    return make


def test_steps_become_the_axis_own_unit_and_published_points_are_kept(run, repainted):
    runs = [run("one", [[5.0, 3.0, 2.0], [6.0, 4.0, math.nan]]), run("two", [[9.0, 8.0, 7.0]])]
    drawing = watched.published(runs, **ARGUMENTS)
    arrays = drawing.arrays
    assert arrays["0/steps"].tolist() == [1, 3]
    assert arrays["0/values"].tolist() == [4, 2]
    assert arrays["0/run/0/steps"].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(arrays["0/run/0/values"], [[5.0, 3.0, 2.0], [6.0, 4.0, math.nan]])
    assert str(arrays["1/run/0/name"]) == "run two"
    repainted(drawing)


def test_a_mean_goes_on_with_the_seeds_that_have_not_stopped(run):
    runs = [run("one", [[5.0, 3.0, 2.0], [6.0, 5.0, math.nan]])]
    drawing = watched.published(runs, **ARGUMENTS)
    with style():
        axes = drawing.paint(drawing.arrays).axes[0]
    lines = [line.get_ydata().tolist() for line in axes.get_lines()]
    assert lines[2] == [5.5, 4.0, 2.0]
    assert lines[3] == [4.0, 2.0]


def test_points_above_the_axis_are_counted_not_drawn_over_the_title(run):
    high = ARGUMENTS | {"values": [[400.0, 2.0], [7.0]]}
    drawing = watched.published([run("one", [[5.0, 3.0, 2.0]])], **high)
    with style():
        axes = drawing.paint(drawing.arrays).axes[0]
    assert axes.get_lines()[-1].get_xydata().tolist() == [[3.0, 2.0]]
    assert [t.get_text() for t in axes.texts] == ["1 of 2 points above"]


def test_panels_keep_their_points_where_a_tier_leaves_runs_out(run):
    drawing = watched.published([run("two", [[9.0, 8.0, 7.0]])], **ARGUMENTS)
    assert drawing.arrays["titles"].tolist() == ["second"]
    assert drawing.arrays["0/values"].tolist() == [7.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"titles": ["first"]}, "titles: found 1; expected 2, one a panel"),
        ({"values": [[4.0], [7.0]]}, r"values\[0\]: expected as many as steps"),
        ({"part": "valid/loss"}, "part: found 'valid/loss'; expected one of its curves: test/loss"),
    ],
)
def test_lists_that_do_not_fit_are_named(run, change, message):
    with pytest.raises(UserError, match=message):
        watched.published([run("one", [[1.0, 1.0, 1.0]])], **ARGUMENTS | change)
