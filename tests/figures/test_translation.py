"""Rows of pairs and of what is made of their halves."""

import numpy as np
import torch

from ae.figures.translation import rows


def test_truth_stands_above_what_is_made_of_the_other_half(linear, repainted):
    x, y = torch.rand(5, 8), torch.tensor([1, 0, 0, 1, 1])
    run = linear("swap", 0.5 * torch.eye(8).roll(4, 0)[None], x, y)
    run.model.translate = run.model.encode
    run.test.__dict__["shape"] = (2, 2, 2)
    drawing = rows([run], images=3, seed_index=0)
    shown = x[[1, 0, 2]].numpy().reshape(3, 2, 2, 2)
    second, there, first, back = drawing.arrays["pictures"].reshape(4, 3, 2, 2)
    np.testing.assert_allclose(first, shown[:, 0], rtol=1e-6)
    np.testing.assert_allclose(second, shown[:, 1], rtol=1e-6)
    np.testing.assert_allclose(there, 0.5 * shown[:, 0], rtol=1e-6)
    np.testing.assert_allclose(back, 0.5 * shown[:, 1], rtol=1e-6)
    assert drawing.arrays["columns"] == 3
    assert repainted(drawing).vector is None
