"""Samples and real images compared by two Gaussians in the features of a small classifier.

M. Heusel et al., NeurIPS 2017, https://arxiv.org/abs/1706.08500, with `ae.metrics.digit_features` in the
place of Inception.
"""

import math

import numpy as np
import torch
from torch import Tensor

from ae.maths.frechet import gaussian, squared_distance
from ae.metrics.digit_features import classifier
from ae.metrics.samplers import Sampler, made
from ae.metrics.shared import finite, labels, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

PIECE = 2000  # images whose features are computed at once


@measure(
    label="Fréchet distance of samples ({sampler}), features of a small classifier, no Inception",
    unit="",
    better="lower",
)
def distance(
    trained: Trained, *, sampler: Sampler, codes: int, samples: int, images: int, steps: int
) -> list[float]:
    """Squared Fréchet distance of the features of samples and of the first test images.

    `sampler`, `codes` and `steps` are those of `samplers.made`. With more samples and images it is
    smaller, so that only distances of as many are compared.
    """
    own = classifier(trained)
    real = gaussian(_features(trained, up_to(trained, "test", images)))
    found = []
    for x in made(trained, sampler=sampler, codes=codes, samples=samples, steps=steps):
        if not x.isfinite().all():
            found.append(math.nan)
            continue
        seen = torch.cat([own.features(part) for part in x.split(PIECE)])
        found.append(squared_distance(gaussian(seen), real))
    return finite(found)


@measure(
    label="Fréchet distance of training images, features of a small classifier, no Inception",
    unit="",
    better="lower",
)
def floor(trained: Trained, *, samples: int, images: int) -> list[float]:
    """`distance` of so many training images in the place of samples; the same for all seeds."""
    count = up_to(trained, "train", samples)
    pieces = trained.over("train", lambda x: x.flatten(1), count)
    seen = torch.cat([classifier(trained).features(x) for x in pieces])
    real = gaussian(_features(trained, up_to(trained, "test", images)))
    return [squared_distance(gaussian(seen), real)] * len(trained.seeds)


@measure(label="Test images that the small classifier puts right", unit="%", better="higher")
def classifier_accuracy(trained: Trained) -> list[float]:
    """Of the classifier by whose features samples are compared; the same for all seeds."""
    own = classifier(trained)
    logits = torch.cat(trained.over("test", lambda x: own.logits(x.flatten(1))))
    y = labels(trained, "test", len(logits))
    right = 100 * float(np.mean(logits.argmax(-1).cpu().numpy() == y))
    return [right] * len(trained.seeds)


def _features(trained: Trained, count: int) -> Tensor:
    own = classifier(trained)
    return torch.cat(trained.over("test", lambda x: own.features(x.flatten(1)), count))
