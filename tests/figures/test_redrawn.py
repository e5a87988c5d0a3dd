"""Rows begin with the right training images, and the samples beside them are of these."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ae.errors import UserError
from ae.figures.redrawn import rows
from ae.models.base import Draw, Noise


def sampling(run):
    """Gives a run's model samples: weights times the image, then a coin."""

    def sample(x: Tensor, noise: Noise) -> Tensor:
        scale = run.model.weight[0, 0]
        return x * scale + 0 * noise["coin"]

    run.model.sample_draws = lambda: {"coin": Draw("uniform", (1,))}
    run.model.sample = sample
    return run


def test_a_row_is_an_image_and_its_samples(linear, repainted):
    x, y = torch.rand(6, 16), torch.tensor([2, 0, 0, 1, 2, 1])
    half, lost = torch.full((2, 4, 16), 0.5), torch.full((2, 4, 16), math.nan)
    runs = [sampling(linear("half", half, x, y)), sampling(linear("lost", lost, x, y))]
    drawing = rows(runs, images=4, draws=3, seed_index=1)
    pictures = drawing.arrays["pictures"].reshape(2, 4, 4, 4, 4)
    shown = x[[1, 3, 0, 2]].numpy().reshape(4, 4, 4)
    for own in pictures:
        np.testing.assert_allclose(own[:, 0], shown, rtol=1e-6)
    np.testing.assert_allclose(pictures[0][:, 1:], 0.5 * shown[:, None].repeat(3, 1), rtol=1e-6)
    assert np.isnan(pictures[1][:, 1:]).all()
    assert drawing.arrays["runs"].tolist() == ["run half", "run lost"]
    assert repainted(drawing).vector is None


def test_a_figure_by_class_refuses_hidden_labels(linear):
    hidden = torch.tensor([2, 0, -1, 1, 2, 1])
    run = sampling(linear("half", torch.full((1, 4, 16), 0.5), torch.rand(6, 16), hidden))
    with pytest.raises(UserError, match=r"^run 'half': .* data\.labelled hides 1; leave it out"):
        rows([run], images=4, draws=3, seed_index=0)
