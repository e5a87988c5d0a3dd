"""Rows hold a cluster's own examples, the surest first."""

import math

import numpy as np
import torch

from ae.figures.clusters import surest


def test_a_row_holds_the_surest_of_its_cluster(linear, repainted):
    x = torch.tensor(
        [[0.9, 0.1, 0, 0], [0.2, 0.8, 0, 0], [0.6, 0.1, 0, 0], [0.7, 0.2, 0, 0], [0, 0, 0.5, 0]]
    )
    weights = torch.eye(4)[:3].expand(2, 3, 4)
    run = linear("found", weights, x, torch.zeros(5, dtype=torch.int64))
    lost = linear("lost", torch.full((2, 3, 4), math.nan), x, torch.zeros(5, dtype=torch.int64))
    drawing = surest([run, lost], split="train", clusters="encode", examples=2, seed_index=1)
    rows = drawing.arrays["pictures"].reshape(2, 3, 2, 4)
    np.testing.assert_allclose(rows[0, 0], x[[0, 3]])
    np.testing.assert_allclose(rows[0, 1, 0], x[1])
    np.testing.assert_allclose(rows[0, 2, 0], x[4])
    assert (rows[0, 1:, 1] == 1).all()
    assert np.isnan(rows[1]).all()
    assert repainted(drawing).vector is None
