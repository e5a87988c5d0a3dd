"""A likelihood against a swept number: what is kept of the runs, and where the paper's values go."""

import numpy as np
import pytest
from densities import narrow_vae, six_bits
from known import Images

from ae.errors import UserError
from ae.figures import sweep
from ae.metrics import likelihood
from ae.training.trained_run import Trained

ARGUMENTS = {
    "split": "test",
    "examples": 7,
    "samples": 30,
    "lines": [["a-1", "a-5"], ["b-1", "b-5"]],
    "names": ["A", "B"],
    "at": [[1.0, 5.0], [1.0, 5.0]],
    "published": [[4.0, 3.9], []],
    "label": "samples in training",
}


@pytest.fixture
def run(exact_arithmetic):
    stack, data = narrow_vae(2), Images(six_bits(7), None, (2, 3))

    def make(name):
        return Trained(name=name, label=name, stack=stack, train=data, test=data)

    return make


def test_a_line_holds_the_values_that_the_metric_gives(run, repainted):
    runs = [run("b-5"), run("a-5"), run("a-1")]
    arrays = sweep.nll(runs, **ARGUMENTS).arrays
    expected = likelihood.nll(run("a-5"), split="test", examples=7, samples=30)
    np.testing.assert_allclose(arrays["0/values"], [expected, expected])
    assert arrays["0/at"].tolist() == [1, 5]
    assert arrays["1/at"].tolist() == [5]  # the tier leaves b-1 out
    assert arrays["0/published"].tolist() == [4.0, 3.9]
    assert arrays["1/published"].tolist() == []
    repainted(sweep.nll(runs, **ARGUMENTS))


def test_a_figure_does_not_estimate_again_what_a_metric_has(run, monkeypatch):
    one = run("a-1")
    value = likelihood.nll(one, split="test", examples=7, samples=30)
    monkeypatch.setattr(likelihood, "bounds", None)
    arrays = sweep.nll([one], **ARGUMENTS).arrays
    np.testing.assert_allclose(arrays["0/values"], [value])


def drawn(values, published):
    axes = sweep._paint(
        {
            "text": np.array(["k", "nats", "key"]),
            "0/name": np.array("A"),
            "0/at": np.array([1.0, 5.0]),
            "0/values": np.array(values),
            "0/published": np.array(published),
        }
    ).axes[0]
    return {line.get_marker(): line for line in axes.lines}, axes


def test_the_line_is_the_mean_of_the_seeds_that_are_finite():
    lines, axes = drawn([[3.0, 5.0], [2.0, np.nan]], [])
    assert lines["o"].get_ydata().tolist() == [4, 2]
    assert lines["."].get_ydata().tolist() == [3, 5, 2]
    assert [text.get_text() for text in axes.texts] == ["a seed diverged"]


def test_published_values_are_crosses():
    lines, _ = drawn([[86.0, 87.0], [85.0, 85.5]], [86.76, 84.78])
    assert lines["x"].get_ydata().tolist() == [86.76, 84.78]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": ["A"]}, "names: found 1; expected 2, one a line"),
        ({"at": [[1.0], [1.0, 5.0]]}, "at: found 1 numbers for line 'A'; expected 2, one a run"),
        (
            {"published": [[], [1.0]]},
            "published: found 1 numbers for line 'B'; expected 2, one a run",
        ),
    ],
)
def test_lists_that_do_not_fit_are_refused(change, said):
    with pytest.raises(UserError, match=said):
        sweep.nll([], **ARGUMENTS | change)
