"""NVAE: groups of latent variables, each hanging on those above through the nearest context alone.

A. Vahdat and J. Kautz, NVAE: A Deep Hierarchical Variational Autoencoder, NeurIPS 2020,
https://arxiv.org/abs/2007.03898; details as in https://github.com/NVlabs/NVAE.
"""

from torch import Tensor

from ae.models.latent_groups import LatentGroups


class NVAE(LatentGroups):
    """Priors are told the context of their group, posteriors what their own way up has met.

    Args:
        features: Number of pixels; images are square.
        channels: Planes next to the pixels; every halving of the side doubles them.
        latent: Planes of latent variables of each group.
        groups: How many on each scale, the smallest first; each scale has twice the side.
        blocks: Halvings of the side before the groups begin.
        outer: Cells of each such block, and of each on the way back to the pixels.
        inner: Cells of each group, both up and down.
        residual: Whether the posterior is `relative` to the prior, or says mean and variance itself.
        balanced: Whether groups' divergences are balanced while `beta` is below 1.
        spectral: Weight of the convolutions' largest singular values and of the normalisations'
            largest scales, which the objective adds.

    Raises:
        ValueError: The image is not square, or too small for so many halvings.
    """

    def __init__(
        self,
        features: int,
        *,
        channels: int,
        latent: int,
        groups: list[int],
        blocks: int,
        outer: int,
        inner: int,
        residual: bool,
        balanced: bool,
        spectral: float,
    ) -> None:
        super().__init__()
        self._build(
            features,
            channels=channels,
            latent=latent,
            groups=groups,
            blocks=blocks,
            outer=outer,
            inner=inner,
            residual=residual,
            balanced=balanced,
            spectral=spectral,
        )

    def _told(self, group: int, contexts: list[Tensor]) -> Tensor:
        return contexts[-1]

    def _seen(self, group: int, met: Tensor, context: Tensor, below: list[Tensor]) -> Tensor:
        return met

    def _joined(self, group: int, h: Tensor) -> Tensor:
        return h
