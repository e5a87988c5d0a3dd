"""Completions of which likelihood, variety and sharpness are known."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy

from ae.metrics import conditional, likelihood
from ae.metrics.objective import difference
from ae.models.structured_output import CVAE
from ae.training.stack import Stack


def completing(run, seeds=2, latent=1, images=12):
    torch.manual_seed(0)
    stack = Stack([lambda: CVAE(16, quadrants=2, hidden=[4], latent=latent)] * seeds, range(seeds))
    x = (torch.rand(images, 16) > 0.5).double()
    return run(stack, x, torch.arange(images) % 3, shape=(4, 4)), x


def plain(trained, member):
    model = CVAE(16, quadrants=2, hidden=[4], latent=1)
    model.load_state_dict({k: v[member] for k, v in trained.stack.tensors().items()})
    return model


def guess(model, x):
    pixels = model.baseline_logits(x).sigmoid()
    each = binary_cross_entropy(pixels, x, reduction="none")
    return each[:, model.given == 0].sum(-1)


def test_both_estimators_and_the_bound_agree_with_an_integral(run):
    """One latent number: importance sampling and the prior's mean tend to the same truth."""
    trained, x = completing(run)
    grid = torch.linspace(-10, 10, 4001).unsqueeze(-1)
    for member in range(2):
        model = plain(trained, member)
        with torch.no_grad():
            truth = -torch.stack(
                [
                    model.log_joint(one.expand(len(grid), -1), {"z": grid}).logsumexp(0)
                    + math.log(20 / 4000)
                    for one in x
                ]
            ).mean()
        importance = likelihood.nll(trained, split="test", examples=12, samples=2000)[member]
        monte_carlo = conditional.monte_carlo(trained, examples=12, samples=2000)[member]
        assert [importance, monte_carlo] == pytest.approx([float(truth)] * 2, abs=0.02)
        with torch.no_grad():
            expected = (guess(model, x).mean() - truth) / 8
        gain = conditional.gain_per_pixel(trained, examples=12, samples=2000)[member]
        assert gain == pytest.approx(float(expected), abs=0.003)


def gaps(trained):
    return difference(trained, split="test", part="baseline", less="loss", silent=[])


def test_the_gap_is_the_baselines_cost_less_the_bound(run):
    trained, x = completing(run)
    for member, gap in enumerate(gaps(trained)):
        with torch.no_grad():
            cost = float(guess(plain(trained, member), x).mean())
        bound = -likelihood.elbo(trained, split="test", examples=12, samples=500)[member]
        assert gap == pytest.approx(cost - bound, abs=0.25)


def test_variety_is_the_deviation_of_missing_pixels_over_completions(run):
    trained, _ = completing(run)
    made = conditional.completions(trained, 12, 40).numpy()
    lost = conditional.missing(trained).numpy()
    assert made.shape == (2, 40, 12, 16)
    assert (made[..., ~lost].std(1) == 0).all()
    expected = [np.sqrt(seed[..., lost].var(0, ddof=1).mean()) for seed in made]
    assert conditional.variety(trained, examples=12, samples=40) == pytest.approx(expected)


def test_a_generator_that_ignores_its_code_has_no_variety(run):
    trained, _ = completing(run)
    with torch.no_grad():
        trained.stack.parameters["generation.0.weight"].zero_()
    assert conditional.variety(trained, examples=12, samples=5) == [0.0, 0.0]


def test_undecided_pixels_are_those_between_a_tenth_and_nine():
    pixels = torch.tensor([[[0.05, 0.5, 0.95, 0.2]], [[0.0, 1.0, 0.05, 0.91]]])
    assert conditional.blurred(pixels).tolist() == [50.0, 0.0]


def test_sharper_compares_the_baseline_with_one_completion(run):
    trained, x = completing(run)
    lost = conditional.missing(trained)
    made = conditional.completions(trained, 12, 1)[:, 0][..., lost]
    guesses = trained.of("reconstruct", "test")[..., lost]
    expected = conditional.blurred(guesses) - conditional.blurred(made)
    assert conditional.sharper(trained, examples=12) == pytest.approx(expected.tolist())
    assert x.shape == (12, 16)


def test_a_diverged_seed_is_nan(run):
    trained, _ = completing(run)
    with torch.no_grad():
        trained.stack.parameters["generation.0.weight"][1] = torch.nan
    for values in (
        conditional.variety(trained, examples=12, samples=3),
        conditional.sharper(trained, examples=12),
        conditional.gain_per_pixel(trained, examples=12, samples=5),
        gaps(trained),
        conditional.monte_carlo(trained, examples=12, samples=5),
    ):
        assert math.isfinite(values[0])
        assert math.isnan(values[1])
    assert isinstance(trained.model, nn.Module)
