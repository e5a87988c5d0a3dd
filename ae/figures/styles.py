"""Images of every class in one style; clusters with the images that are put in them."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.layout.drawing import Arrays, Drawing, member
from ae.figures.layout.panels import side_by_side
from ae.figures.layout.sheet import pictures
from ae.metrics.clusters import probabilities
from ae.metrics.styles import shown
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLES = "a row a style that was drawn of the prior, a column a class; black is 0, white 1"
CLUSTERS = (
    "a row a cluster: its head, the image of the class in the style 0, then the first test images "
    "that are put in it"
)


def table(runs: list[Trained], *, styles: int, seed_index: int) -> Drawing:
    """The images of every class in styles of the prior by one seed, a panel a run.

    Raises:
        UserError: Runs differ in their number of classes, or have too few seeds.
    """
    made = [shown(run, styles)[member(run, seed_index)].float().cpu() for run in runs]
    _alike(runs, [own.shape[1] for own in made])
    return Drawing(
        arrays={
            "pictures": np.stack(
                [
                    pictures(own.flatten(0, 1).numpy(), run.test.shape)
                    for own, run in zip(made, runs, strict=True)
                ]
            ),
            "columns": np.array(made[0].shape[1]),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_table,
        vector=False,
    )


def clusters(runs: list[Trained], *, images: int, test: int, seed_index: int) -> Drawing:
    """Each cluster's head and the first `images` of the test images that are put in it.

    The head is what is decoded of the cluster alone, in the style 0. Clusters are in the order of
    their heads' likeness: each next to the one most like it. Images are among the first `test`. A
    panel a run.

    Raises:
        UserError: Runs differ in their number of clusters, or have too few seeds.
    """
    panels, sizes = [], []
    for run in runs:
        which = member(run, seed_index)
        panel = _clusters(run, which, images, test)
        panels.append(pictures(panel.reshape(-1, panel.shape[-1]), run.test.shape))
        sizes.append(len(panel))
    _alike(runs, sizes)
    return Drawing(
        arrays={
            "pictures": np.stack(panels),
            "columns": np.array(images + 1),
            "runs": np.array([run.label for run in runs]),
        },
        paint=_paint_clusters,
        vector=False,
    )


def _clusters(run: Trained, which: int, images: int, test: int) -> NDArray[Any]:
    """Head and members (cluster, 1 + images, features); white where a cluster has fewer."""
    size = run.of("encode", "test", 1).shape[-1]
    style = torch.zeros(len(run.seeds), 1, size, device=run.stack.device)
    with torch.no_grad():
        heads = run.stack.call("every_class", style)[which, 0].float().cpu().numpy()
    count = min(test, len(run.test.x))
    chosen = probabilities(run, count)[which].argmax(-1).cpu()
    x = run.test.batch(torch.arange(count, device=run.test.x.device)).x.flatten(1).float().cpu()
    panel = np.ones((len(heads), images + 1, heads.shape[-1]), np.float32)
    for row, cluster in enumerate(_chained(np.nan_to_num(heads))):
        own = x[chosen == cluster][:images].numpy()
        panel[row, 0] = heads[cluster]
        panel[row, 1 : 1 + len(own)] = own
    return panel


def _chained(heads: NDArray[Any]) -> list[int]:
    """An order in which each head follows the one that it is nearest to, of those that are left."""
    order, left = [0], set(range(1, len(heads)))
    while left:
        far = {i: float(((heads[i] - heads[order[-1]]) ** 2).sum()) for i in left}
        order.append(min(left, key=far.__getitem__))
        left.remove(order[-1])
    return order


def _alike(runs: list[Trained], sizes: list[int]) -> None:
    for run, size in zip(runs, sizes, strict=True):
        if size != sizes[0]:
            raise UserError(
                f"styles: run {run.name!r} has {size} classes, {runs[0].name!r} {sizes[0]}; draw "
                "them in separate figures"
            )


def _paint_table(arrays: Arrays) -> "Figure":
    return side_by_side(
        arrays["pictures"].clip(0, 1), arrays["runs"], int(arrays["columns"]), STYLES
    )


def _paint_clusters(arrays: Arrays) -> "Figure":
    return side_by_side(
        arrays["pictures"].clip(0, 1), arrays["runs"], int(arrays["columns"]), CLUSTERS
    )
