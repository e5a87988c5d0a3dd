"""How well near codes, or near images, share a label.

Neighbours are Euclidean, the vote is scikit-learn's: every neighbour counts the same, and a tie goes
to the smaller label.
"""

from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from ae.data.dataset import Dataset
from ae.errors import UserError
from ae.metrics.shared import Split, by_seed, fresh_noise, labels, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained

Code = Literal["mean", "sample"]

MOST = 16  # neighbours of an image that are found at once, for every k
SPARE = 8  # more that are found in single precision before the exact distances decide
ROWS = 500  # images that look for their neighbours at once


@measure(label="{k}-NN accuracy of the codes", unit="%", better="higher")
def knn_accuracy(
    trained: Trained, *, k: int, train_examples: int, test_examples: int
) -> list[float]:
    """Test codes whose k nearest training codes vote for their label, in percent.

    Codes are `encode(x)` of the first examples of each split (all where there are fewer).

    Raises:
        UserError: `k` is not between 1 and the number of training codes.
    """
    wrong = _code_error(trained, "knn_accuracy", k, "mean", (train_examples, test_examples))
    return [100 - error for error in wrong]


@measure(
    label="{k}-NN error on the codes ({code}), {train_examples:,} reference and "
    "{test_examples:,} test images",
    unit="%",
    better="lower",
)
def knn_error(
    trained: Trained, *, k: int, code: Code, train_examples: int, test_examples: int
) -> list[float]:
    """Test codes whose k nearest training codes do not vote for their label, in percent.

    Codes are of the first examples of each split (all where there are fewer): `encode(x)` for
    `mean`, one `sample_code(x, noise)` each for `sample`.

    Raises:
        UserError: `k` is not between 1 and the number of training codes.
    """
    return _code_error(trained, "knn_error", k, code, (train_examples, test_examples))


@measure(label="{k}-NN error on pixels", unit="%", better="lower")
def pixel_knn_error(
    trained: Trained, *, k: int, train_examples: int, test_examples: int
) -> list[float]:
    """Test images whose k nearest training images do not vote for their label, in percent.

    It asks nothing of the model, and is the same for every seed. All 60,000 and 10,000 images of
    MNIST give 2.95, 3.12 and 3.35 for k = 3, 5 and 10.

    Raises:
        UserError: `k` is not between 1 and the number of training images, or above `MOST`.
    """
    fit, score = up_to(trained, "train", train_examples), up_to(trained, "test", test_examples)
    _check("pixel_knn_error", k, min(fit, MOST))

    def found() -> Tensor:
        known, asked = (_grey(trained.split(s), n) for s, n in (("train", fit), ("test", score)))
        return nearest(known, asked, min(fit, MOST))

    index = trained.remembered((f"nearest of {fit}", "test", score), found)
    votes = vote(labels(trained, "train", fit)[index[:, :k].cpu().numpy()])
    error = 100 * float(np.mean(votes != labels(trained, "test", score)))
    return [error] * len(trained.seeds)


def _code_error(
    trained: Trained, name: str, k: int, code: Code, examples: tuple[int, int]
) -> list[float]:
    fit, score = up_to(trained, "train", examples[0]), up_to(trained, "test", examples[1])
    _check(name, k, fit)
    known, asked = labels(trained, "train", fit), labels(trained, "test", score)

    def error(codes: NDArray[Any]) -> float:
        both = torch.from_numpy(codes)
        index = nearest(both[:fit], both[fit:], k).numpy()
        return 100 * float(np.mean(vote(known[index]) != asked))

    codes = [_codes(trained, "train", fit, code), _codes(trained, "test", score, code)]
    return by_seed(torch.cat(codes, 1).double(), error)


def _grey(data: Dataset, count: int) -> Float[Tensor, "count features"]:
    """The first images in whole numbers from 0 to 255, between which distances are exact."""
    return data.clean(torch.arange(count, device=data.x.device)).float().mul_(255).round_()


def _check(name: str, k: int, most: int) -> None:
    if not 1 <= k <= most:
        raise UserError(f"neighbours.{name}: k: found {k}; expected 1 to {most}")


def _codes(
    trained: Trained, split: Split, count: int, code: Code
) -> Float[Tensor, "seed examples latent"]:
    if code == "mean":
        return trained.of("encode", split, count)
    draws = trained.model.draws_for("sample_code", None)
    members = range(len(trained.seeds))
    generators = [trained.generator(m, f"sample_code/{split}") for m in members]

    def piece(x: Tensor) -> Tensor:
        codes: Tensor = trained.stack.sample("sample_code", x, fresh_noise(draws, generators, 1, x))
        return codes.squeeze(1)

    def found() -> Tensor:
        return torch.cat(trained.over(split, piece, count), 1)

    return trained.remembered(("sample_code", split, count), found)


def nearest(
    known: Float[Tensor, "known features"], asked: Float[Tensor, "asked features"], count: int
) -> Int[Tensor, "asked count"]:
    """Which rows of `known` are nearest to each row of `asked`, the nearest first.

    Candidates are found by products in the tensors' own precision; among them squared differences
    in double precision decide.
    """
    candidates = min(len(known), count + SPARE)
    square = (known**2).sum(-1)
    found = []
    for rows in torch.split(asked, ROWS):
        rough = torch.addmm(square, rows, known.T, alpha=-2)
        index = rough.topk(candidates, largest=False).indices
        far = ((known[index].double() - rows.double().unsqueeze(1)) ** 2).sum(-1)
        order = far.argsort(stable=True)[:, :count]
        found.append(index.gather(1, order))
    return torch.cat(found)


def vote(neighbours: NDArray[np.int64]) -> NDArray[np.int64]:
    """The label that most of each row have; of several the smallest."""
    count = int(neighbours.max()) + 1
    votes = np.stack([(neighbours == label).sum(-1) for label in range(count)], -1)
    chosen: NDArray[np.int64] = votes.argmax(-1)
    return chosen
