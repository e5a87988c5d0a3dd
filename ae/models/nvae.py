"""NVAE: groups of latent variables, each hanging on those above through the nearest context alone.

A. Vahdat and J. Kautz, NVAE: A Deep Hierarchical Variational Autoencoder, NeurIPS 2020,
https://arxiv.org/abs/2007.03898; details as in https://github.com/NVlabs/NVAE.
"""

from torch import Tensor

from ae.models.latent_groups import LatentGroups


class NVAE(LatentGroups):
    """Priors are told the context of their group, posteriors what their own way up has met."""

    def _told(self, group: int, contexts: list[Tensor]) -> Tensor:
        return contexts[-1]

    def _seen(self, group: int, met: Tensor, context: Tensor, below: list[Tensor]) -> Tensor:
        return met

    def _joined(self, group: int, h: Tensor) -> Tensor:
        return h
