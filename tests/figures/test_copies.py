"""Samples beside what is nearest to them."""

import numpy as np
import torch
from known import Images

from ae.figures.copies import nearest_training_images
from ae.models.prototypes import Prototypes
from ae.training.stack import Stack
from ae.training.trained_run import Trained


def test_a_training_image_is_its_own_nearest_and_a_mean_is_not(exact_arithmetic, repainted):
    x = torch.rand(90, 16, generator=torch.Generator().manual_seed(0))
    data = Images(x, None, (4, 4))
    runs = []
    for steps in (0, 2):
        stack = Stack([lambda s=steps: Prototypes(16, count=12, steps=s)], [0])
        stack.share("fit", x)
        runs.append(Trained("a", f"{steps} steps", stack, data, data))
    drawing = nearest_training_images(runs, rows=3, pairs=4, images=90, seed_index=0)
    copies, means = drawing.arrays["pictures"]
    np.testing.assert_array_equal(copies[::2], copies[1::2])
    for made, found in zip(means[::2], means[1::2], strict=True):
        far = ((x.numpy().reshape(-1, 4, 4) - made) ** 2).sum((1, 2))
        np.testing.assert_allclose(found, x.numpy().reshape(-1, 4, 4)[far.argmin()], rtol=1e-6)
    assert not np.array_equal(means[::2], means[1::2])
    assert drawing.arrays["columns"] == 8
    repainted(drawing)
