"""Sparsity of codes that are written down."""

import math

import pytest
import torch

from ae.metrics import sparsity
from ae.training.trained_run import CHUNK

PLACE = {"codes": "encode", "split": "test"}


def _codes(linear, *codes: torch.Tensor):
    """A run whose seeds encode the examples, which are unit vectors, as these codes."""
    weights = torch.stack([code.T for code in codes])
    return linear(weights, torch.eye(len(codes[0])))


def test_most_active_is_the_fullest_row_not_the_mean(linear):
    code = torch.tensor([[1.0, 0, 0], [0, -2, 3], [0, 0, 0]])
    trained = _codes(linear, code, torch.zeros(3, 3), torch.full((3, 3), math.nan))
    first, second, diverged = sparsity.most_active(trained, **PLACE)
    assert (first, second) == (2, 0)
    assert math.isnan(diverged)


def test_a_unit_is_dead_that_no_example_ever_switches_on(linear):
    code = torch.tensor([[1.0, 0, 0, 0], [0, -2, 0, 0], [0, 3, 0, 0], [0, 0, 0, 0]])
    trained = _codes(linear, code, code.roll(1, 1) + 1, torch.full((4, 4), math.nan))
    first, second, diverged = sparsity.dead_units(trained, **PLACE)
    assert (first, second) == (50, 0)
    assert math.isnan(diverged)


def test_an_example_in_the_last_piece_brings_a_unit_to_life(linear):
    x = torch.zeros(CHUNK + 1, 2)
    x[-1, 0] = 1e-30
    trained = linear(torch.eye(2)[None], x)
    assert sparsity.dead_units(trained, **PLACE) == [50]
    assert sparsity.most_active(trained, **PLACE) == [1]
    assert sparsity.activity_width(trained, **PLACE) == [pytest.approx(1e-30)]


def test_width_is_the_root_mean_square_of_what_is_on(linear):
    code = torch.tensor([[3.0, 0, 0], [0, -4, 0], [0, 0, 0]])
    trained = _codes(linear, code, torch.zeros(3, 3))
    first, nothing = sparsity.activity_width(trained, **PLACE)
    assert first == pytest.approx(math.sqrt((9 + 16) / 2))
    assert math.isnan(nothing)


def test_the_codes_are_those_of_the_method_and_the_split(linear):
    x, test_x = torch.eye(4)[:1], torch.eye(4)[1:3]
    trained = linear(torch.diag(torch.tensor([1.0, 0, 5, 0]))[None], x, test_x=test_x)
    assert sparsity.activity_width(trained, codes="encode", split="train") == [1]
    assert sparsity.activity_width(trained, codes="reconstruct", split="test") == [25]


def test_reach_is_the_largest_activity_of_an_example_whatever_else_is_on(linear):
    dense = torch.tensor([[3.0, 1, -2], [0.5, -4, 2], [1, 1, 1]])
    sparse = torch.tensor([[3.0, 0, 0], [0, -4, 0], [0, 0, 1]])
    trained = _codes(linear, dense, sparse, torch.full((3, 3), math.nan))
    *both, diverged = sparsity.reach(trained, **PLACE)
    assert both == pytest.approx([math.sqrt((9 + 16 + 1) / 3)] * 2)
    assert math.isnan(diverged)
