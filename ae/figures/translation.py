"""Test pairs, and each half as it is made of the other."""

import torch

from ae.figures.layout.drawing import Drawing, member
from ae.figures.layout.panels import tiled
from ae.figures.layout.sheet import pictures
from ae.figures.reconstructions import one_of_each
from ae.training.trained_run import Trained

NOTE = "rows: the second half; made of the first; the first half; made of the second"
SEARCHED = 200  # test images among which one of each class is looked for


def rows(runs: list[Trained], *, images: int, seed_index: int) -> Drawing:
    """A column an example, a panel a run: the truth of each half above what is made of the other.

    The first test example of every class in the order of the labels, then every class's second, and
    so on.

    Raises:
        UserError: A run has too few seeds.
    """
    shown = one_of_each(runs[0].test.y[:SEARCHED])[:images]
    panels = []
    for run in runs:
        own = member(run, seed_index)
        x = run.test.batch(shown.to(run.test.x.device)).x.flatten(1)
        made = run.of("translate", "test", min(SEARCHED, len(run.test.x)))[own, shown]
        (first, second), (back, there) = x.chunk(2, -1), made.to(x).chunk(2, -1)
        tiles = torch.cat([second, there, first, back]).clamp(0, 1)
        panels.append(pictures(tiles.float().cpu().numpy(), run.test.shape[1:]))
    return tiled(panels, runs, len(shown), NOTE)
