"""The blog's networks: Keras's own parameter counts, and every term of the loss by hand."""

import pytest
import torch
from torch.nn.functional import binary_cross_entropy, conv2d

from ae.models.base import Batch
from ae.models.keras_blog import ConvAE, DenseAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


@pytest.mark.parametrize(
    ("model", "count", "code"),
    [
        (lambda: DenseAE(784, hidden=[], latent=32, sparsity=0.0), 50_992, 32),
        (lambda: DenseAE(784, hidden=[128, 64], latent=32, sparsity=0.0), 222_384, 32),
        (lambda: ConvAE(784, planes=[16, 8, 8], noise=0.0), 4_385, 4 * 4 * 8),
        (lambda: ConvAE(784, planes=[32, 32], noise=0.5), 28_353, 7 * 7 * 32),
    ],
)
def test_parameters_and_codes_are_as_many_as_in_keras(model, count, code):
    built = model()
    assert sum(p.numel() for p in built.parameters()) == count
    x = torch.rand(2, 784)
    assert built.encode(x).shape == (2, code)
    assert built.reconstruct(x).shape == (2, 784)


def test_initial_weights_are_glorots_and_biases_zero():
    model = DenseAE(784, hidden=[128, 64], latent=32, sparsity=0.0)
    weight, bias = model.encoder[0].weight, model.encoder[0].bias
    bound = (6 / (784 + 128)) ** 0.5
    assert 0.99 * bound < weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert not bias.any()
    wide = ConvAE(784, planes=[32, 32], noise=0.0).down[1].weight
    bound = (6 / (9 * 32 + 9 * 32)) ** 0.5
    assert 0.99 * bound < wide.abs().max() <= bound


def test_the_dense_loss_is_the_mean_cross_entropy_and_the_l1_norm_of_the_code():
    model = DenseAE(30, hidden=[12], latent=4, sparsity=0.25)
    x = torch.rand(5, 30)
    out = model.objective(Batch(x), {})
    expected = binary_cross_entropy(model.reconstruct(x), x, reduction="none").mean(-1)
    z = (model.encoder[0](x).relu() @ model.encoder[2].weight.T).relu()
    assert (z > 0).any()
    torch.testing.assert_close(model.encode(x), z)
    torch.testing.assert_close(out.parts["cross_entropy"], expected)
    torch.testing.assert_close(out.parts["penalty"], 0.25 * z.sum(-1))
    torch.testing.assert_close(out.loss, expected + 0.25 * z.sum(-1))


def test_the_convolutional_loss_compares_with_the_clean_image():
    model = ConvAE(144, planes=[3, 2, 4], noise=0.5)
    x, noise = torch.rand(5, 144), torch.randn(5, 144)
    out = model.objective(Batch(x), {"noise": noise})
    made = model.reconstruct((x + 0.5 * noise).clamp(0, 1))
    expected = binary_cross_entropy(made, x, reduction="none").mean(-1)
    torch.testing.assert_close(out.loss, expected)
    assert not torch.allclose(model.objective(Batch(x), {"noise": 0 * noise}).loss, expected)


def test_the_small_convolutional_net_by_hand():
    """One pooling of a 6 x 6 image with a 3 x 3 result: maxima, then every pixel four times."""
    model = ConvAE(36, planes=[2], noise=0.0)
    x = torch.rand(4, 36)
    planes = conv2d(x.view(4, 1, 6, 6), model.down[0].weight, model.down[0].bias, padding=1)
    pooled = planes.relu().view(4, 2, 3, 2, 3, 2).amax((3, 5))
    torch.testing.assert_close(model.encode(x), pooled.flatten(1))
    small = conv2d(pooled, model.up[0].weight, padding=1).relu()
    large = small.repeat_interleave(2, -1).repeat_interleave(2, -2)
    expected = conv2d(large, model.last.weight, padding=1).sigmoid().flatten(1)
    torch.testing.assert_close(model.reconstruct(x), expected)


def test_an_odd_side_is_pooled_with_its_last_row_alone():
    model = ConvAE(144, planes=[1, 1, 1], noise=0.0)  # 12, 6, 3, 2
    with torch.no_grad():
        for convolution in model.down:
            convolution.weight.zero_()
            convolution.weight[0, 0, 1, 1] = 1  # each convolution hands its input on
    x = torch.rand(1, 12, 12)
    code = model.encode(x.view(1, 144)).view(2, 2)
    torch.testing.assert_close(code[0, 0], x[0, :8, :8].max())
    torch.testing.assert_close(code[1, 1], x[0, 8:, 8:].max())


@pytest.mark.parametrize(("features", "planes"), [(783, [8]), (30**2, [8, 8]), (49, [4, 4])])
def test_images_that_do_not_come_back_to_their_size_are_refused(features, planes):
    with pytest.raises(ValueError, match=f"^features {features}: expected a square image"):
        ConvAE(features, planes=planes, noise=0.0)
