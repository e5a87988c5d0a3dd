"""How far the codes of all images together are from the prior, and how far they spread.

M. D. Hoffman and M. J. Johnson, ELBO surgery, NeurIPS 2016 workshop on advances in approximate Bayesian
inference: E KL(q(z given x), p(z)) = I(x, z) + KL(q(z), p(z)), q(z) the mean of all posteriors.
"""

import numpy as np
import torch
from torch import Tensor

from ae.metrics.decomposition import aggregate
from ae.metrics.mutual_information import posteriors
from ae.metrics.shared import Split, by_seed, finite, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(
    label="KL(q(z), p(z)): the codes of all images from the prior", unit="nats", better="lower"
)
def divergence(trained: Trained, *, split: Split, examples: int, samples: int) -> list[float]:
    """KL(q(z), p(z)), q(z) the mean of the posteriors of the first `examples` of a split.

    By `samples` codes of each image's posterior. Of models whose `posterior(x)` is the mean and the
    log variance of a diagonal Gaussian and whose `log_prior(z)` is the log density of their prior.
    """
    count = up_to(trained, split, examples)
    both = posteriors(trained, split)[:, :, :count]
    codes = []
    for member, (mean, logvar) in enumerate(both):
        g = trained.generator(member, "prior_fit")
        noise = torch.randn(samples, *mean.shape, generator=g, device=mean.device, dtype=mean.dtype)
        codes.append((mean + (logvar / 2).exp() * noise).flatten(0, 1))
    log_prior: Tensor = trained.stack.call("log_prior", torch.stack(codes))
    gaps = [
        (aggregate(z, mean, logvar)[0] - log_p).double().mean()
        for z, (mean, logvar), log_p in zip(codes, both, log_prior, strict=True)
    ]
    return finite(torch.stack(gaps).tolist())


@measure(label="Spread of the codes' means, {split} images", unit="", better=None)
def spread(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """Root of the mean, over the code's numbers, of the variance of the posterior mean over images."""
    means = posteriors(trained, split)[:, 0, : up_to(trained, split, examples)]
    return by_seed(means.double(), lambda seed: float(np.sqrt(seed.var(0).mean())))
