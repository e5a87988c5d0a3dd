"""Results as tidy tables of pandas: a row a value, a row a claim, a row a point of a curve.

    import ae.results
    frames = ae.results.load("results")
    frames.values.groupby(["spec", "tier", "run", "metric"])["value"].mean()

`docs/results.md` has the columns; `COLUMNS` has them for programs.
"""

from ae.results.columns import COLUMNS, Column
from ae.results.frames import Frames, frames_of, load

__all__ = ["COLUMNS", "Column", "Frames", "frames_of", "load"]
