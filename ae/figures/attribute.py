"""Decoded faces with an attribute, and the same as its vector is taken from their codes."""

import torch

from ae.figures.layout.drawing import Drawing, member
from ae.figures.layout.panels import tiled
from ae.figures.layout.sheet import pictures
from ae.metrics.attribute import step
from ae.training.trained_run import Trained

NOTE = "rows: the decoded face; without the attribute's vector; moved as far in a random direction"


def rows(runs: list[Trained], *, faces: int, seed_index: int) -> Drawing:
    """A column a test face with the attribute, a panel a run: decoded, moved, moved at random.

    Every picture is the decoder's, none a photograph.

    Raises:
        UserError: A run has too few seeds, or its training faces are not of two kinds.
    """
    panels = []
    for run in runs:
        own, found = member(run, seed_index), step(run, 1)
        kinds = torch.stack([found.own[own], found.along[own], found.astray[own, 0]])
        shown = kinds[:, :faces].flatten(0, 1).clamp(0, 1).float().cpu().numpy()
        panels.append(pictures(shown, run.test.shape))
    return tiled(panels, runs, len(panels[0]) // 3, NOTE)
