"""The networks of a benchmark: their shapes, and what they refuse."""

import pytest
import torch

from ae.maths.benchmark_networks import benchmark_networks


@pytest.mark.parametrize(
    ("network", "widths"), [("dense", [11, 7]), ("dense", []), ("convolutions", [2, 3, 4, 5])]
)
def test_from_pixels_to_numbers_and_from_a_code_to_pixels(network, widths):
    encoder, decoder = benchmark_networks(784, 3, 6, network=network, widths=widths)
    assert encoder(torch.rand(5, 784)).shape == (5, 6)
    assert decoder(torch.rand(5, 3)).shape == (5, 784)


def test_the_papers_own_have_as_many_parameters_as_its_program():
    sizes = [
        sum(p.numel() for p in half.parameters())
        for half in benchmark_networks(
            784, 16, 32, network="convolutions", widths=[128, 256, 512, 1024]
        )
    ]
    planes = [(1, 128), (128, 256), (256, 512), (512, 1024)]
    up = sum(i * o * 16 + 3 * o for i, o in planes) + 1024 * 32 + 32
    back = [(1024, 512), (512, 256), (256, 1)]
    down = 16 * 1024 * 16 + 1024 * 16 + sum(i * o * 9 + o for i, o in back) + 2 * (512 + 256)
    assert sizes == [up, down]


@pytest.mark.parametrize(("features", "widths"), [(100, [2, 3, 4, 5]), (784, [2, 3, 4])])
def test_convolutions_are_of_mnists_images_and_four_widths(features, widths):
    with pytest.raises(ValueError, match="convolutions expect 784 pixels and 4 widths"):
        benchmark_networks(features, 3, 3, network="convolutions", widths=widths)
