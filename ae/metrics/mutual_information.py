"""What samples of a posterior tell of the factors that images were made from; in nats.

Chen, Li, Grosse and Duvenaud, Isolating Sources of Disentanglement in VAEs, NeurIPS 2018,
https://arxiv.org/abs/1802.04942, section 4.1.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ae.maths.probability import log_normal
from ae.metrics.factors import entropies, gap
from ae.metrics.shared import Split, by_seed, places_of
from ae.spec.facts import measure
from ae.training.trained_run import Trained

TERMS = 1 << 22  # densities that are evaluated at once


@measure(label="Mutual information gap of {samples:,} samples", unit="", better="higher")
def sampled_gap(trained: Trained, *, factors: list[str], split: Split, samples: int) -> list[float]:
    """Mutual information gap of samples of the posterior, as Chen et al. define it.

    I(z_j; v) = H(z_j) - mean over values of H(z_j given v), each entropy from `samples` codes whose
    density is the mean of the posteriors of all examples that the condition leaves. Of a model
    whose `posterior(x)` is the mean and the log variance of a diagonal Gaussian.
    """
    places = torch.from_numpy(places_of(trained, split, factors))
    scale = entropies(places.numpy())
    scores = []
    for m, (mean, logvar) in enumerate(posteriors(trained, split)):
        g = trained.generator(m, "sampled_gap")
        whole = entropy(mean, logvar, samples, g)
        columns = []
        for column in places.T.to(mean.device):
            parts = [column == value for value in column.unique()]
            given = [entropy(mean[p], logvar[p], samples, g) for p in parts]
            columns.append(whole - torch.stack(given).mean(0))
        told = torch.stack(columns, -1).clamp(min=0)
        scores += by_seed(told[None], lambda table: gap(table, scale))
    return scores


def posteriors(trained: Trained, split: Split) -> Float[Tensor, "seed two examples latent"]:
    """Mean and log variance of q(z given x) of every example of a split."""
    both = trained.over(split, lambda x: torch.stack(trained.stack.share("posterior", x), 1))
    return torch.cat(both, 2)


def entropy(
    mean: Float[Tensor, "examples latent"],
    logvar: Float[Tensor, "examples latent"],
    samples: int,
    generator: torch.Generator,
) -> Float[Tensor, " latent"]:
    """Entropy of each number of a code drawn from the examples' posteriors; nats."""
    count, latent = mean.shape
    device = mean.device
    rows = torch.randint(count, (samples,), generator=generator, device=device)
    noise = torch.randn(samples, latent, generator=generator, device=device, dtype=mean.dtype)
    z = mean[rows] + (logvar[rows] / 2).exp() * noise
    total = torch.zeros(latent, dtype=torch.float64, device=device)
    for part in torch.split(z, max(1, TERMS // (count * latent))):
        terms = log_normal(part[:, None, :, None], mean[..., None], logvar[..., None])
        total -= (terms.logsumexp(1) - math.log(count)).double().sum(0)
    return total / samples
