"""Autoencoders of one benchmark whose code is a function of the image: plain, regularised, Wasserstein, quantised.

C. Chadebec, L. J. Vincent and S. Allassonnière, Pythae: Unifying Generative Autoencoders in Python,
NeurIPS 2022, https://arxiv.org/abs/2206.08309; objectives as its release 0.1.2 computes them,
https://github.com/clementchadebec/benchmark_VAE.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ae.maths.benchmark_networks import Network, benchmark_networks, statistics_as_they_are
from ae.maths.codebooks import gathered, straight_through
from ae.maths.discrepancy import discrepancy
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

FLOOR = 1e-5  # vectors that the averages add to each entry's


class FixedCode(Autoencoder):
    """The code is a function of the image; pixels are sigmoid(decoder(z)), in (0, 1): abstract.

    A model adds its constructor, which sets `encoder`, `decoder` and `draws`, and its `objective`.
    """

    encoder: nn.Module
    decoder: nn.Module

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The code."""
        z: Tensor = self.encoder(x)
        return z

    def decode(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, "batch features"]:
        """Pixels in (0, 1)."""
        pixels: Tensor = self.decoder(z).sigmoid()
        return pixels

    def reconstruct(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch features"]:
        """Through the code and back."""
        return self.decode(self.encode(x))

    def error(
        self, x: Float[Tensor, "batch features"], z: Float[Tensor, "batch latent"]
    ) -> Float[Tensor, " batch"]:
        """|x - x^|^2, a sum over pixels."""
        return ((self.decode(z) - x) ** 2).sum(-1)


class RegularisedAE(FixedCode):
    """The squared error + pull / 2 |z|^2 + smooth |sum_i d x^_i / d x|^2; without both the plain autoencoder.

    P. Ghosh, M. Sajjadi, A. Vergari, M. Black and B. Schölkopf, From Variational to Deterministic
    Autoencoders, ICLR 2020, https://arxiv.org/abs/1903.12436. As in Pythae the gradient is that of the
    sum of all pixels by the image, through encoder and decoder; the paper's is of the decoder alone.
    The decay of the decoder's weights is the optimiser's.

    Args:
        features: Number of pixels.
        network: `dense` layers, or `convolutions` of 28 x 28 pixels.
        widths: Of the hidden layers or planes, from the image to the code.
        latent: Size of the code.
        pull: Weight of the code's squared length.
        smooth: Weight of the gradient's; where it is 0 the gradient is not computed.
    """

    def __init__(
        self,
        features: int,
        *,
        network: Network,
        widths: list[int],
        latent: int,
        pull: float,
        smooth: float,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = benchmark_networks(
            features, latent, latent, network=network, widths=widths
        )
        self.in_turn = network == "convolutions"
        self.pull, self.smooth = pull, smooth
        self.draws = {}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """The squared error and what it is regularised by, each unweighted in the parts."""
        z = self.encode(batch.x)
        error = self.error(batch.x, z)
        length = (z**2).sum(-1) / 2
        parts = {"squared_error": error, "length": length}
        loss = error + self.pull * length
        if self.smooth:
            parts["gradient"] = self.steepness(batch.x)
            loss = loss + self.smooth * parts["gradient"]
        return Objective(loss=loss, parts=parts)

    def steepness(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, " batch"]:
        """|sum_i d x^_i / d x|^2 of each image."""

        def total(images: Tensor) -> Tensor:
            # As in Pythae of all images: where they are normalised together one depends on the others.
            return self.reconstruct(images).sum()

        with statistics_as_they_are(self):
            gradient: Tensor = torch.func.grad(total)(x)
        return (gradient**2).sum(-1)


class WassersteinAE(FixedCode):
    """The squared error + weight MMD(codes, N(0, I)), by a batch and as many codes of the prior.

    I. Tolstikhin, O. Bousquet, S. Gelly and B. Schölkopf, Wasserstein Auto-Encoders, ICLR 2018,
    https://arxiv.org/abs/1711.01558.

    Args:
        features: Number of pixels.
        network, widths, latent: As of `RegularisedAE`.
        weight: Of the discrepancy.
    """

    def __init__(
        self, features: int, *, network: Network, widths: list[int], latent: int, weight: float
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = benchmark_networks(
            features, latent, latent, network=network, widths=widths
        )
        self.in_turn = network == "convolutions"
        self.weight = weight
        self.draws = {"prior": Draw("normal", (latent,))}

    def prior_code(self, noise: Noise) -> Float[Tensor, "batch latent"]:
        """One sample of N(0, I)."""
        return noise["prior"]

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """The squared error and the discrepancy, which is the same for all images of a batch."""
        z = self.encode(batch.x)
        error = self.error(batch.x, z)
        apart = discrepancy(z, noise["prior"]).expand(len(z))
        parts = {"squared_error": error, "discrepancy": apart}
        return Objective(loss=error + self.weight * apart, parts=parts)


class QuantisedAE(FixedCode):
    """The squared error + beta mean (z - sg(e))^2: each number of the code by its nearest of the entries.

    A. van den Oord, O. Vinyals and K. Kavukcuoglu, Neural Discrete Representation Learning, NeurIPS 2017,
    https://arxiv.org/abs/1711.00937. As in Pythae, of whose encoders a code has no places, the entries
    are single numbers, the same for all numbers of the code; they are ratios of moving averages of the
    sum and count of the numbers that choose them, without a correction for the start, and an entry that
    nothing chooses soon is far away.

    Args:
        features: Number of pixels.
        network, widths, latent: As of `RegularisedAE`.
        entries: Of the codebook, which begins uniform within 1 / entries either side of 0.
        beta: Weight of the commitment.
        decay: Of the averages.
    """

    in_turn: bool = True
    codebook: Float[Tensor, " entries"]
    sizes: Float[Tensor, " entries"]
    sums: Float[Tensor, " entries"]

    def __init__(
        self,
        features: int,
        *,
        network: Network,
        widths: list[int],
        latent: int,
        entries: int,
        beta: float,
        decay: float,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = benchmark_networks(
            features, latent, latent, network=network, widths=widths
        )
        self.in_turn = True  # which entry is nearest may hang on a rounding
        self.beta, self.decay = beta, decay
        for name in ("codebook", "sums"):
            self.register_buffer(name, torch.empty(entries).uniform_(-1 / entries, 1 / entries))
        self.register_buffer("sizes", torch.zeros(entries))
        self.draws = {}

    def codes(self, x: Float[Tensor, "batch features"]) -> Int[Tensor, "batch latent"]:
        """Which entry stands for each number of the code."""
        return self._nearest(self.encoder(x))

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """The entries that stand for the code."""
        return self.codebook[self.codes(x)]

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """The squared error through the entries, and the commitment; the codebook follows the batch."""
        z: Tensor = self.encoder(batch.x)
        nearest = self._nearest(z)
        chosen = self.codebook[nearest]
        if self.training:
            self._follow(z.detach(), nearest)
        error = self.error(batch.x, straight_through(z, chosen))
        commitment = ((z - chosen.detach()) ** 2).mean(-1)
        parts = {"squared_error": error, "commitment": commitment}
        return Objective(loss=error + self.beta * commitment, parts=parts)

    def _nearest(self, z: Float[Tensor, "batch latent"]) -> Int[Tensor, "batch latent"]:
        return ((z.detach().unsqueeze(-1) - self.codebook) ** 2).argmin(-1)

    def _follow(
        self, z: Float[Tensor, "batch latent"], nearest: Int[Tensor, "batch latent"]
    ) -> None:
        """Take a batch's counts and sums into the averages, and the codebook from those."""
        counts, sums = gathered(z.reshape(-1, 1), nearest.flatten(), len(self.codebook))
        new = 1 - self.decay
        self.sizes.mul_(self.decay).add_(new * counts)
        total = self.sizes.sum()
        self.sizes.add_(FLOOR).mul_(total / (total + len(self.codebook) * FLOOR))
        self.sums.mul_(self.decay).add_(new * sums.squeeze(-1))
        self.codebook.copy_(self.sums / self.sizes)
