"""Clusters of codes that are known in advance."""

import math

import pytest
import torch

from ae.metrics.k_means import accuracy


def test_clusters_far_apart_are_found_and_a_seed_without_codes_has_none(linear):
    y = torch.arange(30) % 3
    x = torch.zeros(30, 4)
    x[torch.arange(30), y] = 10
    x += 0.1 * torch.rand(30, 4, generator=torch.Generator().manual_seed(0))
    weights = torch.stack([torch.eye(4), torch.zeros(4, 4), torch.full((4, 4), math.nan)])
    found = accuracy(linear(weights, x.double(), y), split="test", examples=30, starts=3)
    assert found[0] == 100
    assert found[1] == pytest.approx(100 / 3)  # one cluster, which stands for one class of three
    assert math.isnan(found[2])
