"""The example's network: Keras' parameter counts, TensorFlow's transposed convolution, the loss."""

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy

from ae.models.base import Batch
from ae.models.keras_conv import ConvTransposeAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def test_parameters_and_codes_are_as_many_as_keras_prints():
    model = ConvTransposeAE(784, planes=[32, 32], noise=0.4)
    layers = [*model.down, *model.up, model.last]
    counts = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    assert counts == [320, 9248, 9248, 9248, 289]
    assert sum(counts) == 28_353
    x = torch.rand(2, 784)
    assert model.encode(x).shape == (2, 7 * 7 * 32)
    assert model.reconstruct(x).shape == (2, 784)


def transposed(x, weight, bias):
    """TensorFlow's conv2d_transpose, stride 2, 'SAME': the gradient of a convolution that pads after.

    The forward convolution of an even side pads one row and one column, at the end: output i sees
    the inputs 2 i, 2 i + 1 and 2 i + 2.
    """
    planes, side = len(bias), x.shape[-1]
    out = np.zeros((planes, 2 * side + 1, 2 * side + 1))
    for i in range(side):
        for j in range(side):
            for a in range(3):
                for b in range(3):
                    out[:, 2 * i + a, 2 * j + b] += x[:, i, j] @ weight[:, :, a, b]
    return out[:, : 2 * side, : 2 * side] + bias[:, None, None]


def test_the_way_up_is_tensorflows():
    model = ConvTransposeAE(64, planes=[3, 2], noise=0.0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_()
    x = torch.rand(1, 64)
    planes = model._planes(x)[0].detach().numpy()
    for layer in model.up:
        weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        planes = np.maximum(transposed(planes, weight, bias), 0)
    padded = np.pad(planes, ((0, 0), (1, 1), (1, 1)))
    weight, bias = model.last.weight.detach().numpy()[0], model.last.bias.item()
    expected = [
        (padded[:, i : i + 3, j : j + 3] * weight).sum() + bias for i in range(8) for j in range(8)
    ]
    np.testing.assert_allclose(model.logits(x)[0].detach(), expected, rtol=1e-9)


def test_initial_weights_are_glorots_and_biases_zero():
    model = ConvTransposeAE(784, planes=[32, 32], noise=0.0)
    for layer, ends in ((model.down[0], 1 + 32), (model.up[0], 32 + 32), (model.last, 32 + 1)):
        bound = (6 / (9 * ends)) ** 0.5
        assert 0.95 * bound < layer.weight.abs().max() <= bound
        assert not layer.bias.any()


def test_the_loss_compares_with_the_clean_image_and_only_the_denoiser_draws():
    model = ConvTransposeAE(64, planes=[3, 2], noise=0.4)
    x, noise = torch.rand(5, 64), torch.randn(5, 64)
    made = model.reconstruct((x + 0.4 * noise).clamp(0, 1))
    out = model.objective(Batch(x), {"noise": noise})
    expected = binary_cross_entropy(made, x, reduction="none").mean(-1)
    torch.testing.assert_close(out.loss, expected)
    clean = binary_cross_entropy(model.reconstruct(x), x, reduction="none").mean(-1)
    torch.testing.assert_close(model.clean(Batch(x), {}).loss, clean)
    assert model.draws_for("clean", None) == {}
    assert list(model.draws_for("objective", None)) == ["noise"]


def test_sides_that_do_not_halve_are_refused():
    with pytest.raises(
        ValueError, match="features 100: expected a square image whose side halves 2"
    ):
        ConvTransposeAE(100, planes=[3, 2], noise=0.0)
