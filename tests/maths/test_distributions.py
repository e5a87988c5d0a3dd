"""Distributions of pixels against torch.distributions."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal

from ae.maths import distributions

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def test_bernoulli_is_what_torch_says():
    logits, x = torch.randn(5, 7), torch.rand(5, 7).round()
    ours, theirs = distributions.Bernoulli(logits), Bernoulli(logits=logits)
    torch.testing.assert_close(ours.mean, theirs.mean)
    torch.testing.assert_close(ours.log_prob(x), theirs.log_prob(x).sum(-1))


def test_normal_is_what_torch_says():
    mean, logvar, x = torch.randn(3, 5, 7)
    ours, theirs = distributions.Normal(mean, logvar), Normal(mean, (logvar / 2).exp())
    torch.testing.assert_close(ours.mean, theirs.mean)
    torch.testing.assert_close(ours.log_prob(x), theirs.log_prob(x).sum(-1))


def test_samples_have_the_mean_and_the_spread():
    logits = torch.tensor([-2.0, 0.0, 1.0])
    drawn = distributions.Bernoulli(logits.expand(100_000, -1)).sample(torch.rand(100_000, 3))
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(drawn.mean(0), logits.sigmoid(), rtol=0, atol=0.01)
    mean, logvar = torch.tensor([1.0, -3.0]), torch.tensor([math.log(4.0), 0.0])
    given = distributions.Normal(mean.expand(100_000, -1), logvar.expand(100_000, -1))
    drawn = given.sample(torch.randn(100_000, 2))
    torch.testing.assert_close(drawn.mean(0), mean, rtol=0, atol=0.04)
    torch.testing.assert_close(drawn.std(0), torch.tensor([2.0, 1.0]), rtol=0.02, atol=0)


def test_categorical_is_what_torch_says():
    logits, level = torch.randn(5, 7, 4), torch.randint(4, (5, 7))
    ours = distributions.Categorical.of(logits, 1e-9)
    theirs = torch.distributions.Categorical(logits=logits)
    torch.testing.assert_close(ours.log_prob(level / 3), theirs.log_prob(level).sum(-1))
    expected = (theirs.probs * torch.arange(4) / 3).sum(-1)
    torch.testing.assert_close(ours.mean, expected, rtol=1e-6, atol=1e-7)


def test_no_level_counts_as_less_likely_than_the_floor_nor_as_surer_than_its_rest():
    logits = torch.tensor([[[100.0, 0.0, 0.0]]])
    ours = distributions.Categorical.of(logits, 1e-5)
    never, always = (ours.log_prob(torch.full((1, 1), x)) for x in (0.5, 0.0))
    assert never.item() == pytest.approx(math.log(1e-5))
    assert always.item() == pytest.approx(math.log(1 - 1e-5))


def test_levels_are_drawn_as_often_as_they_are_likely():
    logits = torch.tensor([[0.0, 1.0, -1.0, 2.0]])
    given = distributions.Categorical.of(logits.expand(100_000, 1, -1), 1e-9)
    drawn = (3 * given.sample(torch.rand(100_000, 1))).round().long().flatten()
    shares = drawn.bincount(minlength=4) / 100_000
    torch.testing.assert_close(shares, logits[0].softmax(-1), rtol=0, atol=0.006)
