"""k-means, without randomness of its own and without a branch, so that it runs under `vmap`."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def squared_distances(
    z: Float[Tensor, "points size"], centres: Float[Tensor, "clusters size"]
) -> Float[Tensor, "points clusters"]:
    """|z - c|^2 of every point and centre, never below 0 by rounding."""
    square = (z**2).sum(-1, keepdim=True) + (centres**2).sum(-1)
    return (square - 2 * z @ centres.T).clamp(min=0)


def nearest(
    z: Float[Tensor, "points size"], centres: Float[Tensor, "clusters size"]
) -> Int[Tensor, " points"]:
    """Which centre each point is nearest to; of several the first."""
    return squared_distances(z, centres).argmin(-1)


def spread_out(
    z: Float[Tensor, "points size"], uniform: Float[Tensor, " clusters"]
) -> Float[Tensor, "clusters size"]:
    """Points that lie apart: each by chance, in proportion to its squared distance to those before.

    Arthur and Vassilvitskii, k-means++: The Advantages of Careful Seeding, SODA 2007. `uniform` are
    the numbers on [0, 1) that it draws by.
    """
    weight = torch.ones_like(z[:, 0])
    chosen: list[Tensor] = []
    for u in uniform.unbind():
        along = weight.double().cumsum(0)
        # The first point whose share reaches beyond u of the whole.
        index = (along <= u * along[-1]).sum(0, keepdim=True).clamp(max=len(z) - 1)
        chosen.append(z[index].squeeze(0))
        far = squared_distances(z, chosen[-1].unsqueeze(0)).squeeze(-1)
        weight = far if len(chosen) == 1 else torch.minimum(weight, far)
    return torch.stack(chosen)


def moved(
    z: Float[Tensor, "points size"], centres: Float[Tensor, "clusters size"]
) -> Float[Tensor, "clusters size"]:
    """Each centre in the middle of the points nearest to it; one that has none stays."""
    own = (nearest(z, centres).unsqueeze(-1) == torch.arange(len(centres), device=z.device)).to(z)
    count = own.sum(0).unsqueeze(-1)
    return torch.where(count > 0, own.T @ z / count.clamp(min=1), centres)


def k_means(
    z: Float[Tensor, "points size"], uniform: Float[Tensor, "starts clusters"], *, iterations: int
) -> Float[Tensor, "clusters size"]:
    """The centres of least inertia, the sum of squared distances to the nearest, of several starts.

    Each start is k-means++, by a row of `uniform`, followed by Lloyd's algorithm; what has arrived
    stays where it is, so that iterations beyond change nothing.
    """
    found, inertia = [], []
    for row in uniform.unbind():
        centres = spread_out(z, row)
        for _ in range(iterations):
            centres = moved(z, centres)
        found.append(centres)
        inertia.append(squared_distances(z, centres).amin(-1).double().sum())
    best = torch.stack(inertia).argmin(0, keepdim=True)
    return torch.stack(found)[best].squeeze(0)
