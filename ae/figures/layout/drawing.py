"""A figure in two steps: arrays, which are kept, and ink, which is a function of the arrays.

Everything is drawn on figures of its own with the Agg renderer: no display, no global figures, no
state that one drawing leaves to the next. Files are the same bytes for the same arrays.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ae.disk import write_atomically
from ae.errors import UserError
from ae.records.figures import Interaction
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Arrays = dict[str, NDArray[Any]]

DPI = 150
LIMIT = 400_000  # bytes of an image
FONT = 9.5  # points

# Okabe and Ito's palette, told apart with any colour vision, as the report's plots use it.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#b8a800")
CLASSES = (*PALETTE, "#882255", "#999999")
DASHES = ("-", "--", "-.", ":")
INK, FAINT = "#24292f", "#59636e"

# What seaborn's style "ticks" sets otherwise than matplotlib and we do not. Its import takes longer
# than drawing most figures; those that it draws load it. It names a colour map, too; ours name theirs.
TICKS = {
    "axes.axisbelow": True,
    "axes.labelcolor": ".15",
    "font.sans-serif": [
        "Arial",
        "DejaVu Sans",
        "Liberation Sans",
        "Bitstream Vera Sans",
        "sans-serif",
    ],
    "grid.color": ".8",
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "xtick.color": ".15",
    "ytick.color": ".15",
}


@dataclass(frozen=True)
class Interactive:
    """What a reader may turn or move through in a browser, where the picture stands otherwise.

    Attributes:
        kind: One that the report's script knows.
        data: From a drawing's arrays to what the script needs, as JSON has it; reads nothing else.
    """

    kind: str
    data: Callable[[Arrays], dict[str, Any]]


@dataclass(frozen=True)
class Drawing:
    """What is drawn.

    Attributes:
        arrays: All that the ink needs: numbers and strings, no objects.
        paint: From the arrays to a figure; reads nothing else.
        vector: Whether the figure is worth keeping as SVG, too: lines and few points.
        interactive: What a reader may do with it in a browser, if anything.
    """

    arrays: Arrays
    paint: Callable[[Arrays], "Figure"]
    vector: bool
    interactive: Interactive | None = None


@dataclass(frozen=True)
class Saved:
    """A drawing's files, by name; the digest of its arrays; the image's size in pixels."""

    image: str
    vector: str | None
    arrays: str
    digest: str
    width: int
    height: int
    interaction: Interaction | None


def save(drawing: Drawing, folder: Path, name: str) -> Saved:
    """Write `name.npz`, `name.png` and, where they are wanted, `name.svg`, `name.data.json`.

    Each atomically.
    """
    vector = folder / f"{name}.svg"
    with style():
        figure = drawing.paint(drawing.arrays)
        image, width, height = _png(figure)
        ink = _svg(figure) if drawing.vector else None
    write_atomically(folder / f"{name}.npz", packed(drawing.arrays))
    write_atomically(folder / f"{name}.png", image)
    if ink is None:
        vector.unlink(missing_ok=True)
    else:
        write_atomically(vector, ink)
    return Saved(
        image=f"{name}.png",
        vector=None if ink is None else vector.name,
        arrays=f"{name}.npz",
        digest=digest(drawing.arrays),
        width=width,
        height=height,
        interaction=_interaction(drawing, folder, name),
    )


def _interaction(drawing: Drawing, folder: Path, name: str) -> Interaction | None:
    path = folder / f"{name}.data.json"
    if drawing.interactive is None:
        path.unlink(missing_ok=True)
        return None
    data = drawing.interactive.data(drawing.arrays)
    content = json.dumps(data, separators=(",", ":"), allow_nan=False).encode()
    write_atomically(path, content)
    digest = hashlib.sha256(content).hexdigest()
    return Interaction(kind=drawing.interactive.kind, data=path.name, digest=digest)


def digest(arrays: Arrays) -> str:
    """sha256 of names, types, shapes and values."""
    state = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        state.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        state.update(np.asarray(array, order="C").tobytes())
    return state.hexdigest()


def packed(arrays: Arrays) -> bytes:
    """The arrays as an .npz file without times, in the order of their names; never a pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in sorted(arrays.items()):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, member.getvalue())
    return buffer.getvalue()


@contextmanager
def style() -> Iterator[None]:
    """One look for all figures, whatever the machine's own settings; undone afterwards."""
    import matplotlib

    look: Any = {
        **TICKS,
        "axes.edgecolor": FAINT,
        "axes.labelsize": FONT,
        "axes.linewidth": 0.8,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": FONT,
        "figure.dpi": DPI,
        "font.family": "DejaVu Sans",
        "font.size": FONT,
        "legend.fontsize": FONT,
        "legend.frameon": False,
        "savefig.dpi": DPI,
        "savefig.facecolor": "white",
        "svg.hashsalt": "ae",
        "text.color": INK,
        "text.parse_math": False,
        "xtick.labelsize": FONT - 1,
        "ytick.labelsize": FONT - 1,
    }
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(look)
        yield


def _png(figure: "Figure") -> tuple[bytes, int, int]:
    """The image, its width and height; with fewer colours, 16 at least, where it is large."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()  # on white, at the dots per inch of the figure
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    content = _encoded(image)
    for colours in (256, 64, 16):
        if len(content) > LIMIT:
            content = _encoded(image.quantize(colours, dither=Image.Dither.NONE))
    return content, image.width, image.height


def _encoded(image: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="png", dpi=(DPI, DPI))  # optimised: 1 % less, in four times the time
    return buffer.getvalue()


def _svg(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def member(run: Trained, seed_index: int) -> int:
    """`seed_index`, which must be one of the run's members.

    Raises:
        UserError: The run has fewer seeds.
    """
    if not 0 <= seed_index < len(run.seeds):
        raise UserError(
            f"seed_index: found {seed_index}; run {run.name!r} has {len(run.seeds)} seeds: "
            f"expected 0 to {len(run.seeds) - 1}"
        )
    return seed_index
