"""Images that models make of random codes."""

from typing import TYPE_CHECKING

import numpy as np

from ae.figures.layout.drawing import Arrays, Drawing, member
from ae.figures.layout.panels import side_by_side
from ae.figures.layout.sheet import pictures
from ae.metrics.samples import decoded
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCALE = "pixels below 0 are drawn black, above 1 white"


def grid(
    runs: list[Trained],
    *,
    rows: int,
    columns: int,
    seed_index: int,
    fitted: list[str],
    codes: int,
) -> Drawing:
    """rows x columns samples of one seed, a panel a run, from random codes that no one chose.

    Codes are drawn from the model's own prior, else from N(0, I); for the runs named in `fitted`,
    from a Gaussian that is fitted to the codes of the first `codes` training images, component by
    component. Runs with codes of one size that are drawn from N(0, I) get the same draws.

    Raises:
        UserError: A run has too few seeds.
    """
    made = [
        decoded(run, fitted=fitted, codes=codes, samples=rows * columns)[member(run, seed_index)]
        for run in runs
    ]
    shape = runs[0].test.shape
    return Drawing(
        arrays={
            "samples": np.stack([pictures(own.float().cpu().numpy(), shape) for own in made]),
            "columns": np.array(columns),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_grid,
        vector=False,
    )


def _paint_grid(arrays: Arrays) -> "Figure":
    samples = arrays["samples"].clip(0, 1)  # keeps NaN
    return side_by_side(samples, arrays["runs"], int(arrays["columns"]), SCALE)
