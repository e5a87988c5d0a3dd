"""What is drawn of an image when it is accessed: pure functions of pixels in [0, 1] and noise.

A manifest names one in its table `[access]`. The second parameter is called `normal` or `uniform`,
after the law of the noise that the function takes.
"""

from jaxtyping import Float
from torch import Tensor


def variance(
    x: Float[Tensor, "*many features"], normal: Float[Tensor, "*many features"]
) -> Float[Tensor, "*many features"]:
    """x * noise: a pixel is normal with mean 0, and the image is its standard deviation."""
    return x * normal


def bernoulli(
    x: Float[Tensor, "*many features"], uniform: Float[Tensor, "*many features"]
) -> Float[Tensor, "*many features"]:
    """1 with probability x, else 0: binarised anew at every access."""
    return (uniform < x).to(x.dtype)


def inverted_bernoulli(
    x: Float[Tensor, "*many features"], uniform: Float[Tensor, "*many features"]
) -> Float[Tensor, "*many features"]:
    """0 with probability x, else 1: dark ink on bright paper, binarised anew at every access."""
    return (x < uniform).to(x.dtype)
