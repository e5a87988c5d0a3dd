"""Each term of the novelty density against scipy and a known manifold."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import gennorm, norm
from sklearn.metrics import roc_auc_score

from ae.errors import UserError
from ae.metrics import novelty


def line(linear, angle=0.3):
    """Class 0 lies near a line that the first seed's weights point along; class 1 anywhere."""
    g = torch.Generator().manual_seed(4)
    along = torch.tensor([math.cos(angle), math.sin(angle), 0.0, 0.0])
    normal = torch.randn(300, 1, generator=g) * along + 0.05 * torch.randn(300, 4, generator=g)
    x = torch.cat([normal, torch.randn(100, 4, generator=g)])
    y = torch.tensor([0] * 300 + [1] * 100)
    weights = torch.stack([along, along.roll(2)]).unsqueeze(1)
    return linear(weights, x[:200], y[:200], test_x=x[200:], test_y=y[200:]), x, y


def test_the_volume_is_the_product_of_the_singular_values(linear):
    weights = torch.randn(2, 3, 4)
    x = torch.rand(10, 4)
    trained = linear(weights, x, torch.arange(10) % 2)
    for seed in range(2):
        expected = np.log(np.linalg.svd(weights[seed].numpy(), compute_uv=False)).sum()
        np.testing.assert_allclose(novelty.log_volume(trained, seed), expected, rtol=1e-9)


def test_a_normal_sample_is_fitted_by_a_normal():
    draw = np.random.default_rng(0)
    known = draw.normal(size=(4000, 2)) * [1.0, 3.0] + [0.0, 2.0]
    asked = np.array([[0.5, 1.0], [3.0, 8.0]])
    expected = norm.logpdf(asked, [0.0, 2.0], [1.0, 3.0]).sum(1)
    np.testing.assert_allclose(novelty.log_code(known, asked), expected, atol=0.15)
    laplace = gennorm.rvs(1.0, size=(4000, 1), random_state=1)
    found = novelty.log_code(laplace, np.array([[0.0], [4.0]]))
    np.testing.assert_allclose(found, gennorm.logpdf([0.0, 4.0], 1.0), atol=0.15)
    assert novelty.log_code(known, np.full((1, 2), 1e9)).tolist() == [novelty.UNLIKELY]


def test_the_histogram_is_a_density_and_vanishes_beyond():
    known = np.linspace(1.0, 2.0, 601)
    asked = np.array([0.0, 0.5, 1.0, 1.5, 1.999, 2.0, 5.0])
    found = novelty.histogram(known, asked)
    np.testing.assert_allclose(found[2:5], 1.0, rtol=0.06)
    assert found[1] == pytest.approx(found[2] / 2)
    assert (found[[0, 5, 6]] == novelty.TINY).all()


def test_log_p_is_the_sum_of_three_terms(linear):
    trained, x, y = line(linear)
    strange = (y[200:] != 0).numpy()
    w = trained.stack.parameters["weight"][0, 0].detach().numpy()
    known, asked = x[:200].numpy(), x[200:].numpy()

    def far(rows):
        return np.linalg.norm(rows - np.outer(rows @ w, w), axis=1)

    tangent = -np.log(np.linalg.norm(w))
    code = novelty.log_code((known @ w)[:, None], (asked @ w)[:, None])
    n = 3 * 0.5
    sphere = math.lgamma(n / 2) - n / 2 * math.log(2 * math.pi)
    density = np.log(novelty.histogram(far(known), far(asked)))
    expected = tangent + code + sphere - (n - 1) * np.log(far(asked)) + density
    terms = novelty._terms(trained, 0)
    np.testing.assert_allclose(terms.total(0.5), expected, rtol=1e-6)
    values = novelty.auroc(trained, power=0.5)
    assert values[0] == pytest.approx(roc_auc_score(strange, -expected))
    # The tangent is the same everywhere for a linear code.
    assert novelty.auroc_without_tangent(trained, power=0.5) == pytest.approx(values)


def test_what_lies_off_the_line_is_found(linear):
    assert novelty.auroc(line(linear)[0], power=1.0)[0] > 0.95


def test_diverged_seeds_and_one_kind_alone(linear):
    trained, x, _ = line(linear)
    with torch.no_grad():
        trained.stack.parameters["weight"][1] = torch.nan
    values = novelty.auroc(trained, power=1.0)
    assert values[0] > 0.9
    assert math.isnan(values[1])
    alone = linear(torch.rand(1, 1, 4), x, torch.zeros(400, dtype=torch.int64))
    with pytest.raises(UserError, match=r"^anomaly: run 'a': the test set has no anomalous"):
        novelty.auroc(alone, power=1.0)
