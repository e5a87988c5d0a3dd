"""Columns are classes, rows are codes, and the pixels are the model's."""

import numpy as np
import torch
from known import Images

from ae.figures.labelled import samples
from ae.models.m2 import M2
from ae.training.stack import Stack
from ae.training.trained_run import Trained


def test_columns_are_classes_and_rows_share_a_code(exact_arithmetic, repainted):
    build = lambda: M2(16, hidden=[5], latent=2, classes=3, weight=1.0, init=0.5)
    data = Images(torch.rand(4, 16), torch.zeros(4, dtype=torch.int64), (4, 4))
    stack = Stack([build] * 2, [5, 6])
    run = Trained(name="m2", label="M2", stack=stack, train=data, test=data)
    drawing = samples([run], classes=3, rows=4, seed_index=1)
    tiles = drawing.arrays["pictures"].reshape(4, 3, 16)
    z = torch.empty(4, 2).normal_(generator=run.generator(1, "styles"))
    model = build()
    model.load_state_dict({k: v[1] for k, v in stack.tensors().items()})
    for label in range(3):
        expected = model.decode(z, torch.full((4,), label)).detach()
        np.testing.assert_allclose(tiles[:, label], expected, rtol=1e-6)
    assert repainted(drawing).vector is None
