"""The divergence of codes from their prior taken apart into three; in nats.

Chen, Li, Grosse and Duvenaud, Isolating Sources of Disentanglement in VAEs, NeurIPS 2018,
https://arxiv.org/abs/1802.04942, equation 2:

    E KL(q(z given x), p(z)) = I(x, z) + KL(q(z), prod_j q(z_j)) + sum_j KL(q(z_j), p(z_j))

Of models whose `posterior(x)` is the mean and the log variance of a diagonal Gaussian. q(z) is the
mean of the posteriors of all examples of the split, not of a batch: no weights, no sampling of them.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ae.maths.probability import kl_to_standard_normal, log_normal, log_standard_normal
from ae.metrics.mutual_information import TERMS, posteriors
from ae.metrics.shared import Split, finite, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

Part = Literal["mutual_information", "total_correlation", "dimension_kl"]
PARTS: tuple[Part, ...] = ("mutual_information", "total_correlation", "dimension_kl")


@measure(label="{part:words} of the code, by all posteriors", unit="nats", better=None)
def term(trained: Trained, *, part: Part, split: Split, examples: int) -> list[float]:
    """One of the three, by a code of each of the first `examples` of the split.

    `mutual_information` of image and code, at most the logarithm of the number of images;
    `total_correlation` of the code's numbers, 0 where they are independent; `dimension_kl`, the
    divergences of the numbers one by one from N(0, 1). All are at least 0 but for sampling.
    """
    index = PARTS.index(part)
    return finite(_terms(trained, split, examples)[:, index].tolist())


@measure(
    label="Sum of the divergence's three terms less the divergence, in standard errors",
    unit="",
    better="lower",
)
def excess(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """The sum of the three less the divergence in closed form, in its standard errors.

    Over the same examples, a code of each: within a few of 0, whatever the posteriors are.
    """
    terms = _terms(trained, split, examples)
    return finite(((terms[:, :3].sum(1) - terms[:, 3]) / terms[:, 4]).tolist())


def _terms(trained: Trained, split: Split, examples: int) -> Float[Tensor, "seed five"]:
    """The three, the divergence, and the standard error of what they differ by."""
    count = up_to(trained, split, examples)

    def found() -> Tensor:
        rows = []
        for member, (mean, logvar) in enumerate(posteriors(trained, split)):
            g = trained.generator(member, "decomposition")
            noise = torch.randn(
                count, mean.shape[1], generator=g, device=mean.device, dtype=mean.dtype
            )
            z = mean[:count] + (logvar[:count] / 2).exp() * noise
            joint, apart = aggregate(z, mean, logvar)
            own = log_normal(z, mean[:count], logvar[:count])
            kl = kl_to_standard_normal(mean[:count], logvar[:count])
            terms = (own - joint, joint - apart, apart - log_standard_normal(z), kl)
            means = [t.double().mean() for t in terms]
            noisy = (own - log_standard_normal(z) - kl).double()
            rows.append(torch.stack([*means, noisy.std() / math.sqrt(count)]))
        return torch.stack(rows)

    return trained.remembered(("decomposition", split, count), found)


def aggregate(
    z: Float[Tensor, "codes latent"],
    mean: Float[Tensor, "examples latent"],
    logvar: Float[Tensor, "examples latent"],
) -> tuple[Float[Tensor, " codes"], Float[Tensor, " codes"]]:
    """log q(z) and sum_j log q(z_j) of codes, q the mean of the examples' Gaussians."""
    examples, latent = mean.shape
    joint, apart = [], []
    for part in torch.split(z, max(1, TERMS // (examples * latent))):
        each = log_normal(part[:, None, :, None], mean[..., None], logvar[..., None])
        joint.append(each.sum(-1).logsumexp(1) - math.log(examples))
        apart.append((each.logsumexp(1) - math.log(examples)).sum(-1))
    return torch.cat(joint), torch.cat(apart)
