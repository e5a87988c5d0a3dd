"""Groups of latent variables that attend to the contexts of all layers above them, and over places.

I. Apostolopoulou, I. Char, E. Rosenfeld and A. Dubrawski, Deep Attentive Variational Inference,
ICLR 2022, https://openreview.net/forum?id=T4-65DNlDij; details as in
https://github.com/ifiaposto/Deep_Attentive_VI.
"""

import torch
from torch import Tensor, nn

from ae.maths.depth_attention import DepthAttention, PlaceAttention
from ae.maths.small_convolutions import Conv
from ae.models.latent_groups import LatentGroups


class AttentiveVAE(LatentGroups):
    """NVAE's hierarchy on one scale, whose groups look further than to the nearest context.

    A prior is told its group's context plus gamma times a mean of all contexts above it. A posterior
    is told what its own way up has met plus gamma times a mean of that and of all contexts nearer to
    the image. Both means are weighed by attention at each place; every gamma is 0 to begin with. Over
    places, what a posterior has met and what goes on down from a group attend to themselves. With
    neither it is the hierarchy of `NVAE`.

    Args:
        features, channels, latent, blocks, outer, inner: As `NVAE` has them.
        residual, balanced, spectral: As `NVAE` has them.
        layers: How many groups, all of one scale.
        key: Numbers of a query and of a key.
        depth: Whether layers attend to other layers.
        spatial: Whether places attend to other places.
    """

    def __init__(
        self,
        features: int,
        *,
        channels: int,
        latent: int,
        layers: int,
        blocks: int,
        outer: int,
        inner: int,
        residual: bool,
        balanced: bool,
        spectral: float,
        key: int,
        depth: bool,
        spatial: bool,
    ) -> None:
        super().__init__()
        self._build(
            features,
            channels=channels,
            latent=latent,
            groups=[layers],
            blocks=blocks,
            outer=outer,
            inner=inner,
            residual=residual,
            balanced=balanced,
            spectral=spectral,
        )
        planes, side = channels << blocks, self.padded >> blocks
        self.depth, self.spatial = depth, spatial

        def keys(count: int) -> nn.ModuleList:
            made = (Conv(planes, key, 1, side, bias=False, normed=False) for _ in range(count))
            return nn.ModuleList(made)

        if depth:
            self.prior_gammas = nn.Parameter(torch.zeros(layers - 1))
            self.prior_keys = keys(layers - 1 if layers > 2 else 0)
            self.prior_attention = nn.ModuleList(
                DepthAttention(planes, side, key, several=i > 1) for i in range(1, layers)
            )
            self.posterior_gammas = nn.Parameter(torch.zeros(layers))
            self.met_keys, self.below_keys = keys(layers), keys(layers)
            self.posterior_attention = nn.ModuleList(
                DepthAttention(planes, side, key, several=True) for _ in range(layers)
            )
        if spatial:
            self.met_places = nn.ModuleList(
                PlaceAttention(planes, side, key) for _ in range(layers)
            )
            self.joined_places = nn.ModuleList(
                PlaceAttention(planes, side, key) for _ in range(layers)
            )

    def _told(self, group: int, contexts: list[Tensor]) -> Tensor:
        *above, own = contexts
        if not self.depth or not above:
            return own
        keys = [make(h) for make, h in zip(self.prior_keys, above, strict=False)]
        mean: Tensor = self.prior_attention[group - 1](own, keys, above)
        return own + self.prior_gammas[group - 1] * mean

    def _seen(self, group: int, met: Tensor, context: Tensor, below: list[Tensor]) -> Tensor:
        if self.spatial:
            met = self.met_places[group](met)
        if not self.depth:
            return met
        keys = [make(h) for make, h in zip(self.below_keys, below, strict=False)]
        keys.append(self.met_keys[group](met))
        mean: Tensor = self.posterior_attention[group](context, keys, [*below, met])
        return met + self.posterior_gammas[group] * mean

    def _joined(self, group: int, h: Tensor) -> Tensor:
        return self.joined_places[group](h) if self.spatial else h
