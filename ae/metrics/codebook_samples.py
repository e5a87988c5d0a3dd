"""Images decoded from codes of a codebook that were drawn: how much of reality they cover."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ae.metrics.codebook import Prior, entries, places
from ae.metrics.samples import nearest, radius, told_apart
from ae.metrics.shared import by_seed, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

PART = 500  # images of every seed that one call of a prior sees


def drawn(trained: Trained, prior: Prior, samples: int) -> Int[Tensor, "seed samples places"]:
    """Codes of the uniform, the independent or the learned prior, as `codebook.rate` has them."""
    known = places(trained)
    size = len(trained.seeds), samples, known.shape[1]
    uniform = torch.stack(
        [
            torch.rand(*size[1:], generator=g, device=g.device)
            for g in (trained.generator(i, "codes") for i in range(size[0]))
        ]
    )
    if prior == "uniform":
        return (uniform * entries(trained)).long()
    if prior == "independent":
        below = known.cumsum(-1)[:, None] < uniform.unsqueeze(-1)
        return below.sum(-1).clamp(max=entries(trained) - 1)
    with torch.no_grad():
        parts = torch.split(uniform, PART, 1)
        return torch.cat([trained.stack.call("generate", {"codes": p}) for p in parts], 1)


def images(trained: Trained, prior: Prior, samples: int) -> Float[Tensor, "seed samples features"]:
    """What the decoder makes of `drawn`, the same codes for all who ask for as many."""

    def found() -> Tensor:
        trained.stack.train(False)
        with torch.no_grad():
            codes = torch.split(drawn(trained, prior, samples), PART, 1)
            return torch.cat([trained.stack.call("decode", part) for part in codes], 1)

    return trained.remembered((f"generated/{prior}", "", samples), found)


@measure(label="Test images near a sample, {prior} prior", unit="%", better="higher")
def coverage(
    trained: Trained, *, prior: Prior, samples: int, examples: int, neighbours: int
) -> list[float]:
    """Real images with a sample in their ball, in percent, as `samples.coverage` has it."""
    return by_seed(_covered(trained, prior, samples, examples, neighbours), np.mean)


@measure(label="Test images near a sample, {prior} less {less} prior", unit="%", better="higher")
def coverage_gain(
    trained: Trained, *, prior: Prior, less: Prior, samples: int, examples: int, neighbours: int
) -> list[float]:
    """`coverage` under one prior less that under another."""
    both = [_covered(trained, p, samples, examples, neighbours) for p in (prior, less)]
    return by_seed(both[0] - both[1], np.mean)


@measure(label="Classes that samples show, {prior} prior", unit="classes", better="higher")
def class_score(
    trained: Trained, *, prior: Prior, samples: int, examples: int, neighbours: int
) -> list[float]:
    """How many classes the samples show, as `samples.class_score` has it."""
    count = up_to(trained, "test", examples)
    real, y = _real(trained, count), torch.nn.functional.one_hot(trained.test.y[:count])

    def shares(made: Tensor) -> Tensor:
        return y[nearest(made, real, neighbours)].sum(1).double() / neighbours

    found = [_of_finite(made, shares) for made in images(trained, prior, samples).double()]
    return by_seed(torch.stack(found), told_apart)


def _covered(
    trained: Trained, prior: Prior, samples: int, examples: int, neighbours: int
) -> Float[Tensor, "seed images"]:
    real = _real(trained, up_to(trained, "test", examples))
    radii = radius(real, neighbours)

    def covered(made: Tensor) -> Tensor:
        return 100 * (torch.cdist(made, real) <= radii).any(0).double()

    return torch.stack([_of_finite(m, covered) for m in images(trained, prior, samples).double()])


def _of_finite(made: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """`function` of a seed's samples, NaN where these are not all finite."""
    values = function(made.nan_to_num())
    return values if made.isfinite().all() else torch.full_like(values, torch.nan)


def _real(trained: Trained, count: int) -> Float[Tensor, "images features"]:
    index = torch.arange(count, device=trained.test.x.device)
    return trained.test.batch(index).x.flatten(1).double()
