"""What the tests of hierarchies share: small ones, noise, and their bound written out once more."""

import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

SIZES = {"channels": 2, "latent": 3, "blocks": 1, "outer": 1, "inner": 1}
LAWS = {"residual": True, "balanced": False, "spectral": 0.0}
FEATURES, BATCH = 64, 4


def drawn(model, count=BATCH, seed=1):
    g = torch.Generator().manual_seed(seed)
    return {k: torch.randn(count, *d.shape, generator=g) for k, d in model.draws.items()}


def moved(model, seed=2):
    """The model, its parameters moved off what they begin with: no gamma, no bias is 0."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=g))
    return model


def normal(law):
    return Normal(law.mean, (law.logvar / 2).exp())


def by_torch(model, x, noise):
    """-log p(x given z), and KL, log q, log p of every group, by torch.distributions."""
    logits, groups = model._inferred(x, noise)
    reconstruction = -Bernoulli(logits=logits).log_prob(x).sum(1)
    kl = [kl_divergence(normal(q), normal(p)).flatten(1).sum(1) for _, q, p in groups]
    log_q = [normal(q).log_prob(z).flatten(1).sum(1) for z, q, _ in groups]
    log_p = [normal(p).log_prob(z).flatten(1).sum(1) for z, _, p in groups]
    return reconstruction, kl, log_q, log_p, [z for z, _, _ in groups]
