"""Uses of a stick, on codes and weights that were placed by hand."""

import pytest
import torch
from scipy.stats import spearmanr

from ae.metrics.pieces import (
    column_norms,
    column_trend,
    decoded,
    largest_gap,
    prior_codes,
    prior_gap,
    used,
)
from ae.models.stick_breaking import SBVAE, GaussVAE
from ae.seeds import Stack
from ae.sticks import expected_pieces


def test_sums_and_used_pieces_of_codes_placed_by_hand(linear):
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    weights = torch.tensor([[[0.5, 0.75], [0.5, 0.25]], [[1.0, 0.5], [0.0, 0.25]]])
    trained = linear(weights, x)
    assert largest_gap(trained, split="test", examples=9) == [0.0, 0.25]
    # Mean codes: (0.625, 0.375) and (0.75, 0.125).
    assert used(trained, split="test", examples=9, threshold=0.2) == [2.0, 1.0]
    assert used(trained, split="test", examples=1, threshold=0.5) == [0.0, 1.0]


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
