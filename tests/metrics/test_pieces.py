"""Uses of a stick, on codes and weights that were placed by hand."""

import math

import pytest
import torch
from scipy.stats import spearmanr

from ae.maths.sticks import expected_pieces
from ae.metrics.pieces import (
    breaks,
    collapsed,
    column_norms,
    column_trend,
    decoded,
    largest_gap,
    prior_codes,
    prior_gap,
    used,
)
from ae.models.stick_breaking import SBVAE, GaussVAE
from ae.training.stack import Stack


def test_sums_and_used_pieces_of_codes_placed_by_hand(linear):
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    weights = torch.tensor([[[0.5, 0.75], [0.5, 0.25]], [[1.0, 0.5], [0.0, 0.25]]])
    trained = linear(weights, x)
    assert largest_gap(trained, split="test", examples=9) == [0.0, 0.25]
    # Mean codes: (0.625, 0.375) and (0.75, 0.125).
    assert used(trained, split="test", examples=9, threshold=0.2) == [2.0, 1.0]
    assert used(trained, split="test", examples=1, threshold=0.5) == [0.0, 1.0]


def test_pieces_up_to_a_share_are_counted_in_the_order_of_the_stick(linear):
    x = torch.eye(4)
    # An image a row: 0.5 0.25 0.25 | 0.75 0.125 0.125 | 1 0 0 | 0 0 1.
    codes = torch.tensor([[0.5, 0.25, 0.25], [0.75, 0.125, 0.125], [1, 0, 0], [0, 0, 1]])
    second = codes.clone()
    second[0] = torch.tensor([float("nan"), 0, 0])
    trained = linear(torch.stack([codes.T, second.T]), x)
    asked = {"split": "test", "examples": 9}
    found = breaks(trained, **asked, share=0.75, first=0, every=1)
    assert found[0] == (2 + 1 + 1 + 3) / 4
    assert math.isnan(found[1])
    assert breaks(trained, **asked, share=0.99, first=0, every=2)[0] == (3 + 1) / 2
    assert breaks(trained, **asked, share=0.99, first=1, every=2)[0] == (3 + 3) / 2
    assert breaks(trained, split="test", examples=3, share=0.99, first=1, every=2)[0] == 3


def test_columns_of_the_decoder(run):
    stack = Stack([lambda: GaussVAE(4, hidden=[3], latent=6, init=0.1)] * 3, range(3))
    with torch.no_grad():
        stack.parameters["decoder.0.weight"][0] = torch.tensor([6.0, 5, 4, 3, 2, 1])
    trained = run(stack, torch.rand(5, 4), shape=(2, 2))
    weights = stack.tensors()["decoder.0.weight"]
    torch.testing.assert_close(column_norms(trained)[0], 3**0.5 * torch.arange(6.0, 0, -1))
    trends = column_trend(trained)
    assert trends[0] == pytest.approx(-1)
    theirs = spearmanr(range(6), weights[1].norm(dim=0).numpy()).statistic
    assert trends[1] == pytest.approx(theirs)
    assert trends[1] != trends[2]


def test_collapsed_columns_are_small_beside_the_longest(run):
    stack = Stack([lambda: GaussVAE(4, hidden=[3], latent=4, init=0.1)] * 2, range(2))
    with torch.no_grad():
        stack.parameters["decoder.0.weight"][0] = torch.tensor([10.0, 1.01, 0.99, 0.0])
        stack.parameters["decoder.0.weight"][1] = torch.tensor([1.0, 1.01, 0.99, 0.9])
    trained = run(stack, torch.rand(5, 4), shape=(2, 2))
    assert collapsed(trained, threshold=0.1) == [50.0, 0.0]
    assert collapsed(trained, threshold=0.95) == [75.0, 25.0]


def sticks(concentration, seeds):
    def build():
        return SBVAE(
            4,
            hidden=[3],
            latent=6,
            posterior="gamma",
            concentration=concentration,
            terms=3,
            clip=0.0,
            init=0.1,
        )

    return Stack([build] * len(seeds), seeds)


def test_the_prior_is_near_its_expectation_and_far_from_another_one(run):
    trained = run(sticks(5.0, [1, 2]), torch.rand(5, 4), shape=(2, 2))
    assert all(0.1 < gap < 4.5 for gap in prior_gap(trained, samples=10_000))
    codes = prior_codes(trained, 10_000).double()
    trained.stack.buffers["concentration"].fill_(4.5)
    after = prior_codes(trained, 10_000)
    assert not torch.equal(after, codes)
    assert float(codes[0, :, 0].mean()) == pytest.approx(1 / 6, abs=0.006)
    assert torch.equal(decoded(trained, 10_000)[1], trained.stack.call("decode", after)[1])


def test_a_prior_of_another_concentration_is_many_errors_away(run, monkeypatch):
    trained = run(sticks(5.0, [1]), torch.rand(5, 4), shape=(2, 2))
    monkeypatch.setattr("ae.metrics.pieces.expected_pieces", lambda c, n: expected_pieces(4.5, n))
    assert prior_gap(trained, samples=10_000)[0] > 6
