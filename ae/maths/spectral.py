"""The largest singular values of many matrices that change little from step to step.

Y. Yoshida and T. Miyato, Spectral Norm Regularization for Improving the Generalizability of Deep
Learning, 2017, https://arxiv.org/abs/1705.10941.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

STEPS = 4  # of the power iteration at each call in training
FIRST = 40  # before the first


class SingularValues(nn.Module):
    """u^T W v of each matrix W, u and v by power iteration that goes on where it had ended.

    The gradient is u v^T, that of the largest singular value. Matrices of one size are iterated
    together. Only in training do u and v move.

    Args:
        weights: The matrices as they are to begin with.
    """

    def __init__(self, weights: list[Tensor]) -> None:
        super().__init__()
        self.sizes = list(dict.fromkeys(tuple(w.shape) for w in weights))
        for i, matrices in enumerate(self._by_size(weights)):
            count, rows, columns = matrices.shape
            u = normalize(torch.randn(count, rows), dim=-1)
            v = normalize(torch.randn(count, columns), dim=-1)
            u, v = iterated(matrices.detach(), u, v, FIRST)
            self.register_buffer(f"left_{i}", u)
            self.register_buffer(f"right_{i}", v)

    def forward(self, weights: list[Tensor]) -> Float[Tensor, " matrices"]:
        """One number a matrix, those of one size together."""
        found = []
        for i, matrices in enumerate(self._by_size(weights)):
            u, v = self.get_buffer(f"left_{i}"), self.get_buffer(f"right_{i}")
            if self.training:
                new_u, new_v = iterated(matrices.detach(), u, v, STEPS)
                u.copy_(new_u)
                v.copy_(new_v)
                u, v = new_u, new_v
            found.append((u.unsqueeze(-1) * matrices * v.unsqueeze(-2)).sum((-2, -1)))
        return torch.cat(found)

    def _by_size(self, weights: list[Tensor]) -> list[Tensor]:
        return [torch.stack([w for w in weights if w.shape == size]) for size in self.sizes]


def iterated(
    matrices: Float[Tensor, "matrices rows columns"],
    u: Float[Tensor, "matrices rows"],
    v: Float[Tensor, "matrices columns"],
    steps: int,
) -> tuple[Float[Tensor, "matrices rows"], Float[Tensor, "matrices columns"]]:
    """v = W^T u, u = W v, each of length 1, so many times; not for shapes without numbers."""
    if matrices.is_meta:
        return u, v
    for _ in range(steps):
        v = normalize((matrices * u.unsqueeze(-1)).sum(-2), dim=-1)
        u = normalize((matrices * v.unsqueeze(-2)).sum(-1), dim=-1)
    return u, v
