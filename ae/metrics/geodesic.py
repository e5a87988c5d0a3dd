"""Codes on a manifold: how near to it they lie, and what near ones share.

Of models with `curvature` (1 sphere, 0 plane, -1 hyperboloid), whose codes `project` puts on it.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import UserError
from ae.maths import curvature as spaces
from ae.maths.curvature import Curvature
from ae.metrics.generated import drawn, encoded
from ae.metrics.neighbours import vote
from ae.metrics.shared import Split, by_seed, labels, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

ROWS = 1000  # codes that look for their neighbours at once


@measure(
    label="Accuracy of {k} nearest codes along paths, {a_class:,} labels a class",
    unit="%",
    better="higher",
)
def knn_accuracy(
    trained: Trained, *, k: int, a_class: int, train_examples: int, test_examples: int
) -> list[float]:
    """Test codes whose k nearest labelled training codes vote for their label, in percent.

    Labelled are `a_class` random ones of each class of the first training images, each seed's own.
    Codes are sampled as the model samples them and put on the manifold; distances are lengths of
    paths on it. A tie of votes goes to the smaller label, as scikit-learn has it.

    Raises:
        UserError: A class has fewer images, or k is not among the labelled ones.
    """
    curvature = _curvature(trained)
    y = labels(trained, "train", up_to(trained, "train", train_examples))
    asked = labels(trained, "test", up_to(trained, "test", test_examples))
    classes, sizes = np.unique(y, return_counts=True)
    if a_class > sizes.min() or not 1 <= k <= a_class * len(classes):
        raise UserError(
            f"geodesic.knn_accuracy: a_class {a_class} and k {k}: expected at most {sizes.min()} of "
            f"each class, and 1 to {a_class * len(classes)} neighbours"
        )
    codes = [on_manifold(trained, "train", len(y)), on_manifold(trained, "test", len(asked))]
    found = []
    for member, rows in enumerate(torch.cat(codes, 1)):
        chosen = sample_of_each(y, a_class, trained.generator(member, f"labelled/{a_class}"))
        known, wanted = rows[chosen], rows[len(y) :]
        index = nearest(known.nan_to_num(), wanted.nan_to_num(), k, curvature).cpu().numpy()
        right = (vote(y[chosen][index]) == asked).astype(np.float64)
        found.append(torch.from_numpy(np.where(rows.isfinite().all(), right, np.nan)))
    return by_seed(torch.stack(found), lambda seed: 100 * float(np.mean(seed)))


@measure(
    label="Gain in accuracy from {fewer:,} to {more:,} labels a class",
    unit="points",
    better="higher",
)
def knn_gain(
    trained: Trained, *, k: int, fewer: int, more: int, train_examples: int, test_examples: int
) -> list[float]:
    """By how many points `knn_accuracy` rises from `fewer` labelled images of a class to `more`."""
    small, large = (
        knn_accuracy(
            trained,
            k=k,
            a_class=a_class,
            train_examples=train_examples,
            test_examples=test_examples,
        )
        for a_class in (fewer, more)
    )
    return [b - a for a, b in zip(small, large, strict=True)]


@measure(label="Distance of codes from the manifold, in squared radii", unit="", better="lower")
def off_manifold(trained: Trained, *, examples: int) -> list[float]:
    """Mean over test codes of |<z, z> - c|, c = 1 on the sphere and -1 on the hyperboloid."""
    curvature = _curvature(trained)
    z = encoded(trained, "test", examples).double()
    return by_seed((spaces.inner(z, z, curvature) - curvature).abs(), np.mean)


@measure(label="Largest error of exp(log(x))", unit="", better="lower")
def round_trip(trained: Trained, *, examples: int) -> list[float]:
    """Largest |exp(log(x)) - x| over projected test codes and samples of the prior; 0 to rounding.

    Relative to the larger of 1 and |x|, in double precision.
    """
    curvature = _curvature(trained)
    prior = drawn(trained, examples).double()
    x = torch.cat([on_manifold(trained, "test", examples), spaces.project(prior, curvature)], 1)
    again = spaces.exp_map(spaces.log_map(x, curvature), curvature)
    scale = x.norm(dim=-1).clamp(min=1)
    return by_seed((again - x).norm(dim=-1) / scale, np.max)


def on_manifold(
    trained: Trained, split: Split, examples: int
) -> Float[Tensor, "seed examples numbers"]:
    """Codes of the first images of a split, put on the manifold; in double precision."""
    return spaces.project(encoded(trained, split, examples).double(), _curvature(trained))


def nearest(
    known: Float[Tensor, "known numbers"],
    asked: Float[Tensor, "asked numbers"],
    count: int,
    curvature: Curvature,
) -> Int[Tensor, "asked count"]:
    """Which rows of `known` are nearest to each row of `asked` along paths on the manifold.

    Distances rise with minus the inner product, on the plane with the squared distance.
    """
    mirror = known.clone()
    if curvature == -1:
        mirror[:, -1] *= -1
    square = (known**2).sum(-1) / 2 if curvature == 0 else known.new_zeros(len(known))
    found = [
        torch.addmm(square, rows, mirror.T, alpha=-1).topk(count, largest=False).indices
        for rows in torch.split(asked, ROWS)
    ]
    return torch.cat(found)


def sample_of_each(y: NDArray[np.int64], count: int, source: torch.Generator) -> NDArray[np.int64]:
    """The places of `count` random examples of every class."""
    chosen = []
    for label in np.unique(y):
        places = np.flatnonzero(y == label)
        chosen.append(places[torch.randperm(len(places), generator=source)[:count].numpy()])
    return np.concatenate(chosen)


def _curvature(trained: Trained) -> Curvature:
    found: Curvature | None = getattr(trained.model, "curvature", None)
    if found is None:
        raise UserError(f"geodesic: run {trained.name!r} has no manifold; leave it out")
    return found
