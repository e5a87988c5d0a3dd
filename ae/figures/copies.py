"""Samples of a model, each beside the training image that is nearest to it."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from ae.figures.layout.drawing import Arrays, Drawing, member
from ae.figures.layout.panels import side_by_side
from ae.figures.layout.sheet import pictures
from ae.metrics.generated import generated
from ae.metrics.neighbours import nearest
from ae.metrics.shared import up_to
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOTE = "pairs: a sample, and at its right the nearest training image; mean pixels, black 0, white 1"


def nearest_training_images(
    runs: list[Trained], *, rows: int, pairs: int, images: int, seed_index: int
) -> Drawing:
    """rows x pairs samples of one seed from the model's own prior, each with its nearest image.

    Nearest is among the first `images` training images, by Euclidean distance between pixels. A
    panel a run.

    Raises:
        UserError: A run has too few seeds.
    """
    panels = []
    for run in runs:
        made = generated(run, rows * pairs)[member(run, seed_index)].float()
        count = up_to(run, "train", images)
        known = run.train.clean(torch.arange(count, device=run.train.x.device)).flatten(1).float()
        found = known[nearest(known, made.nan_to_num(), 1)[:, 0]]
        both = torch.stack([made, found], 1).flatten(0, 1).cpu().numpy()
        panels.append(pictures(both, run.test.shape))
    return Drawing(
        arrays={
            "pictures": np.stack(panels),
            "columns": np.array(2 * pairs),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint,
        vector=False,
    )


def _paint(arrays: Arrays) -> "Figure":
    return side_by_side(arrays["pictures"].clip(0, 1), arrays["runs"], int(arrays["columns"]), NOTE)
