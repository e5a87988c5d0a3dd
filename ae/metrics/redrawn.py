"""Training images drawn again from their own codes: whether they stay what they were.

The numbers behind figures 14 and 15 of Vincent et al. (2010), which show such images and give none.
A model has `sample(x, noise)`, which codes clean images and draws its way down to pixels again, and
`sample_draws()`, the noise that an image consumes.
"""

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.errors import UserError
from ae.metrics.shared import by_seed, labels, up_to
from ae.models.base import Draw
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(
    label="{of} that a held-out classifier gives the label of their source",
    unit="%",
    better="higher",
)
def agreement(
    trained: Trained,
    *,
    of: Literal["samples", "sources"],
    sources: int,
    draws: int,
    neighbours: int,
    held_out: int,
) -> list[float]:
    """Samples that a classifier gives the label of their source, in percent; higher is better.

    The classifier is the vote of the `neighbours` nearest of the first `held_out` test images,
    which the model never saw. Of `sources`, it is asked for the training images themselves: how
    often the classifier is right.

    Raises:
        UserError: There are fewer held-out images than neighbours.
    """
    count = up_to(trained, "test", held_out)
    if not 1 <= neighbours <= count:
        raise UserError(
            f"redrawn.agreement: neighbours: found {neighbours}; expected 1 to {count}, the "
            "held-out images"
        )
    known = trained.test.batch(torch.arange(count, device=trained.test.x.device)).x.flatten(1)
    asked = _asked(trained, sources)
    if of == "samples":
        images = redrawn(trained, sources=sources, draws=draws)
    else:
        images = asked[None, :, None].expand(len(trained.seeds), -1, 1, -1)
    y = labels(trained, "train", len(asked)).repeat(images.shape[2])

    def right(made: "np.ndarray") -> float:
        from sklearn.neighbors import KNeighborsClassifier

        voters = labels(trained, "test", count)
        classifier = KNeighborsClassifier(n_neighbors=neighbours).fit(known.cpu().numpy(), voters)
        return 100 * float(np.mean(classifier.predict(made) == y))

    return by_seed(images.flatten(1, 2), right)


@measure(label="Distance of a sample to: {to}", unit="", better="lower")
def distance(
    trained: Trained, *, to: Literal["source", "nearest"], sources: int, draws: int
) -> list[float]:
    """Mean Euclidean distance of a sample to its source, or to the nearest training image.

    Over pixels in [0, 1]. Samples at a far smaller distance to another image than to their source
    are new; samples far from every image are no digits.
    """
    made = redrawn(trained, sources=sources, draws=draws)
    count = len(trained.train.x) if to == "nearest" else up_to(trained, "train", sources)
    x = _asked(trained, count)
    found = []
    for own in made:
        if to == "source":
            found.append((own - x[:, None]).norm(dim=-1).flatten())
        else:
            away = torch.cdist(own.flatten(0, 1), x)
            found.append(torch.where(away.isfinite(), away, torch.nan).amin(1))
    return by_seed(torch.stack(found).double(), np.mean)


def redrawn(
    trained: Trained, *, sources: int, draws: int
) -> Float[Tensor, "seed sources draws features"]:
    """`draws` samples of each of the first `sources` training images, by each seed's own stream."""
    x = _asked(trained, sources)
    repeated = x.repeat_interleave(draws, 0)
    generators = [trained.generator(i, "redrawn") for i in range(len(trained.seeds))]
    needed: dict[str, Draw] = trained.model.sample_draws()  # type: ignore[operator]
    noise = {
        name: torch.stack(
            [torch.rand(len(repeated), *d.shape, generator=g, device=g.device) for g in generators]
        )
        for name, d in needed.items()
    }
    trained.stack.train(False)
    with torch.no_grad():
        made: Tensor = trained.stack.call("sample", repeated.expand(len(generators), -1, -1), noise)
    return made.reshape(len(generators), len(x), draws, -1)


def _asked(trained: Trained, count: int) -> Float[Tensor, "sources features"]:
    index = torch.arange(up_to(trained, "train", count), device=trained.train.x.device)
    return trained.train.batch(index).x.flatten(1)
