"""What codes tell of the factors that images were made from: scores of arrays.

`codes` are (examples, latent); `places` are (examples, factors), whole numbers from 0 that say which
value a factor has. Sampling takes examples with replacement, first a value of a factor, each as
likely as every other, then an example that has it.
"""

from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

Codes = Float[NDArray[np.float64], "examples latent"]
Places = Int[NDArray[np.int64], "examples factors"]
Information = Float[NDArray[np.float64], "latent factors"]
Estimator = Literal["gradient_boosting", "random_forest"]
AT_ONCE = 500  # groups of examples that are looked at together
UNCHECKED = {"skip_parameter_validation": True, "assume_finite": True}  # of scikit-learn
TINY = 1e-11  # added to importances, so that those of a code that nothing uses have an entropy


class Values:
    """The examples that have each value of one factor."""

    def __init__(self, places: Int[NDArray[np.int64], " examples"]) -> None:
        _, self._counts = np.unique(places, return_counts=True)
        self._order = np.argsort(places, kind="stable")
        self._starts = np.cumsum(self._counts) - self._counts

    def any(self, rng: np.random.Generator, count: int | tuple[int, ...]) -> NDArray[np.int64]:
        """Values of the factor, uniformly."""
        return rng.integers(len(self._counts), size=count)

    def having(self, value: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """An example for each value."""
        within = (rng.random(value.shape) * self._counts[value]).astype(np.int64)
        found: NDArray[np.int64] = self._order[self._starts[value] + within]
        return found


def differences(
    codes: Codes, places: Places, count: int, pairs: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mean |z1 - z2| over pairs that share one factor's value, and which factor: `count` of each.

    Every pair has a value of its own; the factor is the same for all pairs of a mean.
    """
    kinds = [Values(column) for column in places.T]
    shared = rng.integers(len(kinds), size=count)
    means = np.empty((count, codes.shape[1]))
    for factor, values in enumerate(kinds):
        for part in _parts(np.flatnonzero(shared == factor)):
            value = values.any(rng, (len(part), pairs))
            one, two = (codes[values.having(value, rng)] for _ in range(2))
            means[part] = np.abs(one - two).mean(1)
    return means, shared


def steadiest(
    codes: Codes, places: Places, count: int, batch: int, prune: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """The latent number that varies least, and the factor whose value a batch shares: `count` times.

    The variance of a batch over that of all examples; numbers whose standard deviation over all is
    below `prune` are left out. None where that leaves none.
    """
    varies = codes.max(0) > codes.min(0)  # of a constant of 1e38, rounding leaves a deviation
    active = np.flatnonzero(varies & (codes.std(0, ddof=1) >= prune))
    if not len(active):
        return None
    scaled = codes[:, active] / codes[:, active].std(0, ddof=1)
    kinds = [Values(column) for column in places.T]
    shared = rng.integers(len(kinds), size=count)
    least = np.empty(count, np.int64)
    for factor, values in enumerate(kinds):
        for part in _parts(np.flatnonzero(shared == factor)):
            value = values.any(rng, len(part))
            rows = values.having(np.repeat(value[:, None], batch, 1), rng)
            least[part] = active[scaled[rows].var(1, ddof=1).argmin(1)]
    return least, shared


def _parts(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [rows[i : i + AT_ONCE] for i in range(0, len(rows), AT_ONCE)]


def majority(
    least: NDArray[np.int64], shared: NDArray[np.int64], train: int, factors: int, latent: int
) -> float:
    """Accuracy of the vote of the first `train` on the others, between 0 and 1."""
    votes = np.zeros((latent, factors))
    np.add.at(votes, (least[:train], shared[:train]), 1)
    return float(np.mean(votes.argmax(1)[least[train:]] == shared[train:]))


def information(codes: Codes, places: Places, bins: int) -> Information:
    """Mutual information of each latent number, in `bins` of equal width, and each factor; nats.

    0 for a number that is constant, or varies by less than `bins` steps of double precision.
    """
    found = np.zeros((codes.shape[1], places.shape[1]))
    for j, column in enumerate(codes.T):
        if not (np.diff(np.linspace(column.min(), column.max(), bins + 1)) > 0).all():
            continue
        edges = np.histogram(column, bins)[1]
        which = np.digitize(column, edges[:-1]) - 1
        for k, place in enumerate(places.T):
            values = int(place.max()) + 1
            table = np.bincount(which * values + place, minlength=bins * values)
            table = table.reshape(bins, values)
            found[j, k] = max(
                0.0, _entropy(table.sum(1)) + _entropy(table.sum(0)) - _entropy(table.ravel())
            )
    return found


def entropies(places: Places) -> Float[NDArray[np.float64], " factors"]:
    """Entropy of each factor in nats."""
    return np.array([_entropy(np.bincount(column)) for column in places.T])


def _entropy(counts: NDArray[Any]) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def gap(found: Float[NDArray[np.float64], "latent factors"], scale: NDArray[np.float64]) -> float:
    """Mean over factors of what the best latent number is ahead of the second, over `scale`."""
    ordered = np.sort(found, 0)
    second = ordered[-2] if len(ordered) > 1 else 0.0
    return float(np.mean((ordered[-1] - second) / scale))


def modular(found: Information) -> float:
    """Mean over latent numbers of 1 - sum of squares but the largest / ((factors - 1) largest).

    Squares of mutual information. 0 for a number that tells nothing.
    """
    square = found**2
    most = square.max(1)
    told = np.where(most > 0, most, 1.0)
    rest = (square.sum(1) - most) / (told * (found.shape[1] - 1))
    return float(np.mean(np.where(most > 0, 1 - rest, 0.0)))


def concentrated(importance: Information) -> float:
    """1 - entropy of each row's shares to the base of their number, weighted by the rows' sums.

    Of importances this is DCI's disentanglement, of their transpose its completeness.
    """
    share = importance + TINY
    share = share / share.sum(1, keepdims=True)
    entropy = -(share * np.log(share)).sum(1) / np.log(importance.shape[1])
    total = importance.sum()
    return float(((1 - entropy) * importance.sum(1)).sum() / total) if total > 0 else 0.0


def importances(
    codes: Codes,
    places: Places,
    estimator: Estimator,
    trees: int,
    train: int,
    test: int,
    rng: np.random.Generator,
    judged: bool = True,
) -> tuple[Information, Float[NDArray[np.float64], " factors"]]:
    """How far each latent number serves a classifier of each factor, and its test accuracy.

    scikit-learn's importances, which sum to 1 over the latent numbers where there are any. Unless
    `judged`, accuracies are NaN: a fifth of the time is theirs. Codes must be finite.
    """
    import sklearn
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

    rows = rng.integers(len(codes), size=train + test)
    found = np.empty((codes.shape[1], places.shape[1]))
    right = np.full(places.shape[1], np.nan)
    for k, place in enumerate(places.T):
        state = int(rng.integers(2**31))
        trained = (
            GradientBoostingClassifier(n_estimators=trees, random_state=state)
            if estimator == "gradient_boosting"
            else RandomForestClassifier(n_estimators=trees, max_features=None, random_state=state)
        )
        with sklearn.config_context(**UNCHECKED):
            trained.fit(codes[rows[:train]], place[rows[:train]])
            found[:, k] = trained.feature_importances_
            if judged:
                right[k] = trained.score(codes[rows[train:]], place[rows[train:]])
    return found, right


def separate(
    codes: Codes,
    places: Places,
    kind: Literal["svm", "regression"],
    train: int,
    test: int,
    rng: np.random.Generator,
) -> Information:
    """How well each latent number alone predicts each factor, between 0 and 1.

    `svm`: test accuracy of scikit-learn's LinearSVC with C = 0.01 and balanced classes.
    `regression`: the squared correlation on the training examples.
    """
    rows = rng.integers(len(codes), size=train + test)
    z, v = codes[rows], places[rows]
    if kind == "regression":
        a, b = (t[:train] - t[:train].mean(0) for t in (z, v))
        power = (a**2).sum(0)[:, None] * (b**2).sum(0)
        return np.where(power > 0, (a.T @ b) ** 2 / np.where(power > 0, power, 1), 0.0)
    from sklearn.svm import LinearSVC

    found = np.empty((z.shape[1], v.shape[1]))
    for j, column in enumerate(z.T):
        for k, place in enumerate(v.T):
            machine = LinearSVC(C=0.01, class_weight="balanced", dual=False)
            machine.fit(column[:train, None], place[:train])
            found[j, k] = machine.score(column[train:, None], place[train:])
    return found
