"""Images that models draw of a class that they are told."""

import torch
from jaxtyping import Float
from torch import Tensor

from ae.figures.layout.drawing import Drawing, member
from ae.figures.layout.panels import tiled
from ae.metrics.filters import picture
from ae.training.trained_run import Trained

NOTE = "a column a class, a row a random code: what is alike along a row is what the code says"


def samples(runs: list[Trained], *, classes: int, rows: int, seed_index: int) -> Drawing:
    """`decode(z, y)` of every class y at `rows` codes z, a panel a run; all classes see the same z.

    Codes are drawn from N(0, I) by the seed's own stream; nobody chose them.

    Raises:
        UserError: A run has too few seeds.
    """
    shape = picture(runs[0].test.shape)
    panels = [_panel(run, classes, rows, member(run, seed_index)) for run in runs]
    pictures = [panel.cpu().numpy().reshape(-1, *shape) for panel in panels]
    return tiled(pictures, runs, classes, NOTE)


def _panel(run: Trained, classes: int, rows: int, index: int) -> Float[Tensor, "tiles features"]:
    device = run.stack.device
    latent = run.model.draws["z"].shape[-1]
    drawn = [
        torch.empty(rows, latent, device=device).normal_(generator=run.generator(m, "styles"))
        for m in range(len(run.seeds))
    ]
    z = torch.stack(drawn).repeat_interleave(classes, 1)
    y = torch.arange(classes, device=device).repeat(rows).expand(len(drawn), -1)
    run.stack.train(False)
    with torch.no_grad():
        made: Tensor = run.stack.call("decode", z, y)[index]
    return made
