"""Images completed from a part of them: how likely the truth is, how varied and how sharp the guesses.

For models with a baseline that guesses once, and a generator that may guess differently every time;
the buffer `given` is 1 where a pixel is given.
"""

import math

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ae.metrics.likelihood import nll_of_each
from ae.metrics.shared import by_seed, finite, fresh_noise, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

LOW, HIGH = 0.1, 0.9  # a pixel whose probability lies between is blurred


@measure(
    label="Gain over the baseline a missing pixel, {samples:,} samples",
    unit="nats",
    better="higher",
)
def gain_per_pixel(trained: Trained, *, examples: int, samples: int) -> list[float]:
    """What the baseline costs above the importance-sampled likelihood, nats per missing pixel.

    On the first test images, by so many samples each.
    """
    count = up_to(trained, "test", examples)
    own = nll_of_each(trained, "test", count, samples)

    def baseline(x: Tensor) -> Tensor:
        logits = trained.stack.share("baseline_logits", x).double()
        each: Tensor = torch.nn.functional.softplus(logits) - x.double() * logits
        return each[..., missing(trained)].sum(-1)

    guess = torch.cat(trained.over("test", baseline, count), 1)
    pixels = int(missing(trained).sum())
    return by_seed((guess - own) / pixels, np.mean)


@measure(
    label="-log p(y given x), {samples:,} samples of the conditional prior",
    unit="nats",
    better="lower",
)
def monte_carlo(trained: Trained, *, examples: int, samples: int) -> list[float]:
    """-log of the mean of p(y given x, z) over so many z of the conditional prior, per test image.

    On the first test images. Never below -log p(y given x) on average, and above an estimate from as
    many importance samples where few z of the prior make the image.
    """
    draws = trained.model.draws_for("log_prior_weights", None)
    generators = [trained.generator(m, "log_prior_weights") for m in range(len(trained.seeds))]

    def piece(x: Tensor) -> Tensor:
        total = torch.full((len(trained.seeds), len(x)), -torch.inf, device=x.device).double()
        for _ in range(samples):
            noise = fresh_noise(draws, generators, 1, x)
            log_w = trained.stack.sample("log_prior_weights", x, noise).double().squeeze(1)
            total = torch.logaddexp(total, log_w)
        return math.log(samples) - total

    count = up_to(trained, "test", examples)
    return by_seed(torch.cat(trained.over("test", piece, count), 1), np.mean)


@measure(label="Deviation of a pixel over {samples} completions", unit="", better="higher")
def variety(trained: Trained, *, examples: int, samples: int) -> list[float]:
    """Standard deviation of a missing pixel over completions of one image; 0 if they are all alike.

    The root of the mean variance, over the missing pixels of the first test images.
    """
    made = completions(trained, examples, samples)[..., missing(trained)].double()
    return finite(made.var(1).mean((1, 2)).sqrt().tolist())


@measure(label="Undecided pixels, baseline less completion", unit="points", better="higher")
def sharper(trained: Trained, *, examples: int) -> list[float]:
    """How many more missing pixels the baseline leaves undecided than a completion does, in points.

    A pixel is undecided where its probability lies between 0.1 and 0.9.
    """
    made = completions(trained, examples, 1).squeeze(1)
    guess = trained.of("reconstruct", "test", up_to(trained, "test", examples))
    shares = [blurred(p[..., missing(trained)]) for p in (guess, made)]
    return finite((shares[0] - shares[1]).tolist())


def blurred(pixels: Float[Tensor, "seed images missing"]) -> Float[Tensor, " seed"]:
    """Pixels that are neither nearly black nor nearly white, in percent."""
    share = ((pixels > LOW) & (pixels < HIGH)).double().mean((1, 2))
    return torch.where(pixels.isfinite().all(-1).all(-1), 100 * share, torch.nan)


def missing(trained: Trained) -> Bool[Tensor, " features"]:
    """Which pixels are to be completed; the same for all seeds of a run."""
    lost: Tensor = trained.stack.buffers["given"][0] == 0
    return lost


def completions(
    trained: Trained, examples: int, samples: int
) -> Float[Tensor, "seed samples images features"]:
    """`samples` completions of each of the first test images, by each seed's own draws."""
    draws = trained.model.draws_for("complete", None)
    members = range(len(trained.seeds))
    generators = [trained.generator(m, "complete") for m in members]

    def piece(x: Tensor) -> Tensor:
        made: Tensor = trained.stack.sample(
            "complete", x, fresh_noise(draws, generators, samples, x)
        )
        return made

    return torch.cat(trained.over("test", piece, up_to(trained, "test", examples)), 2)
