"""Images that stand for a distribution by themselves: drawn of the data, or means of near ones.

The controls of Theis, van den Oord and Bethge, A note on the evaluation of generative models, ICLR
2016, https://arxiv.org/abs/1511.01844: a kernel density estimate has its kernels at them. Training
images are true samples; the means of k-means are none, and score higher.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ae.models.base import Autoencoder, Batch, Noise, Objective

ROWS = 1000  # images whose distances to all prototypes are found at once


class Prototypes(Autoencoder):
    """A codebook of images: an image is encoded by the nearest and decoded to it.

    Uniform noise until it is fitted. Fitting takes one training image of each of `count` equal
    stretches of the training set, then moves every prototype to the mean of the images that are
    nearest to it, `steps` times: k-means (Lloyd's algorithm), stopped early. A prototype that is
    nearest to none stays.

    Args:
        features: Number of pixels.
        count: How many prototypes.
        steps: Of Lloyd's algorithm; 0 leaves training images.
    """

    in_turn: bool = True  # distances to all prototypes fill the memory of one member
    place: Float[Tensor, " count"]
    prototypes: Float[Tensor, "count features"]

    def __init__(self, features: int, *, count: int, steps: int) -> None:
        super().__init__()
        self.register_buffer("place", torch.rand(count))  # in its stretch, from 0 to 1
        self.register_buffer("prototypes", torch.rand(count, features))
        self.iterations = steps
        self.draws = {}

    def fit(self, x: Float[Tensor, "examples features"]) -> None:
        """Take training images, and let them settle among the others.

        Raises:
            ValueError: There are fewer images than prototypes.
        """
        count = len(self.prototypes)
        if len(x) < count:
            raise ValueError(f"count {count}: expected at most the {len(x)} training images")
        first = torch.arange(count, device=x.device) + self.place
        means = x[(first * (len(x) / count)).long().clamp(max=len(x) - 1)]
        for _ in range(self.iterations):
            near = torch.cat([nearest(rows, means) for rows in torch.split(x, ROWS)])
            sums = torch.zeros_like(means).index_add(0, near, x)
            sizes = torch.zeros_like(means[:, 0]).index_add(0, near, torch.ones_like(x[:, 0]))
            means = torch.where((sizes > 0)[:, None], sums / sizes.clamp(min=1)[:, None], means)
        self.prototypes.copy_(means)

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """The nearest prototype."""
        return self.prototypes[nearest(x, self.prototypes)]

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """Squared distance to the nearest prototype, which k-means brings down; nothing is trained."""
        squared_error = ((batch.x - self.reconstruct(batch.x)) ** 2).sum(-1)
        return Objective(loss=squared_error, parts={"squared_error": squared_error})


def nearest(
    x: Float[Tensor, "batch features"], prototypes: Float[Tensor, "count features"]
) -> Int[Tensor, " batch"]:
    """Which prototype is nearest to each row, in squared distance; the first of equal ones."""
    return ((prototypes**2).sum(-1) - 2 * x @ prototypes.T).argmin(-1)
