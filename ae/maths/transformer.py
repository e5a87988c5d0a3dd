"""Transformers of tokens, normalised before each part: attention, then a network of each token.

Dosovitskiy et al., An Image is Worth 16x16 Words, ICLR 2021, https://arxiv.org/abs/2010.11929.
"""

import math

from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.networks import Dense

FLOOR = 1e-6  # of a variance that normalises


class Linear(nn.Module):
    """x W^T + b of each token; tokens in one row, so that a stack makes one product of them all."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense = Dense(inputs, outputs)

    def forward(
        self, x: Float[Tensor, "batch tokens inputs"]
    ) -> Float[Tensor, "batch tokens outputs"]:
        """The tokens, mapped one by one."""
        mapped: Tensor = self.dense(x.flatten(0, 1))
        return mapped.reshape(*x.shape[:2], -1)


class Attention(nn.Module):
    """Each token a mean of all tokens' values, weighed by how its query meets their keys.

    Args:
        width: Numbers of a token.
        heads: How often, side by side.
        each: Numbers of a query, a key and a value of one head.
    """

    def __init__(self, width: int, heads: int, each: int) -> None:
        super().__init__()
        self.heads, self.each = heads, each
        self.ask = Linear(width, 3 * heads * each)
        self.answer = Linear(heads * each, width)

    def forward(
        self, x: Float[Tensor, "batch tokens width"]
    ) -> Float[Tensor, "batch tokens width"]:
        """softmax(q k^T / sqrt(each)) v, of all heads together."""
        asked: Tensor = self.ask(x)
        parts = asked.reshape(*x.shape[:2], 3, self.heads, self.each)
        q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.mT / math.sqrt(self.each)).softmax(-1)
        told: Tensor = self.answer((weights @ v).transpose(1, 2).flatten(2))
        return told


class Block(nn.Module):
    """x + attention(norm(x)), then the same with a network of one hidden layer of GELU.

    Args:
        width: Numbers of a token.
        heads: Of the attention.
        hidden: Width of the network's hidden layer.
        each: Numbers of a head; by default the heads share the width.
        gelu_last: Whether the network ends by another GELU.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        *,
        each: int | None = None,
        gelu_last: bool = False,
    ) -> None:
        super().__init__()
        self.first = nn.LayerNorm(width, eps=FLOOR)
        self.attention = Attention(width, heads, width // heads if each is None else each)
        self.second = nn.LayerNorm(width, eps=FLOOR)
        last = [nn.GELU()] if gelu_last else []
        self.network = nn.Sequential(Linear(width, hidden), nn.GELU(), Linear(hidden, width), *last)

    def forward(
        self, x: Float[Tensor, "batch tokens width"]
    ) -> Float[Tensor, "batch tokens width"]:
        """As many tokens of the same width."""
        x = x + self.attention(self.first(x))
        return x + self.network(self.second(x))  # type: ignore[no-any-return]


def transformer(
    width: int,
    heads: int,
    depth: int,
    *,
    each: int | None = None,
    gelu_last: bool = False,
    times: int = 4,
) -> nn.Sequential:
    """So many blocks whose hidden layers are `times` as wide as a token, and a normalisation.

    Raises:
        ValueError: The heads do not share the width.
    """
    if each is None and width % heads:
        raise ValueError(f"width {width}: expected a multiple of the {heads} heads")
    blocks = [
        Block(width, heads, times * width, each=each, gelu_last=gelu_last) for _ in range(depth)
    ]
    return nn.Sequential(*blocks, nn.LayerNorm(width, eps=FLOOR))
