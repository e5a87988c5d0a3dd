"""log p(x) under codes of three numbers by a sum over a grid, beside importance sampling.

Figure 3 of Auto-Encoding Variational Bayes, N = 1000, after 10^7 images: an encoder that has seen a
thousand images fits test images badly, and what it proposes misses most of the posterior. First
`ae run kingma2014-vae --tier paper --run "ml-1000-*-1e7" --seeds 0-2`, then
`python tests/oracle/grid_likelihood.py [results [images]]`. Of an image the grid's integrand is
decoder(z) and the prior alone; half the step gives the same to 0.01 nats.
"""

import math
import sys
from pathlib import Path

import torch
from torch.nn.functional import softplus

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.library import Library
from ae.training import weights
from ae.training.members import Members

ROOT = Path(__file__).parents[2]
EDGE, STEP, SAMPLES = 4.5, 0.09, 5000


def through(tensors, part, z):
    """A net of one hidden layer of tanh units."""
    hidden = torch.tanh(z @ tensors[f"{part}.0.weight"].T + tensors[f"{part}.0.bias"])
    return hidden @ tensors[f"{part}.2.weight"].T + tensors[f"{part}.2.bias"]


def joint(tensors, z, x):
    """log p(x given z) + log p(z), (codes, images)."""
    logits = through(tensors, "decoder", z)
    prior = -(z**2).sum(1) / 2 - 1.5 * math.log(2 * math.pi)
    return logits @ x.T + (prior - softplus(logits).sum(1))[:, None]


def on_grid(tensors, x):
    """Minus log p(x) of each image, nats."""
    axis = torch.arange(-EDGE, EDGE + STEP / 2, STEP)
    plane = torch.cartesian_prod(axis, axis)
    found = torch.full((len(x),), -math.inf)
    for a in axis:
        z = torch.cat([a.expand(len(plane), 1), plane], 1)
        found = torch.logaddexp(found, torch.logsumexp(joint(tensors, z, x), 0))
    return -(found + 3 * math.log(STEP))


def by_sampling(tensors, x):
    """The same by importance sampling from the encoder."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for image, code in zip(x, through(tensors, "encoder", x), strict=True):
        mean, deviation = code[:3], (code[3:] / 2).exp()
        noise = torch.randn(SAMPLES, 3, generator=generator)
        proposal = -(noise**2).sum(1) / 2 - 1.5 * math.log(2 * math.pi) - deviation.log().sum()
        weight = joint(tensors, mean + deviation * noise, image[None])[:, 0] - proposal
        found.append(math.log(SAMPLES) - torch.logsumexp(weight, 0))
    return torch.stack(found)


def main():
    results = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "results"
    images = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    library = Library.at(ROOT)
    mnist = find_manifest("mnist", library)
    data = load(mnist, "test", limit=images, library=library, device="cpu")
    x = data.x.float().reshape(images, -1) / 255
    found = [m for m in Members(results / "kingma2014-vae" / "paper").all() if not m.light]
    for member in sorted(found, key=lambda m: (m.run, m.seed)):
        if member.run.startswith("ml-1000"):
            tensors = weights.load(member.path, "cpu")[0]
            grid, sampled = (f(tensors, x).mean().item() for f in (on_grid, by_sampling))
            name = f"{member.run}, seed {member.seed}"
            print(f"{name}: grid {grid:.2f} nats, sampling {sampled:.2f}", flush=True)


if __name__ == "__main__":
    main()
