"""Samples of known laws, and how far they are from images of known laws."""

import math

import pytest
import torch

from ae.metrics import digit_features, frechet
from ae.metrics.samplers import made

SIZE, CODES = 4, 400
LAWS = {"codes": CODES, "samples": 300, "steps": 3}


@pytest.fixture
def two(linear):
    """Codes around two far points: the first two numbers of the images; they are decoded as they are."""
    g = torch.Generator().manual_seed(0)
    side = torch.randint(2, (CODES,), generator=g)
    x = 0.05 * torch.randn(CODES, SIZE, generator=g) + 3 * (2 * side[:, None] - 1)
    weights = torch.eye(SIZE)[:2].expand(2, -1, -1)
    return linear(weights, x.double(), side)


def near(images):
    """Shares of samples at either of the two points."""
    return [float(((images[:, :2] - 3 * s).norm(dim=-1) < 0.5).double().mean()) for s in (-1, 1)]


def test_a_mixture_finds_both_points_and_n01_neither(two):
    for own in made(two, sampler="mixture", **LAWS):
        shares = near(own)
        assert min(shares) > 0.3
        assert sum(shares) == pytest.approx(1)
    for own in made(two, sampler="normal", **LAWS):
        assert max(near(own)) < 0.05
        assert own[:, :2].std().item() == pytest.approx(1, abs=0.1)
    own, normal = (made(two, sampler=law, **LAWS) for law in ("own", "normal"))
    assert torch.equal(own, normal)  # of a model without a prior


@pytest.mark.parametrize("sampler", ["maf", "iaf"])
def test_a_flow_learns_the_codes(linear, sampler):
    g = torch.Generator().manual_seed(0)
    x = torch.randn(CODES, SIZE, generator=g) * 5 + 20
    x[:, 1] = 0.1 * (x[:, 0] - 20) ** 2 + 0.3 * x[:, 1]
    run = linear(torch.eye(SIZE)[:2].expand(2, -1, -1), x.double())

    def miss(steps):  # of the second number from what the first says of it
        found = made(run, sampler=sampler, codes=CODES, samples=300, steps=steps)
        assert found.isfinite().all()
        expected = 0.1 * (found[..., 0] - 20) ** 2 + 6
        return float((found[..., 1] - expected).abs().median())

    assert miss(150) < 0.8 * miss(0)


def test_a_members_samples_are_those_among_others(two):
    for sampler in ("normal", "mixture", "maf"):
        whole = made(two, sampler=sampler, **LAWS)
        alone = made(two, sampler=sampler, **LAWS, members=[1])
        torch.testing.assert_close(alone[1], whole[1])
        assert alone[0].isnan().all()


def test_a_diverged_seed_has_no_samples_and_no_distance(linear):
    weights = torch.eye(SIZE)[:2].expand(2, -1, -1).clone()
    weights[0] = math.nan
    x = torch.rand(60, SIZE, generator=torch.Generator().manual_seed(0))
    run = linear(weights, x.double(), torch.arange(60) % 3)
    for sampler in ("normal", "mixture", "maf"):
        found = frechet.distance(run, sampler=sampler, codes=60, samples=50, images=60, steps=1)
        assert math.isnan(found[0])
        assert math.isfinite(found[1])


def test_nearer_laws_have_smaller_distances_and_real_images_the_least(two):
    arguments = {"codes": CODES, "samples": 300, "images": CODES, "steps": 0}
    by_mixture = frechet.distance(two, sampler="mixture", **arguments)
    by_normal = frechet.distance(two, sampler="normal", **arguments)
    real = frechet.floor(two, samples=CODES, images=CODES)
    assert all(r < m < n for r, m, n in zip(real, by_mixture, by_normal, strict=True))
    assert real == pytest.approx([0, 0], abs=1e-3)  # of laws with many variances of 0


def test_the_classifier_is_always_the_same_and_knows_what_is_easy(two, monkeypatch):
    assert frechet.classifier_accuracy(two) == [100, 100]
    first = digit_features.classifier(two)
    assert digit_features.classifier(two) is first
    monkeypatch.setattr(digit_features, "_KEPT", {})
    again = digit_features.classifier(two)
    assert again is not first
    for own, other in zip(first.weights + first.biases, again.weights + again.biases, strict=True):
        assert torch.equal(own, other)
