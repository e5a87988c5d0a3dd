"""Importance sampling against evidence that is known, and the order of the bounds."""

import math
import tracemalloc

import pytest
import torch
from densities import (
    LOGVAR,
    A,
    B,
    evidence_of_two_layers,
    evidence_on_a_grid,
    narrow_vae,
    six_bits,
    two_layers,
)
from torch.distributions import Normal, kl_divergence

from ae.errors import UserError
from ae.metrics import likelihood
from ae.training.trained_run import CHUNK

X = torch.tensor([[0.4], [-1.1], [2.0]], dtype=torch.float64)
ALL = {"split": "test", "examples": 1000}


@pytest.fixture
def layered(run):
    """Two stochastic layers; the posterior of the second seed is worse."""
    return run(two_layers([0.0, 0.4]), X, shape=(1, 1))


@pytest.fixture
def narrow(run):
    stack = narrow_vae(2)
    x = six_bits(7)
    return run(stack, x, shape=(2, 3)), evidence_on_a_grid(stack, x)


def test_many_samples_reach_the_evidence_of_two_layers(layered):
    exact = -evidence_of_two_layers(X).mean().item()
    found = likelihood.nll(layered, **ALL, samples=20000)
    assert found == pytest.approx([exact, exact], abs=0.02)


def test_many_samples_reach_the_evidence_on_a_grid(narrow):
    trained, exact = narrow
    found = likelihood.nll(trained, **ALL, samples=4000)
    assert found == pytest.approx((-exact.mean(1)).tolist(), abs=0.01)


def test_the_elbo_is_below_the_evidence_by_the_divergence_of_the_posterior(layered):
    # p(z1, z2 given x) is Gaussian; q has independent z1 ~ N(x / A + off, 1), z2 ~ N(0, 1).
    s = math.exp(-LOGVAR)
    precision = torch.tensor([[A * A * s + s, -B * s], [-B * s, B * B * s + 1]])
    found = likelihood.elbo(layered, **ALL, samples=20000)
    for off, value in zip([0.0, 0.4], found, strict=True):
        gaps = []
        for x in X.squeeze(1):
            mean = torch.linalg.solve(precision, torch.stack([A * s * x, 0 * x]))
            posterior = torch.distributions.MultivariateNormal(mean, precision_matrix=precision)
            q = torch.distributions.MultivariateNormal(
                torch.stack([x / A + off, 0 * x]), torch.eye(2)
            )
            gaps.append(kl_divergence(q, posterior))
        exact = evidence_of_two_layers(X) - torch.stack(gaps)
        assert value == pytest.approx(exact.mean().item(), abs=0.1)


def test_bounds_are_means_over_groups_of_the_same_weights(layered):
    generator = layered.generator(1, "log_weights/0")
    noise = [[torch.randn(3, 1, generator=generator) for _ in "ab"] for _ in range(12)]
    z1 = torch.stack([X / 1.5 + 0.4 + a for a, _ in noise])
    z2 = torch.stack([b for _, b in noise])
    sd = math.exp(-0.5)
    w = (
        Normal(1.5 * z1, sd).log_prob(X)
        + Normal(0.8 * z2, sd).log_prob(z1)
        - Normal(X / 1.5 + 0.4, 1.0).log_prob(z1)
    ).squeeze(-1)
    bounds = likelihood.bounds(layered, "test", 3, 12, [1, 4, 12])
    for k, found in zip([1, 4, 12], bounds, strict=True):
        exact = w.reshape(12 // k, k, 3).exp().mean(1).log().mean(0)
        torch.testing.assert_close(found[1], exact)


def test_the_bounds_never_fall_on_any_example(layered, narrow):
    for trained in (layered, narrow[0]):
        curve = likelihood.bounds(trained, "test", 1000, 500, [1, 5, 50, 500])
        assert (curve.diff(dim=0) >= -1e-12).all()
        assert (curve[-1] - curve[0] > 0.001).all()
        falls = likelihood.largest_fall(trained, **ALL, samples=500, ks=[1, 5, 50, 500])
        assert falls == [0.0, 0.0]


def test_a_bound_that_falls_is_seen(layered, monkeypatch):
    curve = torch.tensor([[[1.0, 2.0]], [[0.7, 2.5]], [[0.8, 2.4]]])
    monkeypatch.setattr(likelihood, "bounds", lambda *_: curve)
    found = likelihood.largest_fall(layered, **ALL, samples=4, ks=[1, 2, 4])
    assert found == [pytest.approx(0.3)]


def test_the_first_samples_are_the_same_however_many_follow(layered):
    five = likelihood.bounds(layered, "test", 3, 5, [5])[0]
    ten = likelihood.bounds(layered, "test", 3, 10, [5])[0]
    twice = likelihood.bounds(layered, "test", 3, 10, [10])[0]
    second = 2 * ten - five
    torch.testing.assert_close(torch.logaddexp(five, second) - math.log(2), twice)


def test_how_many_rows_the_model_sees_at_once_changes_nothing(narrow, monkeypatch):
    trained, _ = narrow
    whole = likelihood.bounds(trained, "test", 1000, 100, [1, 100])
    for rows in (7, 21, 10**6):
        monkeypatch.setattr(likelihood, "ROWS", rows)
        found = likelihood.bounds(trained, "test", 1000, 100, [1, 100])
        torch.testing.assert_close(found, whole, rtol=1e-12, atol=1e-12)


def test_memory_does_not_grow_with_the_number_of_samples(layered, monkeypatch):
    monkeypatch.setattr(likelihood, "ROWS", 60)
    peaks, sizes = [], []
    kept = likelihood.fresh_noise

    def seen(*arguments):
        noise = kept(*arguments)
        sizes.append(sum(n.numel() for n in noise.values()))
        return noise

    monkeypatch.setattr(likelihood, "fresh_noise", seen)
    for samples in (100, 1000):
        tracemalloc.start()
        likelihood.nll(layered, **ALL, samples=samples)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(sizes) == 2 * 2 * 60  # seeds, layers, rows
    assert peaks[1] < 1.5 * peaks[0] + 100_000


def test_blocks_and_pieces_are_put_together_in_order(run, monkeypatch):
    monkeypatch.setattr(likelihood, "BLOCK", 700)
    x = torch.linspace(-3, 3, CHUNK + 10).unsqueeze(1)
    trained = run(two_layers([0.0]), x, shape=(1, 1))
    found = likelihood.bounds(trained, "test", 10**6, 60, [60])[0, 0]
    exact = evidence_of_two_layers(x)
    assert (found - exact).abs().max() < 1.5
    assert abs((found - exact).mean().item()) < 0.05
    first = likelihood.bounds(trained, "test", 1400, 60, [60])[0, 0]
    torch.testing.assert_close(first, found[:1400])


def test_bits_per_dim_are_nats_over_dimensions_and_log_2(narrow):
    trained, _ = narrow
    nats = likelihood.nll(trained, **ALL, samples=10)
    bits = likelihood.bits_per_dim(trained, **ALL, samples=10)
    assert bits == pytest.approx([n / 6 / math.log(2) for n in nats])


def test_a_seed_measures_the_same_alone_as_among_others(run):
    x = six_bits(5)
    both = likelihood.nll(run(narrow_vae(2), x, shape=(2, 3)), **ALL, samples=30)
    stack = narrow_vae(2).select([1])
    assert likelihood.nll(run(stack, x, shape=(2, 3)), **ALL, samples=30) == both[1:]


def test_groups_that_do_not_divide_the_samples_are_refused(layered):
    with pytest.raises(UserError, match="samples: found 10; expected a multiple of k, which is 4"):
        likelihood.bounds(layered, "test", 1000, 10, [1, 4])
    with pytest.raises(UserError, match=r"ks: found \[2, 3\]"):
        likelihood.largest_fall(layered, **ALL, samples=6, ks=[2, 3])


def test_active_units_are_those_whose_mean_varies(linear):
    x = torch.tensor([[0.0, 0, 0, 0], [1, 1, 1, 0]])  # W x: variance w^2 / 4
    weights = torch.zeros(2, 3, 4)
    weights[0, 0, 0], weights[0, 1, 1], weights[1, 2, 2] = 0.21, 0.19, -0.3
    trained = linear(weights, x)
    found = likelihood.active_units(trained, split="train", examples=9, threshold=0.01)
    assert found == [1, 1]
    assert likelihood.active_units(trained, split="train", examples=9, threshold=0.005) == [2, 1]
    assert likelihood.active_units(trained, split="train", examples=1, threshold=0.0) == [0, 0]


def test_the_divergence_of_a_unit_is_what_torch_says(narrow):
    trained, _ = narrow
    mean, logvar = trained.stack.share("posterior", trained.test.x)
    exact = kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(0.0, 1.0)).mean(1)
    found = likelihood.kl_per_unit(trained, "test", 1000)
    torch.testing.assert_close(found, exact.detach())
    assert likelihood.kl(trained, **ALL) == pytest.approx(exact.sum(1).tolist())
    least, most = sorted(found.flatten().tolist())
    between = (least + most) / 2
    units = likelihood.kl_units(trained, **ALL, threshold=between)
    assert sorted(units) == [0, 1]


def test_overfitting_is_the_bound_of_training_images_less_that_of_test_images(run):
    trained = run(two_layers([0.0, 0.4]), X, shape=(1, 1), test_x=X[:1])
    asked = {"examples": 3, "samples": 50}
    train = likelihood.elbo(trained, split="train", **asked)
    test = likelihood.elbo(trained, split="test", **asked)
    found = likelihood.overfit(trained, **asked)
    assert found == [train[0] - test[0], train[1] - test[1]]
    # 2.0 lies far out, where the density is low: the test image 0.4 is the likelier.
    assert max(found) < -0.1


def test_overfitting_by_many_samples_is_what_the_test_images_cost_more(run):
    trained = run(two_layers([0.0, 0.4]), X, shape=(1, 1), test_x=X[2:])
    found = likelihood.nll_overfit(trained, examples=3, samples=20000)
    evidence = evidence_of_two_layers(X)
    exact = (evidence.mean() - evidence[2]).item()
    assert exact > 0.3  # 2.0 lies far out
    assert found == pytest.approx([exact, exact], abs=0.03)
