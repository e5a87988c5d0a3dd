"""Convolutions padded as TensorFlow's `same`: a side becomes side / stride, and back.

Where the padding is odd, the pixel more is below and to the right. A transposed convolution is the
transpose of the convolution that is so padded.
"""

from jaxtyping import Float
from torch import Tensor, nn


def same_conv(inputs: int, outputs: int, kernel: int, stride: int, side: int) -> nn.Sequential:
    """A convolution of planes with this side, whose stride divides it."""
    total = _total(kernel, stride, side)
    before = total // 2
    pad = nn.ZeroPad2d((before, total - before, before, total - before))
    return nn.Sequential(pad, nn.Conv2d(inputs, outputs, kernel, stride))


def same_transpose(inputs: int, outputs: int, kernel: int, stride: int, side: int) -> nn.Sequential:
    """The way back: planes with this side become `stride` times as large."""
    total = _total(kernel, stride, side * stride)
    layer = nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding=total // 2)
    return nn.Sequential(layer, _Cut(total % 2))


def _total(kernel: int, stride: int, side: int) -> int:
    """Rows of padding above and below.

    Raises:
        ValueError: The stride does not divide the side, or leaves pixels out.
    """
    if side % stride or kernel < stride:
        raise ValueError(
            f"side {side}, kernel {kernel}: expected multiples of the stride, {stride}"
        )
    return kernel - stride


class _Cut(nn.Module):
    """Leaves out the last rows and columns."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, x: Float[Tensor, "batch planes a b"]) -> Float[Tensor, "batch planes c d"]:
        """`x` without its last `count` rows and columns."""
        size = x.shape[-1] - self.count
        return x[..., :size, :size]
