"""Convolutions that many members of a stack compute at once: as products, where planes are small.

Torch computes convolutions with weights of their own for each member in groups, whose gradient is
slow on CPUs; a product of matrices is not, though most of what it multiplies are zeros.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import conv2d

SMALL = 16  # largest side of planes whose convolutions are products of matrices
TINY = 1e-5  # beside a length that is divided by


class Conv(nn.Module):
    """A convolution that keeps the side, or divides it by its stride; by products where it is small.

    Where it is `normed`, the weights of each plane that it makes are a direction times a length of
    its own, kept as its logarithm (Salimans and Kingma, 2016). `side` is that of its input.
    """

    bias: Tensor | None
    places: Float[Tensor, "window from to"]

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        side: int,
        *,
        stride: int = 1,
        bias: bool = True,
        normed: bool = True,
    ) -> None:
        super().__init__()
        drawn = nn.Conv2d(inputs, outputs, kernel, bias=bias)
        self.weight = nn.Parameter(drawn.weight.detach())
        self.bias = None if drawn.bias is None else nn.Parameter(drawn.bias.detach())
        if normed:
            self.log_length = nn.Parameter((_lengths(self.weight.detach()) + 0.01).log())
        self.kernel, self.stride, self.small, self.normed = kernel, stride, side <= SMALL, normed
        if self.small and kernel > 1:
            self.register_buffer("places", _places(kernel, side, stride))

    def applied(self) -> Float[Tensor, "outputs inputs window window"]:
        """The weights as they are applied."""
        weight: Tensor = self.weight
        if not self.normed:
            return weight
        return self.log_length.exp() * weight / (_lengths(weight) + TINY)

    def forward(self, x: Float[Tensor, "batch inputs a a"]) -> Float[Tensor, "batch outputs b b"]:
        """x * w + b."""
        weight, bias = self.applied(), self.bias
        if not self.small:
            return conv2d(x, weight, bias, self.stride, self.kernel // 2)
        out = self._place_by_place(x, weight) if self.kernel == 1 else self._at_once(x, weight)
        return out if bias is None else out + bias[:, None, None]

    def _place_by_place(self, x: Tensor, weight: Tensor) -> Tensor:
        x = x[..., :: self.stride, :: self.stride]
        rows = weight.flatten(1) @ x.transpose(0, 1).flatten(1)
        return rows.unflatten(1, (len(x), *x.shape[2:])).transpose(0, 1)

    def _at_once(self, x: Tensor, weight: Tensor) -> Tensor:
        side = x.shape[-1] // self.stride
        each = (weight.flatten(2) @ self.places.flatten(1)).unflatten(2, self.places.shape[1:])
        matrix = each.permute(1, 2, 0, 3).flatten(2).flatten(0, 1)  # from all planes to all
        return (x.flatten(1) @ matrix).unflatten(1, (-1, side, side))


def _lengths(weight: Tensor) -> Tensor:
    return (weight**2).sum((1, 2, 3), keepdim=True).sqrt()


class PlaneConv(nn.Module):
    """A convolution plane by plane, without a bias, that keeps the side; by a product if it is small.

    (The gradient of grouped convolutions is slow on CPUs.)
    """

    places: Float[Tensor, "window from to"]

    def __init__(self, planes: int, kernel: int, side: int) -> None:
        super().__init__()
        drawn = nn.Conv2d(planes, planes, kernel, groups=planes, bias=False)
        self.weight = nn.Parameter(drawn.weight.detach())
        self.kernel, self.small = kernel, side <= SMALL
        if self.small:
            self.register_buffer("places", _places(kernel, side, 1))

    def applied(self) -> Float[Tensor, "planes 1 window window"]:
        """The weights as they are applied."""
        return self.weight

    def forward(
        self, x: Float[Tensor, "batch planes side side"]
    ) -> Float[Tensor, "batch planes side side"]:
        """x * w of every plane."""
        if not self.small:
            return conv2d(x, self.weight, padding=self.kernel // 2, groups=x.shape[1])
        flat = self.weight.flatten(1) @ self.places.flatten(1)
        each = flat.unflatten(1, self.places.shape[1:])
        return (x.flatten(2).transpose(0, 1) @ each).transpose(0, 1).unflatten(2, x.shape[2:])


def _places(kernel: int, side: int, stride: int) -> Float[Tensor, "window from to"]:
    """1 where a weight of the window leads from a place of the input to one of the output."""
    source = torch.arange(side)
    target = torch.arange(0, side, stride)
    offset = source[:, None] - target + kernel // 2  # in one dimension
    step = (offset == torch.arange(kernel)[:, None, None]).to(torch.get_default_dtype())
    both = torch.einsum("aij,bkl->abikjl", step, step)
    return both.flatten(0, 1).flatten(1, 2).flatten(2, 3)


def matrices(module: nn.Module) -> list[Tensor]:
    """The weights of every convolution as they are applied, a row for each plane that it makes."""
    convs = [part for part in module.modules() if isinstance(part, Conv | PlaneConv)]
    return [conv.applied().flatten(1) for conv in convs]
