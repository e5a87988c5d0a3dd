"""What a step along an attribute's vector does to decoded faces: the attribute, and who it is.

The vector is the mean code of training faces with the attribute (label 1) minus that of those without.
All pictures are the decoder's own: the classifier that is asked whether a face has the attribute learnt
from decoded training faces, so that blur is no sign to it.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from ae.errors import UserError
from ae.metrics.shared import by_seed, labels
from ae.spec.facts import measure
from ae.training.trained_run import Trained

INVERSE_PENALTY = 0.01  # scikit-learn's C: pictures that hardly differ give no steep classifier
MOST = 2000  # iterations of a classifier's fit

Way = Literal["attribute", "random"]


class Moved(NamedTuple):
    """Test faces with the attribute, and the same a step away.

    Attributes:
        place: Of each such face in the test split.
        own: Its picture, decoded.
        along: Its picture once the vector is taken from its code.
        astray: The same by steps of the vector's length in random directions.
    """

    place: Int[Tensor, " faces"]
    own: Float[Tensor, "seed faces features"]
    along: Float[Tensor, "seed faces features"]
    astray: Float[Tensor, "seed directions faces features"]


@measure(
    label="Fall of the classifier's probability, {way} direction", unit="points", better="higher"
)
def fall(trained: Trained, *, way: Way, directions: int, train_examples: int) -> list[float]:
    """Mean fall of the probability of the attribute when a face takes the step, percentage points.

    Over test faces with the attribute; `random` is the mean over so many directions. The classifier is
    logistic regression (scikit-learn's C is 0.01) of decoded pictures: those of the first
    `train_examples` training faces with the attribute and of as many of the first without it.
    """
    own, along, astray = _told(trained, directions, train_examples)
    return by_seed(100 * (own - (along if way == "attribute" else astray)), np.mean)


@measure(label="Fall beyond that in random directions", unit="points", better="higher")
def advantage(trained: Trained, *, directions: int, train_examples: int) -> list[float]:
    """`fall` along the vector minus `fall` in random directions of the same length."""
    _, along, astray = _told(trained, directions, train_examples)
    return by_seed(100 * (astray - along), np.mean)


@measure(
    label="Decoded test faces classified rightly, mean of both kinds", unit="%", better="higher"
)
def classified(trained: Trained, *, train_examples: int) -> list[float]:
    """Decoded test faces that the classifier of `fall` puts right: mean of the two kinds' shares."""
    y = labels(trained, "test", len(trained.test.x))
    found = []
    for made, asked in zip(_learnt(trained, train_examples), _decoded(trained), strict=True):
        told = _probability(made, asked.cpu().numpy())
        right = np.where(np.isnan(told), told, (told > 0.5) == y)
        found.append([right[y == kind].mean() for kind in (0, 1)])
    return by_seed(100 * torch.tensor(np.array(found)), np.mean)


@measure(label="Moved faces whose nearest decoded face is their own", unit="%", better="higher")
def stays(trained: Trained) -> list[float]:
    """Faces that the step leaves nearer to their own decoded picture than to any other's, in percent.

    Euclidean distances between pictures; the others are all other test faces.
    """
    moved, every = step(trained, 0), _decoded(trained)
    away = torch.cdist(moved.along.double(), every.double())
    right = (away.nan_to_num(nan=torch.inf).argmin(-1) == moved.place).double()
    return by_seed(torch.where(away.isfinite().all(-1), 100 * right, torch.nan), np.mean)


@measure(
    label="Other photographs that a moved face is nearer to than its own", unit="%", better="lower"
)
def mistaken(trained: Trained) -> list[float]:
    """Test photographs nearer to the moved picture than its own photograph is, in percent.

    Mean over test faces with the attribute. 50 where a picture tells nothing of the face.
    """
    moved = step(trained, 0)
    index = torch.arange(len(trained.test.x), device=trained.test.x.device)
    photographs = trained.test.batch(index).x.flatten(1).double()
    away = torch.cdist(moved.along.double(), photographs.expand(len(moved.along), -1, -1))
    at = moved.place[None, :, None].expand(len(away), -1, 1)
    nearer = (away < away.gather(-1, at)).double().sum(-1) / (len(photographs) - 1)
    return by_seed(torch.where(away.isfinite().all(-1), 100 * nearer, torch.nan), np.mean)


def vector(trained: Trained) -> Float[Tensor, "seed latent"]:
    """Mean code of training faces with the attribute minus that of those without.

    Raises:
        UserError: The training faces are not of the two kinds.
    """
    y = torch.from_numpy(labels(trained, "train", len(trained.train.x)))
    if (kinds := sorted(set(y.tolist()))) != [0, 1]:
        raise UserError(f"run {trained.name!r}: training labels {kinds}; expected 0 and 1")
    codes = trained.of("encode", "train").double()
    return codes[:, y == 1].mean(1) - codes[:, y == 0].mean(1)


def step(trained: Trained, directions: int) -> Moved:
    """Test faces with the attribute, decoded as they are, without it, and moved at random."""
    y = torch.from_numpy(labels(trained, "test", len(trained.test.x)))
    place = (y == 1).nonzero().squeeze(1)
    codes = trained.of("encode", "test")[:, place]
    way = vector(trained).to(codes)
    chance = _directions(trained, directions, codes) * way.norm(dim=-1)[:, None, None]
    astray = codes[:, None] + chance[:, :, None]
    pictures = _pictures(trained, torch.cat([codes, codes - way[:, None], astray.flatten(1, 2)], 1))
    own, along, rest = torch.split(pictures, [len(place), len(place), directions * len(place)], 1)
    shape = (len(rest), directions, len(place), pictures.shape[-1])
    return Moved(place.to(codes.device), own, along, rest.reshape(shape))


def _directions(trained: Trained, count: int, like: Tensor) -> Float[Tensor, "seed way latent"]:
    """Unit vectors of uniform direction, each seed's own."""
    size = (count, like.shape[-1])
    drawn = [
        torch.randn(size, generator=trained.generator(m, "directions"), device=like.device)
        for m in range(len(trained.seeds))
    ]
    ways = torch.stack(drawn).to(like)
    units: Tensor = ways / ways.norm(dim=-1, keepdim=True)
    return units


def _pictures(trained: Trained, codes: Tensor) -> Float[Tensor, "seed codes features"]:
    trained.stack.train(False)
    with torch.no_grad():
        made: Tensor = trained.stack.call("decode", codes)
    return made.flatten(2)


def _decoded(trained: Trained) -> Float[Tensor, "seed images features"]:
    """Every test face, decoded."""
    return _pictures(trained, trained.of("encode", "test"))


def _learnt(trained: Trained, train_examples: int) -> list[Any]:
    """The classifier of each seed; None where its pictures are not finite."""
    from sklearn.linear_model import LogisticRegression

    y = labels(trained, "train", len(trained.train.x))
    kinds = [np.flatnonzero(y == kind) for kind in (0, 1)]
    each = min(train_examples, *map(len, kinds))
    chosen = np.concatenate([kind[:each] for kind in kinds])
    pictures = _pictures(trained, trained.of("encode", "train")[:, torch.from_numpy(chosen)])
    found: list[Any] = []
    for own in pictures.double().cpu().numpy():
        if not np.isfinite(own).all():
            found.append(None)
            continue
        classifier = LogisticRegression(C=INVERSE_PENALTY, max_iter=MOST)
        found.append(classifier.fit(own, y[chosen]))
    return found


def _told(
    trained: Trained, directions: int, train_examples: int
) -> tuple[Tensor, Float[Tensor, "seed faces"], Float[Tensor, "seed faces"]]:
    """Probabilities of the attribute: of faces as they are, without it, and moved at random (mean)."""

    def found() -> Tensor:
        moved = step(trained, directions)
        kinds = torch.cat([torch.stack([moved.own, moved.along], 1), moved.astray], 1)
        return torch.from_numpy(
            np.stack(
                [
                    _probability(made, own.flatten(0, 1).cpu().numpy()).reshape(len(own), -1)
                    for made, own in zip(_learnt(trained, train_examples), kinds, strict=True)
                ]
            )
        )

    key = (f"attribute/{directions}", "train", train_examples)
    told = trained.remembered(key, found)
    return told[:, 0], told[:, 1], told[:, 2:].mean(1)


def _probability(classifier: Any, pictures: NDArray[Any]) -> NDArray[np.float64]:
    """Of the attribute; NaN where there is no classifier or a picture is not finite."""
    if classifier is None or not np.isfinite(pictures).all():
        return np.full(len(pictures), np.nan)
    told: NDArray[np.float64] = classifier.predict_proba(pictures.astype(np.float64))[:, 1]
    return told
