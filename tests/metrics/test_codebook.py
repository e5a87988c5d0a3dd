"""Usage, rates and distortions of codes against counts by hand, scipy and identities."""

import math

import numpy as np
import pytest
import torch
from coded import ENTRIES, PLACES, SEEDS, SIDE, built, plain
from scipy.stats import entropy, norm

from ae.metrics import codebook
from ae.models.residual_k_means import ResidualKMeans
from ae.training.stack import Stack


@pytest.fixture
def trained(run):
    levels = torch.randint(256, (60, SIDE**2)) / 255
    return run(Stack([built] * 3, SEEDS), levels[:40], shape=(SIDE, SIDE), test_x=levels[40:])


def codes(trained, seed, split):
    return plain(trained, seed).codes(trained.split(split).x).numpy()


def test_usage_and_perplexity_are_of_the_whole_split(trained):
    used, effective = (f(trained, split="test") for f in (codebook.usage, codebook.perplexity))
    for seed in range(3):
        counts = np.bincount(codes(trained, seed, "test").ravel(), minlength=ENTRIES)
        assert used[seed] == pytest.approx(100 * (counts > 0).mean())
        assert effective[seed] == pytest.approx(math.exp(entropy(counts)))
    assert min(used) < 100


def test_the_uniform_prior_costs_the_logarithm_of_the_entries_a_code(trained):
    found = codebook.rate(trained, split="test", examples=20, prior="uniform")
    assert found == pytest.approx([PLACES * math.log2(ENTRIES) / SIDE**2] * 3, rel=1e-12)


def test_the_independent_prior_costs_the_cross_entropy_of_each_places_counts(trained):
    found = codebook.rate(trained, split="test", examples=15, prior="independent")
    for seed in range(3):
        seen, coded = codes(trained, seed, "train"), codes(trained, seed, "test")[:15]
        bits = 0.0
        for place in range(PLACES):
            counts = 1 + np.bincount(seen[:, place], minlength=ENTRIES)
            bits -= np.log2(counts[coded[:, place]] / counts.sum()).mean()
        assert found[seed] == pytest.approx(bits / SIDE**2)


def test_the_learned_prior_costs_what_the_model_says(trained):
    nll = codebook.prior_nll(trained, split="test", examples=15)
    right = codebook.prior_accuracy(trained, split="test", examples=15)
    rate = codebook.rate(trained, split="test", examples=15, prior="learned")
    apart = codebook.rate(trained, split="test", examples=15, prior="independent")
    more = codebook.dependence(trained, split="test", examples=15)
    for seed in range(3):
        model, coded = plain(trained, seed), torch.from_numpy(codes(trained, seed, "test")[:15])
        expected = -model.log_prior(coded).mean().item() / PLACES
        assert nll[seed] == pytest.approx(expected)
        assert rate[seed] == pytest.approx(expected * PLACES / SIDE**2 / math.log(2))
        bits = (apart[seed] - rate[seed]) * SIDE**2 / PLACES
        assert more[seed] == pytest.approx(bits * math.log(2))
        likeliest = (model.logits(coded).argmax(1) == coded).double().mean().item()
        assert right[seed] == pytest.approx(100 * likeliest)


def test_codes_are_seen_in_parts_without_a_difference(trained, monkeypatch):
    whole = codebook.prior_nll(trained, split="test", examples=15)
    monkeypatch.setattr(codebook, "PART", 4)
    assert codebook.prior_nll(trained, split="test", examples=15) == pytest.approx(whole, rel=1e-12)


def test_distortion_is_the_probability_of_grey_levels_under_scipys_normal_law(trained):
    found = codebook.distortion(trained, split="test", examples=10)
    for seed in range(3):
        model, x = plain(trained, seed), trained.test.x[:10]
        seen = trained.train.x[:10]
        std = ((model.reconstruct(seen) - seen) ** 2).mean().sqrt().item()
        made, x = model.reconstruct(x).detach().numpy(), x.numpy()
        edges = np.concatenate([[-np.inf], (np.arange(255) + 0.5) / 255, [np.inf]])
        level = np.round(x * 255).astype(int)
        mass = norm.cdf(edges[level + 1], made, std) - norm.cdf(edges[level], made, std)
        assert found[seed] == pytest.approx(-np.log2(mass).mean(), rel=1e-8)


def test_rate_and_distortion_make_the_bound(trained):
    given = {"split": "test", "examples": 10}
    for prior in ("uniform", "independent", "learned"):
        rate = codebook.rate(trained, prior=prior, **given)
        distortion = codebook.distortion(trained, **given)
        whole = codebook.bits_per_dim(trained, prior=prior, **given)
        assert whole == pytest.approx([a + b for a, b in zip(rate, distortion, strict=True)])


def test_a_diverged_seed_has_no_distortion(trained):
    with torch.no_grad():
        trained.stack.parameters["decoder.0.layer.weight"][1] = math.nan
    found = codebook.distortion(trained, split="test", examples=10)
    assert [math.isnan(value) for value in found] == [False, True, False]


def test_rises_count_depths_that_leave_more_than_they_found(run):
    def fitted():
        return ResidualKMeans(16, colours=1, patch=4, entries=2, depth=2, steps=1)

    stack, x = Stack([fitted] * 2, [0, 1]), torch.ones(5, 16)
    stack.buffers["codebooks"][0, 0] = 1.0  # takes all away; the second depth has entries 0 and 3
    stack.buffers["codebooks"][0, 1] = torch.tensor([3.0, 3.0])[:, None]
    stack.buffers["codebooks"][1] = torch.tensor([[0.5, 9], [0.25, 9]])[..., None]
    found = codebook.rises(run(stack, x, shape=(4, 4)), split="test")
    assert found == [50.0, 0.0]  # 1, 0, 9 and 1, .25, .0625


def test_the_codebook_has_its_entries(trained):
    assert codebook.entries(trained) == ENTRIES
