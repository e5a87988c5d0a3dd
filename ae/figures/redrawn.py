"""Training images drawn again from their own codes."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from ae.figures.layout.drawing import Arrays, Drawing, member
from ae.figures.layout.panels import side_by_side
from ae.figures.reconstructions import one_of_each
from ae.metrics.filters import picture
from ae.metrics.redrawn import redrawn
from ae.metrics.shared import labels
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOTE = "first of each row: the training image; then samples from its code; black is 0, white 1"
SEARCHED = 200  # training images among which one of each class is looked for


def rows(runs: list[Trained], *, images: int, draws: int, seed_index: int) -> Drawing:
    """A training image and samples from its code, a row an image, a panel a run.

    The first training image of every class in the order of the labels, then every class's second,
    and so on. All runs have the same training images.

    Raises:
        UserError: A run has too few seeds, or labels of its training images are hidden.
    """
    shown = one_of_each(torch.from_numpy(labels(runs[0], "train", SEARCHED)))[:images]
    panels = []
    for run in runs:
        x = run.train.batch(shown.to(run.train.x.device)).x.flatten(1)
        last = int(shown.max()) + 1
        made = redrawn(run, sources=last, draws=draws)[member(run, seed_index)][shown]
        panels.append(torch.cat([x[:, None], made.to(x)], 1).flatten(0, 1).cpu().numpy())
    shape = picture(runs[0].train.shape)
    return Drawing(
        arrays={
            "pictures": np.stack([panel.reshape(-1, *shape) for panel in panels]),
            "columns": np.array(draws + 1),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_rows,
        vector=False,
    )


def _paint_rows(arrays: Arrays) -> "Figure":
    return side_by_side(arrays["pictures"], arrays["runs"], int(arrays["columns"]), NOTE)
