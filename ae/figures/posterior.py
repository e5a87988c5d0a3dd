"""The prior against the aggregate posterior: where the codes of the data lie."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ae.errors import UserError
from ae.figures.layout.drawing import CLASSES, FAINT, INK, PALETTE, Arrays, Drawing, member
from ae.figures.layout.sheet import WIDTH, sheet, wrapped
from ae.metrics.shared import labels, up_to
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3  # panels in a row
LIMIT = 4.0  # of the axes, in standard deviations of the prior
BINS = 40
HOLDS = (0.5, 0.95)  # shares of the prior that circles hold


def aggregate(runs: list[Trained], *, examples: int, seed_index: int) -> Drawing:
    """Codes drawn from q(z given x), one for each of the first test images, and N(0, I).

    A panel a run. Codes of two numbers are points in the colour of their label, with the circles
    that hold half and 95 % of the prior; of others, the distribution of all their numbers together
    with the prior's density. Each panel says the codes' mean and standard deviation, which are 0
    and 1 if the aggregate posterior is the prior; codes beyond four deviations are not shown.

    Raises:
        UserError: There are more than ten labels, or too few seeds.
    """
    arrays: Arrays = {"runs": np.array([run.label for run in runs])}
    for i, run in enumerate(runs):
        count = up_to(run, "test", examples)
        arrays[f"codes_{i}"] = codes(run, count, seed_index).astype(np.float32)
        arrays[f"labels_{i}"] = labels(run, "test", count)
        if (found := len(np.unique(arrays[f"labels_{i}"]))) > len(CLASSES):
            raise UserError(
                f"posterior.aggregate: found {found} labels; it tells {len(CLASSES)} apart at most"
            )
    return Drawing(arrays=arrays, paint=_paint, vector=False)


def codes(run: Trained, count: int, seed_index: int) -> NDArray[Any]:
    """A code (example, latent) of each of the first test images, drawn from its posterior."""
    which = member(run, seed_index)
    pieces = run.over("test", lambda x: torch.stack(run.stack.share("posterior", x), 1), count)
    mean, logvar = torch.cat(pieces, 2)[which].double()
    noise = torch.empty_like(mean).normal_(generator=run.generator(which, "aggregate"))
    found: NDArray[Any] = (mean + (logvar / 2).exp() * noise).cpu().numpy()
    return found


def radius(share: float) -> float:
    """Of the circle about 0 that holds a share of N(0, I) in two dimensions."""
    return float(np.sqrt(-2 * np.log1p(-share)))


def _paint(arrays: Arrays) -> "Figure":
    names = arrays["runs"]
    across = min(ACROSS, len(names))
    down = -(-len(names) // across)
    panel = WIDTH // ACROSS if across == ACROSS else 640
    figure = sheet(panel * across, (panel + 30) * down + 50)
    figure.set_layout_engine("constrained")
    grid = figure.subplots(down, across, squeeze=False).ravel()
    for i, (axes, name) in enumerate(zip(grid, names, strict=False)):
        found = arrays[f"codes_{i}"]
        finite = np.isfinite(found).all()
        said = f"mean {found.mean():.2f}, deviation {found.std():.2f}" if finite else "diverged"
        axes.set_title(f"{wrapped(str(name), 38, 1)}\n{said}")
        if not finite:
            axes.set(xticks=[], yticks=[])
        elif found.shape[1] == 2:
            _points(axes, found, arrays[f"labels_{i}"])
        else:
            _histogram(axes, found)
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    return figure


def _points(axes: "Axes", found: NDArray[Any], y: NDArray[Any]) -> None:
    _, place = np.unique(y, return_inverse=True)
    colours = np.array(CLASSES)[place]
    axes.scatter(found[:, 0], found[:, 1], c=colours, s=5, linewidths=0, alpha=0.6)
    turn = np.linspace(0, 2 * np.pi, 181)
    for share in HOLDS:
        r = radius(share)
        axes.plot(r * np.cos(turn), r * np.sin(turn), color=INK, linewidth=1.2)
        axes.text(0, r, f"{share:.0%}", ha="center", va="bottom", color=INK)
    axes.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), aspect="equal")
    axes.set(xlabel="z1, drawn from q(z|x)", ylabel="z2")


def _histogram(axes: "Axes", found: NDArray[Any]) -> None:
    edges = np.linspace(-LIMIT, LIMIT, BINS + 1)
    density = np.histogram(found, edges)[0] / (found.size * np.diff(edges))
    axes.stairs(density, edges, fill=True, color=PALETTE[0], alpha=0.45, label="codes")
    at = np.linspace(-LIMIT, LIMIT, 201)
    prior = np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi)
    axes.plot(at, prior, color=INK, linewidth=1.4, label="N(0, 1)")
    axes.set(xlim=(-LIMIT, LIMIT), xlabel=f"all {found.shape[1]} numbers of z, from q(z|x)")
    axes.set(ylabel="density")
    axes.legend(labelcolor=FAINT)
