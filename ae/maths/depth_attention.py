"""Attention over the layers of a hierarchy, place by place, and over the places of one layer.

I. Apostolopoulou, I. Char, E. Rosenfeld and A. Dubrawski, Deep Attentive Variational Inference,
ICLR 2022, https://openreview.net/forum?id=T4-65DNlDij; details as in
https://github.com/ifiaposto/Deep_Attentive_VI.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ae.maths.small_convolutions import Conv


def depth_weights(
    query: Float[Tensor, "batch key side side"],
    keys: Float[Tensor, "batch layers key side side"],
    scale: Float[Tensor, "1"],
) -> Float[Tensor, "batch layers side side"]:
    """softmax over the layers of scale q k, at each place; they sum to 1."""
    return (scale * (query.unsqueeze(1) * keys).sum(2)).softmax(1)


class DepthAttention(nn.Module):
    """A mean of the contexts of other layers, weighed at each place by how a query meets their keys.

    Of one context alone it is that context, which no query can change: then there is none.

    Args:
        planes, side: Of every context.
        key: Numbers of a query and of a key.
        several: Whether there is more than one context.
    """

    def __init__(self, planes: int, side: int, key: int, *, several: bool) -> None:
        super().__init__()
        self.several = several
        if several:
            self.query = Conv(planes, key, 1, side, bias=False, normed=False)
            self.scale = nn.Parameter(torch.ones(1))

    def forward(
        self, asking: Tensor, keys: list[Tensor], contexts: list[Tensor]
    ) -> Float[Tensor, "batch planes side side"]:
        """The mean; `keys` are not looked at where there is one context."""
        if not self.several:
            return contexts[0]
        weights = depth_weights(self.query(asking), torch.stack(keys, 1), self.scale)
        return (weights.unsqueeze(2) * torch.stack(contexts, 1)).sum(1)


class PlaceAttention(nn.Module):
    """x + gamma times a mean of all places' values, by how a place's query meets their keys.

    Wang, Girshick, Gupta and He, Non-local Neural Networks, CVPR 2018,
    https://arxiv.org/abs/1711.07971. `gamma` is 0 to begin with.
    """

    def __init__(self, planes: int, side: int, key: int) -> None:
        super().__init__()
        self.query = Conv(planes, key, 1, side, bias=False, normed=False)
        self.key = Conv(planes, key, 1, side, bias=False, normed=False)
        self.value = Conv(planes, planes, 1, side)
        self.scale = nn.Parameter(torch.ones(1))
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(
        self, x: Float[Tensor, "batch planes side side"]
    ) -> Float[Tensor, "batch planes side side"]:
        """Planes of the same number and size."""
        value: Tensor = self.value(x).flatten(2)
        return x + self.gamma * (value @ self.weights(x).mT).view(x.shape)

    def weights(
        self, x: Float[Tensor, "batch planes side side"]
    ) -> Float[Tensor, "batch places places"]:
        """What each place, a row, takes of all places; rows sum to 1."""
        query, key = self.query(x).flatten(2), self.key(x).flatten(2)
        weights: Tensor = (self.scale * (query.mT @ key)).softmax(-1)
        return weights
