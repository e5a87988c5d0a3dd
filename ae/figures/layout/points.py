"""Points of codes: the part of them that is shown, and what a browser is given of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ae.figures import sprites
from ae.figures.layout.drawing import CLASSES, Arrays

KEEP = (0.5, 99.5)  # percentiles of the codes that set a panel's limits
MARGIN = 0.08  # of their distance, added on either side
APART = 0.055  # least distance between two labels, in widths of a panel
STEPS = 1000  # whole numbers from the middle of an axis to its end
MOST = 10_000  # points that a page carries of a figure


def limits(codes: NDArray[Any]) -> NDArray[Any]:
    """Lower and upper end of every axis, such as ((x, y), (x, y)), of more than no length."""
    low, high = np.percentile(codes.astype(float), KEEP, axis=0)
    margin = np.where(high > low, MARGIN * (high - low), 1.0)
    return np.stack([low - margin, high + margin])


def outside(codes: NDArray[Any]) -> int:
    """How many points lie beyond the limits of their panel."""
    return int(beyond(codes).sum())


def beyond(codes: NDArray[Any]) -> NDArray[np.bool_]:
    """Which points lie beyond the limits of their panel."""
    low, high = limits(codes)
    found: NDArray[np.bool_] = ((codes < low) | (codes > high)).any(-1)
    return found


def apart(places: NDArray[Any]) -> NDArray[Any]:
    """Places on a unit square, moved until they are at least `APART` from each other.

    Places that coincide leave in different directions; the rest keep their bearing.
    """
    count = len(places)
    turn = 2 * np.pi * np.arange(count) / count
    places = places + 1e-6 * np.stack([np.cos(turn), np.sin(turn)], -1)
    for _ in range(100):
        way = places[:, None] - places[None]
        distance = np.linalg.norm(way, axis=-1) + np.eye(count)
        push = np.maximum(APART - distance, 0) / 2
        places = places + (way / distance[..., None] * push[..., None]).sum(1)
    return places


def cubed(codes: NDArray[Any]) -> NDArray[Any]:
    """Codes on a scale where the limits of each axis are -1 and 1."""
    low, high = limits(codes)
    return np.asarray(2 * (codes - low) / (high - low) - 1)


def axis(arrays: Arrays) -> str:
    """What the axes are called, before their numbers."""
    return str(arrays.get("axis", "code"))


def data(arrays: Arrays) -> dict[str, Any]:
    """For a browser: the points of each run, whole numbers so that one is a few characters.

    Of more than `MOST` points a page carries the first of each run. The small pictures are of the
    first test images; point i is of test image i, but for those that are left out.
    """
    classes, size = np.unique(arrays["labels"]), arrays["codes"].shape[-1]
    most = MOST // len(arrays["runs"])
    return {
        "steps": STEPS,
        "axes": [f"{axis(arrays)} {i + 1}" for i in range(size)],
        "classes": [
            {"label": str(label), "colour": colour}
            for label, colour in zip(classes, CLASSES, strict=False)
        ],
        "sprites": sprites.sheet(arrays),
        "panels": [
            {"title": str(name), **_panel(codes, np.searchsorted(classes, y), axis(arrays), most)}
            for name, codes, y in zip(
                arrays["runs"], arrays["codes"], arrays["labels"], strict=True
            )
        ],
    }


def _panel(codes: NDArray[Any], y: NDArray[Any], name: str, most: int) -> dict[str, Any]:
    if not np.isfinite(codes).all():
        return {"note": "diverged", "points": [], "names": [], "left_out": []}
    steps, lost = np.rint(STEPS * cubed(codes)).astype(int), beyond(codes)
    points = np.concatenate([steps, y[:, None]], 1)[:most][~lost[:most]]
    names = [[*np.rint(np.median(steps[y == i], axis=0)).astype(int), i] for i in np.unique(y)]
    return {
        "note": _note(codes, name, most),
        "points": points.tolist(),
        "names": np.array(names).tolist(),
        "left_out": np.flatnonzero(lost[:most]).tolist(),
    }


def _note(codes: NDArray[Any], name: str, most: int) -> str:
    low, high = limits(codes)
    spans = [f"{name} {i + 1}: {low[i]:.3g} to {high[i]:.3g}" for i in range(codes.shape[-1])]
    first = f". The first {most} of the points" if len(codes) > most else ""
    return f"{'; '.join(spans)}{first}. {outside(codes)} of {len(codes)} points lie outside"
