"""Convolutions with weights of a member's own: as products of matrices, where planes are small.

Torch computes convolutions of a stack's members, and those plane by plane, in groups, whose gradient
is slow on CPUs; a product of matrices is not, though most of what it multiplies are zeros.
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
    line: Float[Tensor, "window from to"]

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
            self.register_buffer("line", _line(kernel, side, stride))

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
        return rows.reshape(-1, *x[:, 0].shape).transpose(0, 1)

    def _at_once(self, x: Tensor, weight: Tensor) -> Tensor:
        side = x.shape[-1] // self.stride
        each = _everywhere(weight.flatten(2), self.line)
        matrix = each.permute(1, 2, 0, 3).flatten(2).flatten(0, 1)  # from all planes to all
        return (x.flatten(1) @ matrix).reshape(len(x), -1, side, side)


def _lengths(weight: Tensor) -> Tensor:
    return (weight**2).sum((1, 2, 3), keepdim=True).sqrt()


class PlaneConv(nn.Module):
    """A convolution plane by plane, without a bias, that keeps the side; by a product if it is small.

    (The gradient of grouped convolutions is slow on CPUs.)
    """

    line: Float[Tensor, "window from to"]

    def __init__(self, planes: int, kernel: int, side: int) -> None:
        super().__init__()
        drawn = nn.Conv2d(planes, planes, kernel, groups=planes, bias=False)
        self.weight = nn.Parameter(drawn.weight.detach())
        self.kernel, self.small = kernel, side <= SMALL
        if self.small:
            self.register_buffer("line", _line(kernel, side, 1))

    def applied(self) -> Float[Tensor, "planes 1 window window"]:
        """The weights as they are applied."""
        return self.weight

    def forward(
        self, x: Float[Tensor, "batch planes side side"]
    ) -> Float[Tensor, "batch planes side side"]:
        """x * w of every plane."""
        if not self.small:
            return conv2d(x, self.weight, padding=self.kernel // 2, groups=x.shape[1])
        each = _everywhere(self.weight.flatten(1), self.line)
        return (x.flatten(2).transpose(0, 1) @ each).transpose(0, 1).reshape(x.shape)


def _line(kernel: int, side: int, stride: int) -> Float[Tensor, "window from to"]:
    """1 where a weight of the window leads from a place of the input to one of the output, in a row."""
    offset = torch.arange(side)[:, None] - torch.arange(0, side, stride) + kernel // 2
    return (offset == torch.arange(kernel)[:, None, None]).to(torch.get_default_dtype())


def _everywhere(
    weight: Float[Tensor, "*planes window"], line: Float[Tensor, "side from to"]
) -> Float[Tensor, "*planes places made"]:
    """The matrices from all places of a plane to all of another, of windows and the lines' own."""
    both = line[:, None, :, None, :, None] * line[None, :, None, :, None, :]
    both = both.flatten(0, 1).flatten(1, 2).flatten(2, 3)
    return (weight @ both.flatten(1)).reshape(*weight.shape[:-1], *both.shape[1:])


def matrices(module: nn.Module) -> list[Tensor]:
    """The weights of every convolution as they are applied, a row for each plane that it makes."""
    convs = [part for part in module.modules() if isinstance(part, Conv | PlaneConv)]
    return [conv.applied().flatten(1) for conv in convs]
