"""Images as patches, where a patch is, and which patches are masked.

An image is a row of pixels, plane by plane; places are counted row by row. A choice of patches is an
order of the places, the visible ones first, so that how many are visible is a number and no tensor.
Which ones they are follows from uniform noise that is given.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Grid(NamedTuple):
    """How a square image is cut: its planes, its side in pixels, a patch's side in pixels."""

    colours: int
    side: int
    patch: int

    @property
    def across(self) -> int:
        """Patches in a row, and rows of them."""
        return self.side // self.patch

    @property
    def places(self) -> int:
        """Patches of an image."""
        return self.across**2

    @property
    def numbers(self) -> int:
        """Numbers of a patch."""
        return self.colours * self.patch**2

    def patches(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch places numbers"]:
        """The patches of images; the numbers of a patch row by row, colours innermost."""
        cut = x.reshape(len(x), self.colours, self.across, self.patch, self.across, self.patch)
        return cut.permute(0, 2, 4, 3, 5, 1).reshape(len(x), self.places, self.numbers)

    def image(self, patches: Float[Tensor, "batch places numbers"]) -> Float[Tensor, "batch _"]:
        """The images of patches: the inverse of `patches`."""
        shape = (self.across, self.across, self.patch, self.patch, self.colours)
        return patches.reshape(-1, *shape).permute(0, 5, 1, 3, 2, 4).flatten(1)


def grid_of(features: int, colours: int, patch: int) -> Grid:
    """The grid of square images of so many pixels times colours.

    Raises:
        ValueError: They are no squares, or patches do not fill them.
    """
    side = math.isqrt(features // colours)
    if colours * side**2 != features or side % patch:
        raise ValueError(
            f"features {features}: expected {colours} square planes that patches of {patch} x {patch} fill"
        )
    return Grid(colours, side, patch)


def sines(across: int, width: int) -> Float[Tensor, "places width"]:
    """Sines and cosines of where a place is: half of the numbers of its column, half of its row.

    Of a coordinate p: sin(p w_i), then cos(p w_i), with w_i = 10000^(-4i / width), i below width / 4.

    Raises:
        ValueError: The width is no multiple of 4.
    """
    if width % 4:
        raise ValueError(
            f"width {width}: expected a multiple of 4, for sines and cosines of both axes"
        )
    rates = 10000.0 ** (-torch.arange(width // 4, dtype=torch.float64) * 4 / width)
    angles = torch.arange(across, dtype=torch.float64).unsqueeze(-1) * rates
    along = torch.cat([angles.sin(), angles.cos()], -1)
    columns, rows = along.repeat(across, 1), along.repeat_interleave(across, 0)
    return torch.cat([columns, rows], -1).to(torch.get_default_dtype())


def taken(x: Float[Tensor, "batch places n"], at: Int[Tensor, "batch some"]) -> Tensor:
    """The rows of `x` at these places, (batch, some, n)."""
    return x.gather(1, at.unsqueeze(-1).expand(-1, -1, x.shape[-1]))


def standardised(patches: Float[Tensor, "*many numbers"]) -> Float[Tensor, "*many numbers"]:
    """Each patch less its mean, over its deviation: the root of its unbiased variance plus 1e-6."""
    mean, variance = patches.mean(-1, keepdim=True), patches.var(-1, keepdim=True)
    return (patches - mean) * (variance + 1e-6).rsqrt()


def scattered(uniform: Float[Tensor, "batch places"]) -> Int[Tensor, "batch places"]:
    """An order of the places, all orders alike: that of uniform noise, one number a place."""
    return uniform.sort(dim=-1, stable=True).indices


def lattice(across: int) -> Int[Tensor, " places"]:
    """The order whose first quarter is one place of every square of two by two, its upper left one.

    Raises:
        ValueError: The grid has an odd side.
    """
    if across % 2:
        raise ValueError(f"{across} patches a side: expected an even number, for squares of 2 x 2")
    place = torch.arange(across**2)
    masked = (place % across % 2 + place // across % 2).clamp(max=1)
    return masked.sort(dim=-1, stable=True).indices


BLOCK = 4  # numbers of noise that a block takes beside one a place: its centre and its shape
LONGEST = 3.0  # a block's sides, one to the other


def block(uniform: Float[Tensor, "batch numbers"], across: int) -> Int[Tensor, "batch places"]:
    """An order whose last places are one rectangle, cut by the image's edge, however many are taken.

    Its centre is anywhere in the image, its sides one to the other from 1 / 3 to 3, evenly in the
    logarithm. Places equally far from the centre come by chance.

    Args:
        uniform: One number a place, then `BLOCK` for the rectangle, of which the last is not used.
        across: Patches a side.
    """
    row, column, shape = uniform[:, -BLOCK:-1].unsqueeze(-1).unbind(1)
    stretch = LONGEST ** (shape - 0.5)
    place = torch.arange(across**2, device=uniform.device)
    down = (place // across + 0.5 - across * row).abs() * stretch
    along = (place % across + 0.5 - across * column).abs() / stretch
    far = torch.maximum(down, along)
    return scattered(-far + 1e-6 * uniform[:, :-BLOCK])


def one_of_four(
    uniform: Float[Tensor, "batch squares"], across: int
) -> Int[Tensor, "batch places"]:
    """An order whose first quarter is one place of every square of two by two, each as likely.

    The squares come row by row, so that the first quarter is an image of half the side.

    Args:
        uniform: One number a square.
        across: Patches a side, an even number.
    """
    half = across // 2
    square = torch.arange(half**2, device=uniform.device)
    corner = 2 * across * (square // half) + 2 * (square % half)
    chosen = (4 * uniform).long().clamp(max=3)
    shifts = torch.stack([(chosen + i) % 4 for i in range(4)], 1)  # the others come after
    return (corner + across * (shifts // 2) + shifts % 2).flatten(1)


def hidden(order: Int[Tensor, "batch places"], visible: int) -> Bool[Tensor, "batch places"]:
    """Which places are masked, where the first `visible` of an order are not."""
    return order.argsort(-1) >= visible


def visible(places: int, masked: float) -> int:
    """How many places are visible where this share is masked.

    Raises:
        ValueError: None is, or all are.
    """
    count = int(places * (1 - masked))
    if not 0 < count < places:
        raise ValueError(f"masked {masked}: of {places} patches {count} are visible")
    return count
