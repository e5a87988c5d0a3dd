"""The encoder, the decoder and the density of pixels that all models of one benchmark share.

C. Chadebec, L. J. Vincent and S. Allassonnière, Pythae, NeurIPS 2022, https://arxiv.org/abs/2206.08309;
convolutions as in https://github.com/clementchadebec/benchmark_VAE at 6419e21,
src/pythae/models/nn/benchmarks/mnist/convnets.py.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Literal

from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.distributions import Normal
from ae.maths.networks import Dense, mlp

Network = Literal["dense", "convolutions"]
PIXELS = 28**2  # of the convolutions' images
HALVINGS = 4  # of their side
START = 4  # the side that the decoder begins at


def benchmark_networks(
    features: int, latent: int, outputs: int, *, network: Network, widths: list[int]
) -> tuple[nn.Sequential, nn.Sequential]:
    """From pixels to `outputs` numbers, and from a code to the logits of the pixels.

    `dense`: rectified layers of these widths, the decoder mirrors them. `convolutions`, of 28 x 28
    pixels: 4 x 4 windows that halve the side four times, to 1, with so many planes, each followed by
    batch normalisation; the decoder begins with the last planes at 4 x 4 and goes back by transposed
    convolutions over the two planes before it.

    Raises:
        ValueError: Convolutions of other images, or not of four widths.
    """
    if network == "dense":
        up = mlp([features, *widths, outputs], nn.ReLU)
        return up, mlp([latent, *widths[::-1], features], nn.ReLU)
    if features != PIXELS or len(widths) != HALVINGS:
        raise ValueError(
            f"features {features}, widths {widths}: convolutions expect {PIXELS} pixels and "
            f"{HALVINGS} widths"
        )
    layers: list[nn.Module] = [nn.Unflatten(1, (1, 28, 28))]
    for i, o in pairwise([1, *widths]):
        layers += [nn.Conv2d(i, o, 4, 2, 1), nn.BatchNorm2d(o), nn.ReLU()]
    encoder = nn.Sequential(*layers, nn.Flatten(), Dense(widths[-1], outputs))
    top, many, few = widths[:0:-1]
    decoder = nn.Sequential(
        Dense(latent, top * START**2),
        nn.Unflatten(1, (top, START, START)),
        *(nn.ConvTranspose2d(top, many, 3, 2, 1), nn.BatchNorm2d(many), nn.ReLU()),
        *(nn.ConvTranspose2d(many, few, 3, 2, 1, 1), nn.BatchNorm2d(few), nn.ReLU()),
        *(nn.ConvTranspose2d(few, 1, 3, 2, 1, 1), nn.Flatten()),
    )
    return encoder, decoder


@contextmanager
def statistics_as_they_are(network: nn.Module) -> Iterator[None]:
    """Batch normalisation goes on as before, but its running statistics take no note of the batch.

    A network that is run a second time in a step has seen the batch already, and within a gradient that
    torch transforms nothing else may be changed.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    before = [layer.track_running_stats for layer in layers]
    for layer in layers:
        layer.track_running_stats = False
    try:
        yield
    finally:
        for layer, tracked in zip(layers, before, strict=True):
            layer.track_running_stats = tracked


def equally_spread(mean: Float[Tensor, "batch features"], variance: float) -> Normal:
    """Pixels with these means and one variance."""
    return Normal(mean, mean.new_full((), math.log(variance)).expand_as(mean))
