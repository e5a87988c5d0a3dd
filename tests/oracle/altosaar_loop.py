"""The mean-field program of altosaar/variational-autoencoder as a plain loop, up to its first evaluation.

`python tests/oracle/altosaar_loop.py` prints, for the repository's seed and another, the bound and log
p(x) of the 10,000 validation images, 128 samples each, after the first and after 5,001 steps, where its
log has -391.84 and -363.25, -112.57 and -107.01 nats. None of our models or trainers is used.
`docs/what-the-suite-found.md` says what follows. The static binary digits must be at hand (`ae fetch
mnist-static`). It takes some two minutes of two cores.
"""

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.library import Library

LATENT, HIDDEN, PIXELS = 128, 256, 784
BATCH, SAMPLES, PART = 128, 128, 256
SEEDS = (582838, 1)
SHOWN = (0, 5000)  # steps that were taken before the one after which is evaluated


def images(split: str) -> Tensor:
    """Pixels 0 and 1, (images, 784)."""
    library = Library.at(Path(__file__).parents[2])
    manifest = find_manifest("mnist-static", library)
    x = load(manifest, split, limit="all", library=library, device="cpu").x
    return (x > 0).float()


def network(inputs: int, outputs: int) -> nn.Sequential:
    """Two hidden layers, initialised as torch does."""
    first, second = nn.Linear(inputs, HIDDEN), nn.Linear(HIDDEN, HIDDEN)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Linear(HIDDEN, outputs))


def log_weights(decoder: nn.Module, encoder: nn.Module, x: Tensor, samples: int) -> Tensor:
    """log p(x, z) - log q(z | x), (samples, images)."""
    mean, scale = encoder(x).chunk(2, -1)
    posterior = Normal(mean, nn.functional.softplus(scale))
    z = posterior.rsample((samples,))
    prior = Normal(torch.zeros(LATENT), torch.ones(LATENT))
    told = Bernoulli(logits=decoder(z)).log_prob(x).sum(-1)
    return told + (prior.log_prob(z) - posterior.log_prob(z)).sum(-1)


@torch.no_grad()
def evaluated(decoder: nn.Module, encoder: nn.Module, x: Tensor) -> tuple[float, float]:
    """Bound and importance-sampled log p(x), means over images, nats."""
    found = [log_weights(decoder, encoder, part, SAMPLES) for part in x.split(PART)]
    weights = torch.cat(found, 1)
    marginal = weights.logsumexp(0) - math.log(SAMPLES)
    return weights.mean().item(), marginal.mean().item()


def main() -> None:
    """Print a line an evaluation."""
    train, valid = images("train"), images("valid")
    for seed in SEEDS:
        torch.manual_seed(seed)
        decoder, encoder = network(LATENT, PIXELS), network(PIXELS, 2 * LATENT)
        weights = [*decoder.parameters(), *encoder.parameters()]
        optimiser = torch.optim.RMSprop(weights, lr=0.001, centered=True)
        step = 0
        while step <= SHOWN[-1]:
            for chosen in torch.randperm(len(train)).split(BATCH):
                optimiser.zero_grad()
                (-log_weights(decoder, encoder, train[chosen], 1)).sum().backward()
                optimiser.step()
                if step in SHOWN:
                    bound, marginal = evaluated(decoder, encoder, valid)
                    print(f"seed {seed}, step {step}: {bound:.2f}, {marginal:.2f}", flush=True)
                step += 1
                if step > SHOWN[-1]:
                    break


if __name__ == "__main__":
    main()
