"""Training curves: what is kept of the runs, the band, and the limits."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ae.errors import UserError
from ae.figures import curves
from ae.figures.layout.drawing import style
from ae.records.entries import Curve

ARGUMENTS = {
    "part": "loss",
    "label": "loss (nats)",
    "panels": [],
    "titles": [],
    "names": [],
    "levels": [],
    "level": "",
    "test_examples": 0,
}


@pytest.fixture
def run(linear):
    def make(name, values, examples=(100, 1000, 10_000)):
        found = Curve(
            stage="a", part="loss", steps=[1, 2, 3], examples=list(examples), values=values
        )
        seeds = len(values)
        made = linear(name, torch.zeros(seeds, 1, 4), torch.zeros(1, 4))
        return replace(made, curves=[found])

    return make


def test_all_runs_stand_in_one_panel_under_their_labels(run, repainted):
    runs = [run("one", [[3.0, 2.0, 1.0], [5.0, 4.0, 3.0]]), run("two", [[9.0, 8.0, 7.0]])]
    drawing = curves.training(runs, **ARGUMENTS)
    assert drawing.arrays["0/0/values"].tolist() == [[3, 2, 1], [5, 4, 3]]
    assert drawing.arrays["0/1/examples"].tolist() == [100, 1000, 10_000]
    assert (str(drawing.arrays["0/0/name"]), str(drawing.arrays["0/1/name"])) == (
        "run one",
        "run two",
    )
    repainted(drawing)


def test_panels_keep_their_places_where_a_tier_leaves_runs_out(run, repainted):
    runs = [run("b-3", [[3.0, 2.0, 1.0]]), run("a-9", [[9.0, 8.0, 7.0]])]
    drawing = curves.training(
        runs,
        **ARGUMENTS
        | {
            "panels": [["a-3", "b-3"], ["a-5", "b-5"], ["a-9", "b-9"]],
            "titles": ["three", "five", "nine"],
            "names": ["A", "B"],
            "levels": [-3.0, -5.0, -9.0],
            "level": "paper",
        },
    )
    assert drawing.arrays["titles"].tolist() == ["three", "nine"]
    assert drawing.arrays["levels"].tolist() == [-3.0, -9.0]
    kept = {k: str(v) for k, v in drawing.arrays.items() if k.endswith("/name")}
    assert kept == {"0/1/name": "B", "1/0/name": "A"}
    assert drawing.arrays["1/0/values"].tolist() == [[9, 8, 7]]
    repainted(drawing)


def test_the_band_is_mean_least_and_greatest_of_whole_seeds():
    values = np.array([[1.0, 2.0], [3.0, 8.0], [0.0, np.nan]])
    assert curves.band(values).tolist() == [[2, 5], [1, 2], [3, 8]]
    assert np.isnan(curves.band(values[2:])).all()


def test_the_limits_leave_out_how_a_curve_begins():
    curve = np.tile(np.array([-500.0, -300.0, -10.0, -9.0, -8.0, -7.0, -6.0, -5.0, -4.0, 0.0]), 3)
    low, high = curves.limits([curve.reshape(3, 10)], [10.0])
    assert (low, high) == pytest.approx((-10 - 0.06 * 20, 10 + 0.06 * 20))
    assert curves.limits([np.full((3, 4), np.nan)], []) == (0.0, 1.0)


def test_a_run_that_diverged_is_drawn(run, repainted):
    repainted(curves.training([run("a", [[1.0, float("nan"), 2.0]])], **ARGUMENTS))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"part": "kl"}, "run 'a': part: found 'kl'; expected one of its curves: loss"),
        ({"titles": ["x", "y"]}, "titles: found 2; expected 1, a title a panel"),
        ({"levels": [1.0, 2.0]}, "levels: found 2; expected 1, a level a panel, or none"),
        ({"names": ["x", "y"]}, "names: found 2; expected 1, a name for each run of the largest"),
    ],
)
def test_lists_that_do_not_fit_are_refused(run, change, message):
    with pytest.raises(UserError) as caught:
        curves.training([run("a", [[1.0, 2.0, 3.0]])], **ARGUMENTS | change)
    assert message in str(caught.value)


@pytest.mark.parametrize("panels", [1, 2, 3])
@pytest.mark.parametrize("length", [4, 30, 70, 160])
@pytest.mark.parametrize("count", [2, 7])
def test_a_legend_of_long_names_stays_inside_the_picture(run, panels, length, count):
    runs = [run(f"r{i}", [[3.0, 2.0, 1.0]]) for i in range(count)]
    each = [r.name for r in runs]
    names = [f"{i} " + ("name " * 40)[: length - 2] for i in range(count)]
    given = {"panels": [each] * panels, "titles": ["t"] * panels, "names": names}
    drawing = curves.training(runs, **ARGUMENTS | given)
    with style():
        figure = drawing.paint(drawing.arrays)
        figure.draw_without_rendering()
        (legend,) = figure.legends
        box, whole = legend.get_window_extent(), figure.bbox
    assert whole.x0 <= box.x0
    assert box.x1 <= whole.x1
    assert box.y0 >= whole.y0
    assert len(legend.get_texts()) == count
