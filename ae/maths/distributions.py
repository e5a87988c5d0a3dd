"""What a decoder says of the pixels: distributions of x given a code, independent over features.

Each has a `mean`, a log density summed over features, `log_prob`, and turns noise into a `sample`.
"""

import math
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from ae.maths.probability import log_bernoulli, log_normal, sample_normal


class Bernoulli(NamedTuple):
    """Features that are 0 or 1, or grey values between: 1 with probability sigmoid(logits)."""

    logits: Float[Tensor, "*batch features"]

    @property
    def mean(self) -> Float[Tensor, "*batch features"]:
        """The probability of each feature, in (0, 1)."""
        return self.logits.sigmoid()

    def log_prob(self, x: Float[Tensor, "*#batch features"]) -> Float[Tensor, "*batch"]:
        """log Bernoulli(x; sigmoid(logits)); nats."""
        return log_bernoulli(x, self.logits)

    def sample(self, noise: Float[Tensor, "*batch features"]) -> Float[Tensor, "*batch features"]:
        """1 where uniform noise is below the probability, else 0."""
        return (noise < self.mean).to(self.logits.dtype)


class Normal(NamedTuple):
    """Features with a Gaussian density, each with a mean and a variance of its own."""

    mean: Float[Tensor, "*batch features"]
    logvar: Float[Tensor, "*batch features"]

    def log_prob(self, x: Float[Tensor, "*#batch features"]) -> Float[Tensor, "*batch"]:
        """log N(x; mean, diag(exp(logvar))); nats."""
        return log_normal(x, self.mean, self.logvar)

    def sample(self, noise: Float[Tensor, "*batch features"]) -> Float[Tensor, "*batch features"]:
        """mean + exp(logvar / 2) noise, where noise is standard normal."""
        return sample_normal(self.mean, self.logvar, noise)


class Categorical(NamedTuple):
    """Features with levels k / (K - 1), k = 0 to K - 1, by the log probabilities of each level."""

    log_probs: Float[Tensor, "*batch features levels"]

    @classmethod
    def of(cls, logits: Float[Tensor, "*batch features levels"], floor: float) -> "Categorical":
        """No probability counts as less than `floor`, nor as more than 1 less it."""
        return cls(logits.log_softmax(-1).clamp(math.log(floor), math.log1p(-floor)))

    @property
    def mean(self) -> Float[Tensor, "*batch features"]:
        """The expectation of each feature, in [0, 1]."""
        levels = self.log_probs.shape[-1]
        values = self.log_probs.new_tensor([k / (levels - 1) for k in range(levels)])
        return (self.log_probs.softmax(-1) * values).sum(-1)

    def log_prob(self, x: Float[Tensor, "*#batch features"]) -> Float[Tensor, "*batch"]:
        """log of the probability of the level nearest to x, summed; nats."""
        level = (x * (self.log_probs.shape[-1] - 1)).round().long()
        return self.log_probs.gather(-1, level.unsqueeze(-1)).squeeze(-1).sum(-1)

    def sample(self, noise: Float[Tensor, "*batch features"]) -> Float[Tensor, "*batch features"]:
        """The first level up to which the probabilities sum to more than the uniform noise."""
        levels = self.log_probs.shape[-1]
        below = self.log_probs.softmax(-1).cumsum(-1)[..., :-1] <= noise.unsqueeze(-1)
        return below.sum(-1).to(noise.dtype) / (levels - 1)


Distribution = Bernoulli | Normal | Categorical
