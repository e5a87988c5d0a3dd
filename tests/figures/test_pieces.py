"""Sizes of pieces are drawn as they are."""

import math

import numpy as np
import torch

from ae.figures.pieces import columns, samples, sizes
from ae.metrics.pieces import prior_codes
from ae.models.stick_breaking import GaussVAE
from ae.training.stack import Stack
from ae.training.trained_run import Trained


def test_arrays_are_the_mean_codes_and_the_prior(linear, repainted):
    x, weights = torch.rand(20, 4), torch.rand(3, 5, 4)
    bad = torch.full((3, 5, 4), math.nan)
    runs = [linear("a", weights, x), linear("b", bad, x)]
    drawing = sizes(runs, examples=10, concentration=1.0)
    expected = (x[:10].mean(0) @ weights.transpose(1, 2)).numpy()
    np.testing.assert_allclose(drawing.arrays["values_0"], expected, rtol=1e-12)
    assert drawing.arrays["prior"].tolist() == [0.5, 0.25, 0.125, 0.0625, 0.0625]
    assert repainted(drawing).vector == "figure.svg"


def test_columns_are_the_lengths_of_the_decoders(linear, repainted):
    stack = Stack([lambda: GaussVAE(4, hidden=[3], latent=6, init=0.1)] * 2, range(2))
    data = linear("a", torch.rand(1, 2, 4), torch.rand(5, 4)).train
    run = Trained(name="g", label="G", stack=stack, train=data, test=data)
    drawing = columns([run])
    theirs = stack.tensors()["decoder.0.weight"].norm(dim=1).numpy()
    np.testing.assert_allclose(drawing.arrays["values_0"], theirs, rtol=1e-12)
    repainted(drawing)


def test_the_scale_holds_the_longest_bar_of_all_panels(linear):
    x = torch.rand(20, 4)
    runs = [linear("a", torch.ones(2, 5, 4), x), linear("b", 9 * torch.ones(2, 5, 4), x)]
    drawing = sizes(runs, examples=20, concentration=1.0)
    panels = drawing.paint(drawing.arrays).axes
    assert {axes.get_ylim()[0] for axes in panels} == {0}
    assert min(axes.get_ylim()[1] for axes in panels) > drawing.arrays["values_1"].max()


def test_samples_are_decoded_codes_of_the_prior(linear, repainted):
    stack = Stack([lambda: GaussVAE(4, hidden=[3], latent=6, init=0.1)] * 2, range(2))
    data = linear("a", torch.rand(1, 2, 4), torch.rand(5, 4)).train
    run = Trained(name="g", label="G", stack=stack, train=data, test=data)
    drawing = samples([run], rows=2, columns=3, seed_index=1)
    made = stack.call("decode", prior_codes(run, 6)).detach()[1].reshape(6, 2, 2)
    np.testing.assert_allclose(drawing.arrays["samples"][0], made.numpy(), rtol=1e-6)
    repainted(drawing)
