"""The weights that layers begin with, as frameworks draw them by default."""

import math
from typing import Literal

from torch import Tensor, nn
from torch.nn.init import kaiming_uniform_, trunc_normal_, uniform_, zeros_

Law = Literal["torch", "glorot_uniform", "glorot_normal", "lecun_normal", "he_uniform"]
LAYERS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
TRUNCATED = 0.87962566103423978  # deviation of a standard normal that is cut at -2 and 2


def initialise_(module: nn.Module, law: Law, *, apart: int = 1) -> None:
    """Draw the weights of every linear and convolutional layer of a module anew, in place.

    With fans of a weight as Glorot and Bengio (2010) count them, for a convolution times the size of
    its window:

    - `torch`: as they are, uniform on plus and minus 1 / sqrt(fan in), biases too.
    - `glorot_uniform`: uniform of variance 2 / (fan in + fan out), biases 0; Keras, MXNet's Xavier.
    - `glorot_normal`: normal of that variance, biases 0.
    - `lecun_normal`: normal cut at two deviations, of variance 1 / fan in, biases 0; Flax.
    - `he_uniform`: uniform of variance 2 / fan in, biases as torch's; He et al. (2015).

    `apart` says of how many layers of equal size, side by side, a linear layer stands for.
    """
    for layer in module.modules():
        if isinstance(layer, LAYERS) and law != "torch":
            for weight in layer.weight.detach().chunk(apart):
                _draw(weight, law, transposed=isinstance(layer, nn.ConvTranspose2d))
            if layer.bias is not None and law != "he_uniform":
                zeros_(layer.bias)


def _draw(weight: Tensor, law: Law, *, transposed: bool) -> None:
    if law == "he_uniform":
        kaiming_uniform_(weight, nonlinearity="relu")
        return
    window = weight[0, 0].numel()
    outputs, inputs = (window * size for size in weight.shape[:2])
    if transposed:
        outputs, inputs = inputs, outputs
    if law == "glorot_uniform":
        bound = math.sqrt(6 / (inputs + outputs))
        uniform_(weight, -bound, bound)
    elif law == "glorot_normal":
        weight.normal_(std=math.sqrt(2 / (inputs + outputs)))
    else:
        std = math.sqrt(1 / inputs) / TRUNCATED
        trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)
