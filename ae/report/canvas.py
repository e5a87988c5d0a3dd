"""A sheet of SVG to draw on: vector on the screen and in the PDF, readable by a screen reader.

Presentation attributes carry the light colours, because a PDF renderer applies no style sheet to
inline SVG; the classes beside them let the style sheet replace the colours in the dark.
"""

from collections.abc import Sequence
from xml.etree import ElementTree

# Okabe and Ito's palette, told apart with any colour vision; black stands for itself.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#b8a800")
DASHES = ("none", "6 3", "2 2", "8 2 2 2")
INK, FAINT, GRID, BAND, TIE = "#24292f", "#59636e", "#d0d7de", "#cfe6dd", "#e4e7eb"
WORDS = {
    "ink": INK,
    "faint": FAINT,
    "reproduced": "#00664b",
    "better": "#005a94",
    "short": "#a63c00",
    "inconclusive": "#7a5200",
    "smaller": "#7a3b78",
    "invalid": "#9b1c31",
}
FONT = "Liberation Sans, Helvetica, Arial, DejaVu Sans, sans-serif"


class Sheet:
    """An SVG under construction; places in its own units, the first from the left and the top.

    Without a name it is hidden from screen readers: what it shows must stand beside it in words.
    """

    def __init__(
        self, *, size: tuple[int, int], name: str = "", title: str = "", description: str = ""
    ) -> None:
        self.size = size
        told = {"role": "img", "aria-labelledby": f"{name}-title {name}-desc"}
        self.root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "class": "plot",
                "viewBox": f"0 0 {size[0]} {size[1]}",
                "width": str(size[0]),
                "height": str(size[1]),
                **(told if name else {"aria-hidden": "true"}),
            },
        )
        if name:
            ElementTree.SubElement(self.root, "title", {"id": f"{name}-title"}).text = title
            ElementTree.SubElement(self.root, "desc", {"id": f"{name}-desc"}).text = description

    def _add(self, tag: str, attributes: dict[str, str]) -> ElementTree.Element:
        return ElementTree.SubElement(self.root, tag, attributes)

    def text(
        self,
        at: tuple[float, float],
        words: str,
        *,
        anchor: str = "start",
        role: str = "ink",
    ) -> None:
        """Words on a line; `role` is `ink`, `faint` or the style of a verdict."""
        attributes = {
            "x": _place(at[0]),
            "y": _place(at[1]),
            "class": f"text-{role}",
            "fill": WORDS[role],
            "font-family": FONT,
            "font-size": "10" if role == "faint" else "11",
            "text-anchor": anchor,
        }
        self._add("text", attributes).text = words

    def line(self, points: Sequence[tuple[float, float]], *, role: str = "axis") -> None:
        """An open line in the style `axis`, `grid`, `target`, `zero` or `interval`."""
        colour, width, dash = {
            "axis": (FAINT, "1", "none"),
            "grid": (GRID, "1", "none"),
            "target": (INK, "1.5", "none"),
            "zero": (FAINT, "1", "3 3"),
            "interval": (INK, "2", "none"),
        }[role]
        attributes = {
            "d": path(points),
            "class": f"line-{role}",
            "fill": "none",
            "stroke": colour,
            "stroke-width": width,
        }
        if dash != "none":
            attributes["stroke-dasharray"] = dash
        self._add("path", attributes)

    def curve(self, points: Sequence[tuple[float, float]], series: int) -> None:
        """A line in the colour and dashes of a series."""
        attributes = {
            "d": path(points),
            "class": f"series-line s{series % len(PALETTE)}",
            "data-series": str(series),
            "fill": "none",
            "stroke": PALETTE[series % len(PALETTE)],
            "stroke-width": "1.6",
            "stroke-linejoin": "round",
        }
        dash = DASHES[series // len(PALETTE) % len(DASHES)]
        if dash != "none":
            attributes["stroke-dasharray"] = dash
        self._add("path", attributes)

    def area(self, points: Sequence[tuple[float, float]], series: int) -> None:
        """A closed shape in the pale colour of a series."""
        self._add(
            "path",
            {
                "d": path(points) + "Z",
                "class": f"series-area s{series % len(PALETTE)}",
                "data-series": str(series),
                "fill": PALETTE[series % len(PALETTE)],
                "fill-opacity": "0.18",
                "stroke": "none",
            },
        )

    def band(
        self, corner: tuple[float, float], other: tuple[float, float], *, tie: bool = False
    ) -> None:
        """The margin: a pale rectangle between two corners, green or, for a tie, grey."""
        self._add(
            "rect",
            {
                "x": _place(min(corner[0], other[0])),
                "y": _place(min(corner[1], other[1])),
                "width": _place(abs(other[0] - corner[0])),
                "height": _place(abs(other[1] - corner[1])),
                "class": "band tie" if tie else "band",
                "fill": TIE if tie else BAND,
            },
        )

    def bar(self, corner: tuple[float, float], other: tuple[float, float]) -> None:
        """An amount: a rectangle between two corners."""
        place = {"x": _place(corner[0]), "y": _place(corner[1])}
        place |= {"width": _place(other[0] - corner[0]), "height": _place(other[1] - corner[1])}
        self._add("rect", place | {"class": "bar", "fill": PALETTE[0]})

    def dot(self, at: tuple[float, float], series: int = 0, radius: float = 3.2) -> None:
        """One seed's value."""
        self._add(
            "circle",
            {
                "cx": _place(at[0]),
                "cy": _place(at[1]),
                "r": _place(radius),
                "class": f"series-dot s{series % len(PALETTE)}",
                "fill": PALETTE[series % len(PALETTE)],
                "fill-opacity": "0.75",
            },
        )

    def diamond(self, at: tuple[float, float], radius: float = 4.0) -> None:
        """A mean."""
        x, y = at
        corners = [(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)]
        self._add("path", {"d": path(corners) + "Z", "class": "mean", "fill": INK})

    def mark(self, at: tuple[float, float], style: str, radius: float = 5.0) -> None:
        """A mean in the shape and colour of its verdict.

        Reproduced is a disc, better a triangle, smaller an empty one upside down, short a cross,
        inconclusive an empty diamond, invalid a ring.
        """
        x, y = at
        colour = {"class": f"mark-{style}", "fill": WORDS[style], "stroke": WORDS[style]}
        empty = {"stroke-width": "2", "fill": "#ffffff"}
        if style in ("reproduced", "invalid"):
            place = {"cx": _place(x), "cy": _place(y), "r": _place(radius)}
            self._add("circle", place | colour | (empty if style == "invalid" else {}))
        elif style == "better":
            tip = [(x - radius, y + radius * 0.8), (x, y - radius), (x + radius, y + radius * 0.8)]
            self._add("path", {"d": path(tip) + "Z"} | colour)
        elif style == "smaller":
            tip = [(x - radius, y - radius * 0.8), (x, y + radius), (x + radius, y - radius * 0.8)]
            self._add("path", colour | {"d": path(tip) + "Z"} | empty)
        elif style == "short":
            arms = [[(x - radius, y + s * radius), (x + radius, y - s * radius)] for s in (-1, 1)]
            crossed = {"d": "".join(map(path, arms)), "stroke-width": "2.6"}
            self._add("path", crossed | colour)
        else:
            corners = [(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)]
            self._add("path", colour | {"d": path(corners) + "Z"} | empty)

    def arrow(self, at: tuple[float, float], direction: int) -> None:
        """Something lies beyond the sheet: a head pointing right (1) or left (-1)."""
        x, y = at
        corners = [(x - 7 * direction, y - 5), (x, y), (x - 7 * direction, y + 5)]
        self._add("path", {"d": path(corners) + "Z", "class": "mean", "fill": INK})


def path(points: Sequence[tuple[float, float]]) -> str:
    """SVG path data through `points`."""
    return "M" + "L".join(f"{_place(x)} {_place(y)}" for x, y in points)


def _place(value: float) -> str:
    return f"{round(value, 1) + 0.0:g}"


def short(words: str, length: float) -> str:
    """The words, or as many letters of them as fit into `length` and an ellipsis."""
    return words if len(words) <= length else words[: max(int(length) - 1, 1)] + "…"
