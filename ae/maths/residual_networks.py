"""The convolutional networks of the VQ-VAE's authors, on images whose side they reduce to a quarter.

As in the example of their library, https://github.com/google-deepmind/sonnet (examples/vqvae_example):
weights are normal with deviation 1 / sqrt(inputs), beyond two deviations drawn anew, biases are 0.
"""

import math

from jaxtyping import Float
from torch import Tensor, nn


def encoder(
    colours: int, *, planes: int, residual_planes: int, residual_layers: int, width: int
) -> nn.Sequential:
    """4 x 4 convolutions of stride 2, twice; one of 3 x 3; residual layers; `width` planes."""
    return started(
        nn.Sequential(
            nn.Conv2d(colours, planes // 2, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(planes // 2, planes, 4, 2, 1),
            nn.ReLU(),
            nn.Conv2d(planes, planes, 3, 1, 1),
            nn.ReLU(),
            ResidualStack(planes, residual_planes, residual_layers),
            nn.Conv2d(planes, width, 1),
        )
    )


def decoder(
    colours: int, *, planes: int, residual_planes: int, residual_layers: int, width: int
) -> nn.Sequential:
    """From `width` planes, a 3 x 3 convolution, residual layers and two transposed convolutions."""
    return started(
        nn.Sequential(
            nn.Conv2d(width, planes, 3, 1, 1),
            ResidualStack(planes, residual_planes, residual_layers),
            nn.ConvTranspose2d(planes, planes // 2, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(planes // 2, colours, 4, 2, 1),
        )
    )


class ResidualStack(nn.Module):
    """Layers that each add ReLU - 3 x 3 convolution - ReLU - 1 x 1 convolution; a last ReLU."""

    def __init__(self, planes: int, residual_planes: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(),
                nn.Conv2d(planes, residual_planes, 3, 1, 1),
                nn.ReLU(),
                nn.Conv2d(residual_planes, planes, 1),
            )
            for _ in range(layers)
        )

    def forward(
        self, h: Float[Tensor, "batch planes side side"]
    ) -> Float[Tensor, "batch planes side side"]:
        """Planes of the same number and size."""
        for layer in self.layers:
            h = h + layer(h)
        return h.relu()


def started(network: nn.Sequential) -> nn.Sequential:
    """The network with its convolutions drawn as the module says, in place."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            inputs = module.in_channels * math.prod(module.kernel_size)
            std = 1 / math.sqrt(inputs)
            nn.init.trunc_normal_(module.weight, std=std, a=-2 * std, b=2 * std)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network
