"""Test images of which a part is masked, and what a model makes of the rest."""

import torch

from ae.figures.layout.drawing import Drawing, member
from ae.figures.layout.panels import tiled
from ae.figures.layout.sheet import pictures
from ae.figures.reconstructions import one_of_each
from ae.metrics.masked import restored
from ae.training.trained_run import Trained

NOTE = "rows: the image, what is visible of it (the rest grey), and the image with its masked part told"
SEARCHED = 200  # test images among which one of each class is looked for
GREY = 0.5


def rows(runs: list[Trained], *, images: int, seed_index: int) -> Drawing:
    """A column an image, a panel a run: the image, what is seen of it, what is made of that.

    The first test image of every class in the order of the labels, then every class's second, and
    so on. Masks are drawn by the seed's own stream, the same for runs that mask alike.

    Raises:
        UserError: A run has too few seeds.
    """
    shown = one_of_each(runs[0].test.y[:SEARCHED])[:images]
    panels = []
    for run in runs:
        own = member(run, seed_index)
        found = restored(run, SEARCHED)
        at = shown.to(found.images.device)
        x, lost = found.images[at], found.lost[own, at]
        tiles = torch.cat([x, torch.where(lost, GREY, x), found.made[own, at]]).clamp(0, 1)
        panels.append(pictures(tiles.cpu().numpy(), run.test.shape))
    return tiled(panels, runs, len(shown), NOTE)
