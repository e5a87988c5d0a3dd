"""Residual cells of convolutions, as deep hierarchies of latent variables are built of.

A. Vahdat and J. Kautz, NVAE: A Deep Hierarchical Variational Autoencoder, NeurIPS 2020,
https://arxiv.org/abs/2007.03898; details as in https://github.com/NVlabs/NVAE.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu

from ae.maths.networks import Dense
from ae.maths.small_convolutions import Conv, PlaneConv

Step = Literal["same", "down", "up"]

SHARE = 0.1  # of what a cell adds to its input
MOMENTUM = 0.05  # of the averages of a batch normalisation
INNER, OUTER = 6, 3  # expansion of generative cells, of groups and next to the pixels
REDUCTION, FEWEST = 16, 4  # squeeze-and-excitation: a hidden unit for 16 planes, four at least


class Excitation(nn.Module):
    """Each plane times a number between 0 and 1, which a small network tells of the planes' means.

    Hu, Shen and Sun, Squeeze-and-Excitation Networks, CVPR 2018, https://arxiv.org/abs/1709.01507.
    """

    def __init__(self, planes: int) -> None:
        super().__init__()
        hidden = max(planes // REDUCTION, FEWEST)
        self.network = nn.Sequential(
            Dense(planes, hidden), nn.ReLU(), Dense(hidden, planes), nn.Sigmoid()
        )

    def forward(
        self, x: Float[Tensor, "batch planes side side"]
    ) -> Float[Tensor, "batch planes side side"]:
        """The planes, weighed."""
        weighed: Tensor = x * self.network(x.mean((2, 3)))[..., None, None]
        return weighed


class FactorisedHalving(nn.Module):
    """Swish, then four 1 x 1 convolutions, each of another quarter of the places; half the side."""

    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__()
        quarter = outputs // 4
        sizes = [quarter, quarter, quarter, outputs - 3 * quarter]
        self.parts = nn.ModuleList(Conv(inputs, size, 1, side, stride=2) for size in sizes)

    def forward(
        self, x: Float[Tensor, "batch inputs side side"]
    ) -> Float[Tensor, "batch outputs half half"]:
        """Planes of half the side, which is even."""
        x = silu(x)
        shifted = (x, x[..., 1:, 1:], x[..., 1:], x[..., 1:, :])
        return torch.cat([part(own) for part, own in zip(self.parts, shifted, strict=True)], 1)


class BilinearDoubling(nn.Module):
    """Twice the side, bilinear between the corners' centres, then a 1 x 1 convolution."""

    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__()
        self.conv = Conv(inputs, outputs, 1, 2 * side)

    def forward(
        self, x: Float[Tensor, "batch inputs side side"]
    ) -> Float[Tensor, "batch outputs twice twice"]:
        """Planes of twice the side."""
        large = interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=True)
        planes: Tensor = self.conv(large)
        return planes


class ResidualCell(nn.Module):
    """x + 0.1 excitation(branch(x)); a cell that goes down or up changes side and planes in both.

    Going down halves the side and doubles the planes, going up does the reverse.

    Args:
        planes, side: Of the input.
        step: What becomes of the side.
        expansion: Of a generative cell, see `generative`; 0: the branch is `inference`.
    """

    def __init__(self, planes: int, side: int, *, step: Step = "same", expansion: int = 0) -> None:
        super().__init__()
        outputs = {"same": planes, "down": 2 * planes, "up": planes // 2}[step]
        self.up = step == "up"
        if step == "down":
            self.skip: nn.Module = FactorisedHalving(planes, outputs, side)
        else:
            self.skip = BilinearDoubling(planes, outputs, side) if self.up else nn.Identity()
        if expansion:
            self.branch = generative(planes, outputs, 2 * side if self.up else side, expansion)
        else:
            self.branch = inference(planes, outputs, side, 2 if step == "down" else 1)
        self.excitation = Excitation(outputs)

    def forward(self, x: Float[Tensor, "batch a side side"]) -> Float[Tensor, "batch b same same"]:
        """The cell's planes."""
        inner = interpolate(x, scale_factor=2.0, mode="nearest") if self.up else x
        out: Tensor = self.skip(x) + SHARE * self.excitation(self.branch(inner))
        return out


def inference(inputs: int, outputs: int, side: int, stride: int) -> nn.Sequential:
    """Batch normalisation, Swish, 3 x 3 convolution, twice; the first has the stride."""
    return nn.Sequential(
        _normalised(inputs),
        nn.SiLU(),
        Conv(inputs, outputs, 3, side, stride=stride),
        _normalised(outputs),
        nn.SiLU(),
        Conv(outputs, outputs, 3, side // stride),
    )


def generative(inputs: int, outputs: int, side: int, expansion: int) -> nn.Sequential:
    """Batch normalisation; 1 x 1 to `expansion` times the planes; 5 x 5 plane by plane; 1 x 1 back.

    Batch normalisation and Swish follow the first two convolutions, batch normalisation the last.
    """
    hidden = expansion * inputs
    return nn.Sequential(
        _normalised(inputs),
        Conv(inputs, hidden, 1, side, bias=False, normed=False),
        _normalised(hidden),
        nn.SiLU(),
        PlaneConv(hidden, 5, side),
        _normalised(hidden),
        nn.SiLU(),
        Conv(hidden, outputs, 1, side, bias=False, normed=False),
        _normalised(outputs),
    )


def _normalised(planes: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(planes, momentum=MOMENTUM)


def halvings(
    planes: int, side: int, blocks: int, cells: int
) -> tuple[nn.Sequential, nn.Sequential]:
    """Blocks of cells between the pixels and the largest latent variables, up and back down again.

    Each way has so many cells a block; the last of a block halves the side and doubles the planes,
    on the way back the first does the reverse. `planes` and the side are those next
    to the pixels.
    """
    up: list[ResidualCell] = []
    down: list[ResidualCell] = []
    for block in range(blocks):
        own, high = planes << block, side >> block
        up += [
            *(ResidualCell(own, high) for _ in range(cells - 1)),
            ResidualCell(own, high, step="down"),
        ]
    for block in reversed(range(blocks)):
        own, high = planes << block, side >> block
        down += [ResidualCell(2 * own, high // 2, step="up", expansion=OUTER)]
        down += [ResidualCell(own, high, expansion=OUTER) for _ in range(cells - 1)]
    return nn.Sequential(*up), nn.Sequential(*down)


def largest_scales(module: nn.Module) -> Float[Tensor, ""]:
    """The largest absolute scale of each batch normalisation, summed over all of them."""
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    return torch.stack([norm.weight.abs().amax() for norm in norms]).sum()


class LatentGroup(nn.Module):
    """The networks of one group: what leads down to it, its prior, its posterior, what it adds.

    Args:
        planes, side: Of the context.
        latent: Planes of latent variables.
        cells: Generative cells that lead to it.
        first: Whether it is the top: no cells, the prior is N(0, I).
        larger: Whether its scale is that of the group above, doubled: by a cell more.
    """

    def __init__(
        self, planes: int, side: int, latent: int, cells: int, *, first: bool, larger: bool
    ) -> None:
        super().__init__()
        if not first:
            steps = [ResidualCell(planes, side, expansion=INNER) for _ in range(cells)]
            if larger:
                steps.insert(0, ResidualCell(2 * planes, side // 2, step="up", expansion=INNER))
            self.cells = nn.Sequential(*steps)
            self.prior = nn.Sequential(nn.ELU(), Conv(planes, 2 * latent, 1, side))
            self.meet = Conv(planes, planes, 1, side)
        self.posterior = Conv(planes, 2 * latent, 3, side)
        self.join = Conv(planes + latent, planes, 1, side)
