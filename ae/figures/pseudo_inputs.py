"""The pseudo-inputs of a prior that is a mixture of their posteriors."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from ae.figures.layout.drawing import Arrays, Drawing, member
from ae.figures.layout.panels import side_by_side
from ae.figures.layout.sheet import pictures
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOTE = "the first ones, none chosen; 0 is drawn black, 1 white"


def grid(runs: list[Trained], *, rows: int, columns: int, seed_index: int) -> Drawing:
    """The first rows x columns pseudo-inputs of one seed, a panel a run; fewer where it has fewer.

    Raises:
        UserError: A run has too few seeds.
    """
    made = []
    with torch.no_grad():
        for run in runs:
            own = run.stack.call("pseudo_inputs")[member(run, seed_index)][: rows * columns]
            made.append(pictures(own.float().cpu().numpy(), run.test.shape))
    least = min(len(own) for own in made)
    return Drawing(
        arrays={
            "inputs": np.stack([own[:least] for own in made]),
            "columns": np.array(columns),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint,
        vector=False,
    )


def _paint(arrays: Arrays) -> "Figure":
    return side_by_side(arrays["inputs"], arrays["runs"], int(arrays["columns"]), NOTE)
