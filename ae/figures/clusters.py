"""The examples that are most surely of each cluster."""

import torch
from jaxtyping import Float
from torch import Tensor

from ae.figures.layout.drawing import Drawing, member
from ae.figures.layout.panels import tiled
from ae.metrics.filters import picture
from ae.metrics.shared import Split
from ae.training.trained_run import Trained

NOTE = "a row a cluster, the surest example on the left; a row that ends early has no more examples"


def surest(
    runs: list[Trained], *, split: Split, clusters: str, examples: int, seed_index: int
) -> Drawing:
    """A row a cluster: the examples with the largest share in it, of those that are in it.

    A panel a run. `clusters` is the model's method that gives each example's shares.

    Raises:
        UserError: A run has too few seeds.
    """
    shape = picture(runs[0].split(split).shape)
    panels = [_panel(run, split, clusters, examples, member(run, seed_index)) for run in runs]
    pictures = [panel.cpu().numpy().reshape(-1, *shape) for panel in panels]
    return tiled(pictures, runs, examples, NOTE)


def _panel(
    run: Trained, split: Split, clusters: str, examples: int, index: int
) -> Float[Tensor, "tiles features"]:
    shares = run.of(clusters, split)[index]
    data, own = run.split(split), shares.argmax(-1)
    rows = []
    for cluster in range(shares.shape[1]):
        inside = (own == cluster).nonzero().squeeze(1)
        best = inside[shares[inside, cluster].argsort(descending=True)[:examples]]
        x = data.batch(best).x.flatten(1)
        blank = torch.ones(examples - len(best), x.shape[1], dtype=x.dtype, device=x.device)
        rows.append(torch.cat([x, blank]))
    tiles = torch.cat(rows)
    return tiles if bool(shares.isfinite().all()) else torch.full_like(tiles, torch.nan)
