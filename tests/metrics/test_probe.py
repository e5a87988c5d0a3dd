"""Classification errors that can be counted by hand, and scikit-learn's."""

import math

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from ae.errors import UserError
from ae.metrics import anomaly, neighbours, probe

SETTINGS = {"inverse_penalty": 1.0, "max_iter": 500, "train_examples": 999}
NEAREST = {"k": 1, "train_examples": 3, "test_examples": 3}


def test_classification_error_counts_wrong_answers(linear):
    x = torch.eye(4)[[0, 1, 2, 3, 0]]
    weights = torch.stack([torch.eye(4), torch.eye(4).roll(1, 0), torch.full((4, 4), math.nan)])
    trained = linear(weights, x, torch.tensor([0, 1, 2, 0, 1]))
    right, wrong, diverged = probe.classification_error(trained, split="test")
    assert right == pytest.approx(40.0)  # the last two
    assert wrong == pytest.approx(60.0)  # answers 1, 2, 3, 0, 1
    assert math.isnan(diverged)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (probe.logistic_error, SETTINGS),
        (probe.svm_error, SETTINGS),
        (neighbours.knn_error, {**NEAREST, "code": "mean"}),
        (neighbours.pixel_knn_error, NEAREST),
        (probe.classification_error, {"split": "train"}),
        (anomaly.anomalous, {}),
    ],
)
def test_hidden_labels_are_refused_even_where_the_examples_asked_for_show_theirs(
    linear, function, arguments
):
    (x, y), (test_x, test_y) = _blobs(6), _blobs(6)
    y[5] = -1
    trained = linear(torch.randn(2, 3, 4), x, y, test_x=test_x, test_y=test_y)
    with pytest.raises(UserError) as caught:
        function(trained, **arguments)
    assert str(caught.value) == (
        "run 'a': a metric or figure asks for the labels of the train split, of which "
        "data.labelled hides 1; leave it out on this run"
    )
    assert len(probe.classification_error(trained, split="test")) == 2


def _blobs(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    y = torch.arange(count) % 3
    centres = torch.tensor([[0.0, 0, 0, 0], [2, 0, 1, 0], [0, 2, 0, 1]])
    return centres[y] + torch.randn(count, 4), y


def test_logistic_error_is_what_sklearn_says_of_the_codes(linear):
    (x, y), (test_x, test_y) = _blobs(150), _blobs(90)
    weights = torch.randn(3, 2, 4)
    weights[1] = math.nan
    trained = linear(weights, x, y, test_x=test_x, test_y=test_y)
    found = probe.logistic_error(trained, **SETTINGS)
    for i in (0, 2):
        oracle = LogisticRegression(C=1.0, max_iter=500).fit((x @ weights[i].T).numpy(), y)
        expected = 100 * (1 - oracle.score((test_x @ weights[i].T).numpy(), test_y))
        assert found[i] == pytest.approx(expected, rel=1e-12)
        assert 5 < found[i] < 66
    assert math.isnan(found[1])


def test_accuracy_is_what_error_leaves(linear):
    x, y = _blobs(150)
    trained = linear(torch.randn(2, 2, 4), x, y)
    error = probe.logistic_error(trained, **SETTINGS)
    accuracy = probe.logistic_accuracy(trained, **SETTINGS)
    assert [a + e for a, e in zip(accuracy, error, strict=True)] == pytest.approx([100.0] * 2)
    assert min(error) > 0


def test_logistic_error_uses_the_examples_and_the_penalty_it_is_told(linear):
    x = torch.tensor([[-1.0], [1.0], [1.0], [1.0]])
    trained = linear(torch.ones(1, 1, 1), x, torch.tensor([0, 1, 0, 0]))
    two = {**SETTINGS, "train_examples": 2}
    assert probe.logistic_error(trained, **two) == [50.0]  # 1 means 1, as far as two can tell
    assert probe.logistic_error(trained, **SETTINGS) == [25.0]


def test_a_fit_that_does_not_converge_is_an_error(linear):
    x, y = _blobs(150)
    trained = linear(torch.randn(1, 2, 4), x, y)
    message = (
        r"^probe.logistic_error on run 'a': not converged after max_iter = 2 iterations; "
        r"raise max_iter, or lower inverse_penalty$"
    )
    with pytest.raises(UserError, match=message):
        probe.logistic_error(trained, **{**SETTINGS, "max_iter": 2})


def test_mostly_empty_codes_give_what_sklearn_says_of_them_as_they_are(linear):
    (x, y), (test_x, test_y) = _blobs(150), _blobs(90)
    wide, test_wide = torch.zeros(150, 36), torch.zeros(90, 36)
    wide[:, ::9], test_wide[:, ::9] = x, test_x  # a ninth of the entries are not 0
    trained = linear(torch.eye(36)[None], wide, y, test_x=test_wide, test_y=test_y)
    oracle = LogisticRegression(C=1.0, max_iter=500).fit(x.numpy(), y)
    expected = 100 * (1 - oracle.score(test_x.numpy(), test_y))
    assert probe.logistic_error(trained, **SETTINGS) == [pytest.approx(expected, rel=1e-12)]


def test_the_codes_are_those_of_the_method_that_is_named(linear):
    (x, y), (test_x, test_y) = _blobs(150), _blobs(90)
    weights = torch.tensor([[[1.0, 0, 0, 0]]])
    trained = linear(weights, x, y, test_x=test_x, test_y=test_y)
    oracle = LogisticRegression(C=1.0, max_iter=500).fit(x[:, :1].numpy(), y)
    expected = 100 * (1 - oracle.score(test_x[:, :1].numpy(), test_y))
    for codes in ("encode", "reconstruct"):
        found = probe.logistic_error(trained, **SETTINGS, codes=codes)
        assert found == [pytest.approx(expected, rel=1e-12)]
    zero = linear(torch.zeros(1, 1, 4), x, y, test_x=test_x, test_y=test_y)
    assert probe.logistic_error(zero, **SETTINGS, codes="encode") != found


def test_svm_error_is_what_sklearn_says_of_the_codes(linear):
    (x, y), (test_x, test_y) = _blobs(150), _blobs(90)
    weights = torch.randn(3, 2, 4)
    weights[1] = math.nan
    trained = linear(weights, x, y, test_x=test_x, test_y=test_y)
    found = probe.svm_error(trained, **SETTINGS)
    for i in (0, 2):
        oracle = LinearSVC(C=1.0, dual=False).fit((x @ weights[i].T).numpy(), y)
        expected = 100 * (1 - oracle.score((test_x @ weights[i].T).numpy(), test_y))
        assert found[i] == pytest.approx(expected, rel=1e-12)
        assert 5 < found[i] < 66
    assert math.isnan(found[1])
    few = probe.svm_error(trained, **{**SETTINGS, "train_examples": 9})
    assert few != found
    with pytest.raises(UserError, match=r"^probe.svm_error on run 'a': not converged after max_it"):
        probe.svm_error(trained, **{**SETTINGS, "max_iter": 1})


def test_a_self_taught_classifier_is_scikit_learns_on_the_other_classes(linear):
    """Classes 0 and 1 are asked for, in the order of the set: the first half fits, the rest scores."""
    g = torch.Generator().manual_seed(1)
    x, y = torch.rand(120, 4, generator=g), torch.arange(120) % 4
    x[y == 1, 0] += 0.4
    weights = torch.randn(2, 3, 4, generator=g)
    kept = y > 1
    trained = linear(weights, x[kept], y[kept], test_x=x, test_y=y)
    given = {"classes": [0, 1], "share": 0.5, "decay": 0.01, "max_iter": 500}
    values = probe.self_taught_accuracy(trained, **given)
    asked = (y < 2).numpy()
    for i, value in enumerate(values):
        codes, known = (x @ weights[i].T).numpy()[asked], y.numpy()[asked]
        classifier = LogisticRegression(C=1 / (30 * 0.01), fit_intercept=False, max_iter=500)
        classifier.fit(codes[:30], known[:30])
        assert value == pytest.approx(100 * classifier.score(codes[30:], known[30:]))


def test_accuracy_is_what_the_error_leaves(linear):
    weights = torch.randn(2, 3, 4)
    trained = linear(weights, torch.rand(30, 4), torch.arange(30) % 3)
    errors = probe.classification_error(trained, split="test")
    assert probe.classification_accuracy(trained, split="test") == [100 - e for e in errors]
