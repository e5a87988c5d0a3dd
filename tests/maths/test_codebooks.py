"""Nearest entries, straight-through gradients, and the sums that moving averages are made of."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from ae.maths import codebooks
from ae.maths.codebooks import gathered, nearest, perplexity, smoothed, straight_through

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def test_the_nearest_entry_is_scipys():
    z, codebook = torch.randn(300, 5), torch.randn(17, 5)
    assert nearest(z, codebook).tolist() == cdist(z, codebook).argmin(1).tolist()


def test_vectors_are_compared_in_pieces_without_a_difference(monkeypatch):
    z, codebook = torch.randn(300, 5), torch.randn(17, 5)
    whole = nearest(z, codebook)
    monkeypatch.setattr(codebooks, "PIECE", 17 * 7)
    assert nearest(z, codebook).tolist() == whole.tolist()


def test_of_equal_entries_the_first_is_chosen():
    codebook = torch.tensor([[9.0, 9], [0, 0], [1, 1], [0, 0]])
    assert nearest(torch.tensor([[0.1, -0.2], [0, 0]]), codebook).tolist() == [1, 1]


def test_straight_through_has_the_value_of_one_and_the_gradient_of_the_other():
    z, quantised = torch.randn(4, 3, requires_grad=True), torch.randn(4, 3, requires_grad=True)
    out = straight_through(z, quantised)
    torch.testing.assert_close(out, quantised)
    weight = torch.randn(4, 3)
    found, none = torch.autograd.grad((out * weight).sum(), [z, quantised], allow_unused=True)
    assert torch.equal(found, weight)
    assert none is None


def test_numbers_and_sums_are_those_of_a_loop():
    z, codes = torch.randn(50, 4), torch.randint(6, (50,))
    sizes, sums = gathered(z, codes, 7)
    assert sizes.tolist() == [int((codes == k).sum()) for k in range(7)]
    for k in range(7):
        torch.testing.assert_close(sums[k], z[codes == k].sum(0))


def test_smoothing_keeps_the_sum_and_leaves_none_at_0():
    sizes = torch.tensor([0.0, 3, 7])
    found = smoothed(sizes, 0.5)
    torch.testing.assert_close(found, torch.tensor([0.5, 3.5, 7.5]) * 10 / 11.5)


def test_perplexity_counts_entries_that_are_used_equally():
    assert perplexity(torch.tensor([0.25, 0.25, 0.25, 0.25, 0])).item() == pytest.approx(4)
    assert perplexity(torch.tensor([1.0, 0, 0])).item() == 1
    shares = np.array([0.5, 0.3, 0.2])
    entropy = -(shares * np.log(shares)).sum()
    assert perplexity(torch.tensor(shares)).item() == pytest.approx(math.exp(entropy))
