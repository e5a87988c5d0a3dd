"""Images of which a part is given, and what models make of the rest."""

import torch
from jaxtyping import Float
from torch import Tensor

from ae.figures.layout.drawing import Drawing, member
from ae.figures.layout.panels import tiled
from ae.figures.reconstructions import one_of_each
from ae.metrics.conditional import missing
from ae.metrics.filters import picture
from ae.metrics.shared import fresh_noise
from ae.training.trained_run import Trained

NOTE = (
    "rows: what is given (the rest grey), the image, the baseline's one guess, then completions "
    "drawn at random"
)
SEARCHED = 200  # test images among which one of each class is looked for
GREY = 0.5


def grid(runs: list[Trained], *, images: int, draws: int, seed_index: int) -> Drawing:
    """A column an image, a panel a run: what is given, the image, the guess, and `draws` completions.

    The first test image of every class in the order of the labels, then every class's second, and
    so on. Codes are drawn by the seed's own stream; nobody chose them.

    Raises:
        UserError: A run has too few seeds.
    """
    panels = [_panel(run, images, draws, member(run, seed_index)) for run in runs]
    shape = picture(runs[0].test.shape)
    pictures = [panel.cpu().numpy().reshape(-1, *shape) for panel in panels]
    return tiled(pictures, runs, images, NOTE)


def _panel(run: Trained, images: int, draws: int, index: int) -> Float[Tensor, "tiles features"]:
    shown = one_of_each(run.test.y[:SEARCHED])[:images].to(run.test.x.device)
    x = run.test.batch(shown).x.flatten(1)
    noise = fresh_noise(
        run.model.draws_for("complete", None),
        [run.generator(m, "completions") for m in range(len(run.seeds))],
        draws,
        x,
    )
    run.stack.train(False)
    with torch.no_grad():
        guess: Tensor = run.stack.share("reconstruct", x)[index]
        made: Tensor = run.stack.sample("complete", x, noise)[index]
    given = torch.where(missing(run), GREY, x)
    return torch.cat([given, x, guess, *made])
