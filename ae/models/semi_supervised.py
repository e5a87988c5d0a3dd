"""Variational autoencoders that learn from labels of some of the images.

Nalisnick and Smyth, Stick-Breaking Variational Autoencoders, ICLR 2017,
https://arxiv.org/abs/1605.06197, section on semi-supervised learning: the second model of Kingma,
Mohamed, Rezende and Welling, Semi-Supervised Learning with Deep Generative Models, NIPS 2014,
https://arxiv.org/abs/1406.5298, but with a code that depends on the image alone, as in the authors'
program. p(x, y, z) = p(z) p(y) p(x given y, z) with p(y) uniform, q(y, z given x) = q(y given x)
q(z given x); both parts of q read one hidden layer, the last.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import one_hot, softplus

from ae.maths import sticks
from ae.maths.networks import Dense, normal_weights_
from ae.maths.probability import kl_to_standard_normal, log_bernoulli
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective

FLOOR = 1e-3  # of the shape parameters a and b


class Factors(NamedTuple):
    """What the cost of a labelled image is multiplied by, and that of another."""

    labelled: Float[Tensor, ""]
    others: Float[Tensor, ""]


class GaussDGM(Autoencoder):
    """q(z given x) = N(mean, diag(std^2)), p(z) = N(0, I), p(x given y, z) Bernoulli.

    The objective is weight * mean over labelled images of the bound on -log p(x, y), with the
    classifier's cross entropy -log q(y given x), plus (1 - weight) * mean over the other images of
    the bound on -log p(x), in which every class counts by q(y given x).

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        skips: Whether every hidden layer after the first adds what it is given to what it makes, as
            the paper's deeper networks do.
        latent: Size of the code.
        classes: Number of classes.
        weight: Of the labelled images, between 0 and 1.
        share: Of the training images are labelled, so that means over all images become those of
            the two kinds; above 0 and below 1.
        init: Standard deviation of the initial weights; biases begin at 0.
    """

    weight: Float[Tensor, ""]
    share: Float[Tensor, ""]
    hidden_labels: ClassVar[bool] = True
    sweeps: ClassVar[frozenset[str]] = frozenset({"weight", "share"})

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        skips: bool,
        latent: int,
        classes: int,
        weight: float,
        share: float,
        init: float,
    ) -> None:
        super().__init__()
        self.encoder = layers([features, *hidden], skips)
        self.code = nn.Linear(hidden[-1], 2 * latent, bias=False)
        self.classifier = Dense(hidden[-1], classes)
        reverse = layers([latent + classes, *hidden[::-1]], skips)
        self.decoder = nn.Sequential(reverse, Dense(hidden[0], features))
        normal_weights_(self, init)
        self.register_buffer("weight", torch.tensor(float(weight)))
        self.register_buffer("share", torch.tensor(float(share)))
        self.draws = {"z": Draw("normal", (latent,))}

    def classify(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """log q(y given x) up to a constant."""
        scores: Tensor = self.classifier(self.encoder(x))
        return scores

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """The paper's cost, one sample of z; nats per image, times the factor of its kind."""
        features = self.encoder(batch.x)
        mean, log_std = self.code(features).chunk(2, -1)
        z = mean + log_std.exp() * noise["z"]
        kl = kl_to_standard_normal(mean, 2 * log_std)
        scores = self.classifier(features)
        each = reconstructions(self.decoder, batch.x, z, scores.shape[-1])
        return semi_supervised(each, kl, scores, batch.y, factors(self.weight, self.share))


class SBDGM(Autoencoder):
    """`GaussDGM` with the pieces of a stick for a code: shares of Kumaraswamy, Beta(1, alpha_0) prior.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code.
        skips: Whether every hidden layer after the first adds what it is given to what it makes.
        latent: Pieces of the stick, one more than there are breaks.
        classes: Number of classes.
        weight: Of the labelled images, between 0 and 1.
        share: Of the training images are labelled; above 0 and below 1.
        concentration: alpha_0 of the prior.
        terms: Terms of the series in the divergence.
        clip: Uniform noise is squeezed into (clip, 1 - clip).
        init: Standard deviation of the initial weights; biases begin at 0.
    """

    weight: Float[Tensor, ""]
    share: Float[Tensor, ""]
    concentration: Float[Tensor, ""]
    hidden_labels: ClassVar[bool] = True
    sweeps: ClassVar[frozenset[str]] = frozenset({"weight", "share", "concentration"})

    def __init__(
        self,
        features: int,
        *,
        hidden: list[int],
        skips: bool,
        latent: int,
        classes: int,
        weight: float,
        share: float,
        concentration: float,
        terms: int,
        clip: float,
        init: float,
    ) -> None:
        super().__init__()
        self.encoder = layers([features, *hidden], skips)
        self.code = nn.Linear(hidden[-1], 2 * (latent - 1), bias=False)
        self.classifier = Dense(hidden[-1], classes)
        reverse = layers([latent + classes, *hidden[::-1]], skips)
        self.decoder = nn.Sequential(reverse, Dense(hidden[0], features))
        normal_weights_(self, init)
        self.register_buffer("weight", torch.tensor(float(weight)))
        self.register_buffer("share", torch.tensor(float(share)))
        self.register_buffer("concentration", torch.tensor(float(concentration)))
        self.terms, self.clip = terms, clip
        self.draws = {"u": Draw("uniform", (latent - 1,))}

    def classify(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """log q(y given x) up to a constant."""
        scores: Tensor = self.classifier(self.encoder(x))
        return scores

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """The paper's cost, one sample of pi; nats per image, times the factor of its kind."""
        features = self.encoder(batch.x)
        a, b = (softplus(half) + FLOOR for half in self.code(features).chunk(2, -1))
        uniform = self.clip + (1 - 2 * self.clip) * noise["u"]
        pi = sticks.pieces(sticks.kumaraswamy(a, b, uniform))
        kl = sticks.kl_kumaraswamy_beta(a, b, self.concentration, terms=self.terms)
        scores = self.classifier(features)
        each = reconstructions(self.decoder, batch.x, pi, scores.shape[-1])
        return semi_supervised(each, kl, scores, batch.y, factors(self.weight, self.share))


class Skip(Dense):
    """h + relu(W h + b): a hidden layer around which its input is passed on as it is."""

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """x + relu(x W^T + b)."""
        return x + super().forward(x).relu()


def layers(widths: Sequence[int], skips: bool) -> nn.Sequential:
    """Rectified layers of these widths; with `skips`, all but the first are `Skip`.

    Raises:
        ValueError: A layer with a skip is to change the width.
    """
    inputs, *hidden = widths
    if skips and len(set(hidden)) > 1:
        raise ValueError(f"hidden {hidden}: expected one width, as each layer adds its input")
    found: list[nn.Module] = [Dense(inputs, hidden[0]), nn.ReLU()]
    for first, second in pairwise(hidden):
        found += [Skip(first, second)] if skips else [Dense(first, second), nn.ReLU()]
    return nn.Sequential(*found)


def factors(weight: Float[Tensor, ""], share: Float[Tensor, ""]) -> Factors:
    """weight / share and (1 - weight) / (1 - share).

    The mean over images of which this share is labelled is then weight times the mean over the
    labelled ones plus 1 - weight times that over the others.
    """
    return Factors(weight / share, (1 - weight) / (1 - share))


def reconstructions(
    decoder: nn.Module,
    x: Float[Tensor, "batch features"],
    code: Float[Tensor, "batch latent"],
    classes: int,
) -> Float[Tensor, "batch classes"]:
    """-log p(x given y, code) for every class y; nats."""
    labels = torch.eye(classes, dtype=code.dtype, device=code.device)
    both = torch.cat(
        [
            code.unsqueeze(1).expand(-1, classes, -1),
            labels.expand(len(code), -1, -1),
        ],
        -1,
    )
    logits: Tensor = decoder(both.flatten(0, 1)).unflatten(0, (len(code), classes))
    return -log_bernoulli(x.unsqueeze(1), logits)


def semi_supervised(
    each: Float[Tensor, "batch classes"],
    kl: Float[Tensor, " batch"],
    scores: Float[Tensor, "batch classes"],
    y: Int[Tensor, " batch"] | None,
    factor: Factors,
) -> Objective:
    """What images cost of which some tell their label and the others have -1.

    With L(y) = `each`(y) + `kl` + log(classes): L(y) - log q(y given x) where y is told, else the
    sum over y of q(y given x) (L(y) + log q(y given x)).
    """
    assert y is not None
    told = y >= 0
    log_q = scores.log_softmax(-1)
    label = one_hot(y.clamp(min=0), scores.shape[-1]).to(log_q)
    chosen = torch.where(told.unsqueeze(-1), label, log_q.exp())
    reconstruction = (chosen * each).sum(-1)
    cross_entropy = torch.where(told, -(label * log_q).sum(-1), 0.0)
    entropy = torch.where(told, 0.0, -(log_q.exp() * log_q).sum(-1))
    bound = reconstruction + kl + math.log(scores.shape[-1]) + cross_entropy - entropy
    return Objective(
        loss=torch.where(told, factor.labelled, factor.others) * bound,
        parts={
            "reconstruction": reconstruction,
            "kl": kl,
            "cross_entropy": cross_entropy,
            "entropy": entropy,
        },
    )
