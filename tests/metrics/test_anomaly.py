"""AUROC against scikit-learn's, and what a detector can and cannot know."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA as Components
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ae.errors import UserError
from ae.metrics import anomaly
from ae.models.error_detector import ErrorDetector
from ae.models.mirrored import AMA
from ae.models.pca import PCA
from ae.training.stack import Stack


@pytest.mark.parametrize("levels", [3, 50, 10**9])
def test_area_is_sklearns_with_and_without_ties(levels):
    draw = np.random.default_rng(levels)
    positive = draw.random(400) < 0.3
    score = np.floor(draw.random(400) * levels) + positive * levels // 4
    expected = roc_auc_score(positive, score)
    assert anomaly.area(score, positive) == pytest.approx(expected, abs=1e-12)
    assert anomaly.area(-score, positive) == pytest.approx(1 - expected, abs=1e-12)


def test_a_constant_score_is_a_coin_and_a_perfect_one_is_1():
    positive = np.array([True, False, False, True, False])
    assert anomaly.area(np.ones(5), positive) == 0.5
    assert anomaly.area(positive * 3.0, positive) == 1.0


def one_class(linear, weights, x, y, normal):
    """A run whose training set has the normal classes only."""
    kept = torch.isin(y, torch.tensor(normal))
    return linear(weights, x[kept], y[kept], test_x=x, test_y=y)


def test_what_a_run_reconstructs_is_normal_and_the_rest_is_not(linear):
    """Digits of class 0 lie along the first pixel, which the first seed keeps and gives back."""
    x = torch.rand(60, 4) / 10
    y = torch.arange(60) % 3
    x[y == 0, 0], x[y == 1, 1], x[y == 2, 2] = 1, 1, 1
    first = torch.zeros(2, 1, 4)
    first[0, 0, 0], first[1, 0, 1] = 1, 1
    trained = one_class(linear, first, x, y, [0])
    assert anomaly.anomalous(trained).tolist() == (y != 0).tolist()
    lost = ((x - torch.stack([x * first[i, 0] for i in range(2)])) ** 2).mean(-1)
    expected = [roc_auc_score((y != 0).numpy(), own.numpy()) for own in lost]
    assert anomaly.auroc(trained) == pytest.approx(expected, abs=1e-12)
    assert expected[0] == 1.0
    assert expected[1] < 0.6
    assert anomaly.auroc(one_class(linear, first, x, y, [0, 2]))[1] == 0.0


def detectors(run, detail):
    """Two seeds of a net on 300 images, whose class 1 has its own pixel; 0 is normal."""
    g = torch.Generator().manual_seed(5)
    x, y = torch.rand(300, 9, generator=g), torch.arange(300) % 2
    x[:, 4] = torch.where(y == 1, 0.8, 0.5) + 0.2 * torch.randn(300, generator=g)
    stack = Stack([lambda: ErrorDetector(9, hidden=[5], latent=2, detail=detail)] * 2, [0, 1])
    trained = run(stack, x[y == 0], y[y == 0], shape=(3, 3), test_x=x, test_y=y)
    return trained, x, y.numpy() == 1


FIT = {"labelled": 0.5, "inverse_penalty": 10.0, "max_iter": 500}


def test_a_detector_of_one_number_is_the_number(run):
    trained, x, strange = detectors(run, 0.0)
    score = ((trained.of("reconstruct", "test") - x) ** 2).mean(-1)
    expected = [roc_auc_score(strange[150:], own.numpy()) for own in score[:, 150:]]
    values = anomaly.detector_auroc(trained, **FIT)
    # The side of the threshold is learned, too.
    assert [max(v, 1 - v) for v in values] == pytest.approx(
        [max(e, 1 - e) for e in expected], abs=1e-12
    )


def test_a_detector_of_the_vector_is_sklearns_regression_on_it(run):
    trained, x, strange = detectors(run, 1.0)
    errors = ((trained.of("reconstruct", "test") - x) ** 2).numpy()
    expected = []
    for own in errors:
        fitted = LogisticRegression(C=10.0, max_iter=500).fit(own[:150], strange[:150])
        expected.append(roc_auc_score(strange[150:], fitted.predict_proba(own[150:])[:, 1]))
    values = anomaly.detector_auroc(trained, **FIT)
    assert values == pytest.approx(expected, abs=1e-12)
    one_number, _, _ = detectors(run, 0.0)
    gains = np.subtract(values, anomaly.detector_auroc(one_number, **FIT))
    assert gains.min() > 0.05


def test_the_vector_of_the_mean_image_is_what_labels_alone_give(run):
    _, x, strange = detectors(run, 1.0)
    stack = Stack([lambda: PCA(9, latent=0)], [0])
    stack.share("fit", x[~strange])
    y = torch.tensor(strange).long()
    trained = run(stack, x[~strange], y[~strange], shape=(3, 3), test_x=x, test_y=y)
    errors = ((x - x[~strange].mean(0)) ** 2).numpy()
    fitted = LogisticRegression(C=10.0, max_iter=500).fit(errors[:150], strange[:150])
    expected = roc_auc_score(strange[150:], fitted.decision_function(errors[150:]))
    assert anomaly.detector_auroc(trained, **FIT) == [pytest.approx(expected, abs=1e-9)]


def test_a_fit_that_does_not_converge_and_parts_of_one_kind_are_refused(run, linear):
    trained, x, _ = detectors(run, 1.0)
    with pytest.raises(UserError, match=r"^anomaly.detector_auroc on run 'a': not converged after"):
        anomaly.detector_auroc(trained, **{**FIT, "max_iter": 1, "inverse_penalty": 1e6})
    with pytest.raises(UserError, match=r"the first 1 of the test set has no anomalous example"):
        anomaly.detector_auroc(trained, **{**FIT, "labelled": 0.004})
    all_normal = linear(torch.zeros(1, 1, 9), x, torch.zeros(300, dtype=torch.int64))
    with pytest.raises(UserError, match=r"^anomaly: run 'a': the test set has no anomalous"):
        anomaly.auroc(all_normal)


def test_a_diverged_seed_is_nan(linear):
    weights = torch.zeros(2, 1, 4)
    weights[1] = torch.nan
    x, y = torch.rand(6, 4), torch.arange(6) % 2
    values = anomaly.auroc(one_class(linear, weights, x, y, [0]))
    assert 0 <= values[0] <= 1
    assert np.isnan(values[1])


def test_any_number_of_a_model_can_be_the_score(run):
    """As it is; or centred, how far it is from its mean over the training images."""
    given = {"colours": 1, "planes": [], "hidden": [5], "latent": 2, "critic": 4}
    weights = dict.fromkeys(
        ("norm_weight", "atypical", "atypical_weight", "interpolation", "gradient_penalty"), 1.0
    )
    stack = Stack([lambda: AMA(9, **given, **weights, activation="relu")] * 2, [0, 1])
    x, y = torch.rand(90, 9), torch.arange(90) % 3
    kept = y == 0
    trained = run(stack, x[kept], y[kept], shape=(3, 3), test_x=x, test_y=y)
    strange = (~kept).numpy()
    found, rivals = {}, []
    for method in ("mirror_score", "pixel_score", "norm_score"):
        score = stack.share(method, x).detach().numpy()
        plain = [roc_auc_score(strange, own) for own in score]
        assert anomaly.auroc_of(trained, method=method, centred=False) == pytest.approx(plain)
        far = [np.abs(own - own[kept.numpy()].mean()) for own in score]
        centred = [roc_auc_score(strange, own) for own in far]
        assert anomaly.auroc_of(trained, method=method, centred=True) == pytest.approx(centred)
        assert plain != pytest.approx(centred)
        found[method] = centred
    for components in (1, 8):
        fitted = Components(components).fit(x[kept].numpy())
        off = np.abs(x.numpy() - fitted.inverse_transform(fitted.transform(x.numpy()))).mean(1)
        rival = roc_auc_score(strange, np.abs(off - off[kept.numpy()].mean()))
        gain = anomaly.auroc_gain(
            trained,
            method="mirror_score",
            over="pixel_score",
            components=components,
            centred=True,
        )
        pairs = zip(found["mirror_score"], found["pixel_score"], strict=True)
        assert gain == pytest.approx([a - max(b, rival) for a, b in pairs])
        rivals.append([rival > b for b in found["pixel_score"]])
    assert {*rivals[0], *rivals[1]} == {True, False}  # each of the two is the better one somewhere
