"""How much of a score's variance over many runs their settings explain.

Locatello et al., Challenging Common Assumptions in the Unsupervised Learning of Disentangled
Representations, ICML 2019, https://arxiv.org/abs/1811.12359.
"""

import numpy as np

from ae.errors import UserError


def share_explained(values: list[float], *groups: list[str]) -> float:
    """Share of the variance of `values` that the groups explain: 1 - within / total sums of squares.

    R^2 of a regression on every combination of the groups' labels, as in Locatello et al. (2019),
    section 5.2: by the objective alone, by the objective and its strength together, and what is
    left is the seeds'.

    Raises:
        UserError: A list of labels has another length, or all values are the same.
    """
    if any(len(labels) != len(values) for labels in groups):
        raise UserError(
            f"share_explained: found {len(values)} values and labels of "
            f"{', '.join(str(len(labels)) for labels in groups)}; expected as many of each"
        )
    x = np.array(values, np.float64)
    total = ((x - x.mean()) ** 2).sum()
    if total == 0:
        raise UserError("share_explained: all values are the same; there is nothing to explain")
    cells: dict[tuple[str, ...], list[float]] = {}
    labels = zip(*groups, strict=True) if groups else [()] * len(values)
    for value, label in zip(values, labels, strict=True):
        cells.setdefault(tuple(label), []).append(value)
    within = sum(((np.array(c) - np.mean(c)) ** 2).sum() for c in cells.values())
    return float(1 - within / total)
