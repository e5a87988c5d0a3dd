"""Uses of a stick, on codes and weights that were placed by hand."""

import pytest
import torch
from scipy.stats import spearmanr

from ae.metrics.pieces import column_norms, column_trend, largest_gap, used
from ae.models.stick_breaking import GaussVAE
from ae.seeds import Stack


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
