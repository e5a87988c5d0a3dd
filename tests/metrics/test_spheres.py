"""Divergences on a sphere against scipy's distribution."""

import numpy as np
import pytest
import torch
from scipy.stats import vonmises_fisher

from ae.metrics.spheres import exact_kl, kl_error
from ae.models.hyperspherical_vae import SVAE
from ae.training.stack import Stack


@pytest.mark.parametrize("m", [3, 6, 11])
def test_the_yardstick_is_minus_scipys_entropy_and_the_area(m):
    kappa = np.array([1.0, 7.0, 60.0])
    mean = np.eye(m)[0]
    uniform = vonmises_fisher(mean, 1e-9).entropy()
    exact = [uniform - vonmises_fisher(mean, k).entropy() for k in kappa]
    np.testing.assert_allclose(exact_kl(m, kappa), exact, atol=1e-6)


def test_the_models_divergence_is_right_to_a_ten_millionth_and_a_wrong_one_is_seen(
    run, monkeypatch
):
    x = torch.rand(50, 12)
    stack = Stack([lambda: SVAE(12, hidden=[9], latent=4, beta=1.0)] * 2, [0, 1])
    trained = run(stack, x, shape=(3, 4))
    assert max(kl_error(trained, examples=50)) < 1e-7
    monkeypatch.setattr(
        "ae.metrics.spheres.kl_to_uniform", lambda m, kappa: torch.zeros_like(kappa)
    )
    assert min(kl_error(trained, examples=50)) > 0.01
