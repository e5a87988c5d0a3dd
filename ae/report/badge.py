"""A badge: how many published values came out, of those that were tested and of all."""

from xml.etree import ElementTree

from ae.report.canvas import FONT
from ae.verdict.evidence import Line
from ae.verdict.result import GOOD

LABEL = "published values"
LETTER, AIR, HEIGHT = 5.9, 12, 20
COLOURS = ("#444c56", "#005a94")  # no green: how many is for the reader to judge


def said(published: Line) -> str:
    """`4 of 10 tested reproduced, 138 in all`; `none of 138 tested`."""
    tested, everything = published.tested, len(published.all)
    if not tested:
        return f"none of {everything} tested"
    better = any(v.word == "BETTER" for v in tested)
    good = sum(v.word in GOOD for v in tested)
    word = "reproduced or better" if better else "reproduced"
    return f"{good} of {len(tested)} tested {word}, {everything} in all"


def badge(published: Line) -> bytes:
    """The badge of a headline's line of published values, as SVG."""
    words = (LABEL, said(published))
    widths = [round(LETTER * len(w) + AIR) for w in words]
    size = {"width": str(sum(widths)), "height": str(HEIGHT)}
    title = f"{LABEL}: {words[1]}"
    root = ElementTree.Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "aria-label": title, **size},
    )
    ElementTree.SubElement(root, "title").text = published.sentence
    clip = ElementTree.SubElement(root, "clipPath", {"id": "round"})
    ElementTree.SubElement(clip, "rect", {"rx": "3", **size})
    group = ElementTree.SubElement(root, "g", {"clip-path": "url(#round)"})
    start = 0
    for text, width, colour in zip(words, widths, COLOURS, strict=True):
        box = {"x": str(start), "width": str(width), "height": str(HEIGHT), "fill": colour}
        ElementTree.SubElement(group, "rect", box)
        place = {
            "x": str(start + width / 2), "y": "14", "fill": "#ffffff", "text-anchor": "middle",
            "font-family": f"Verdana, {FONT}", "font-size": "11",
            "textLength": str(width - AIR), "lengthAdjust": "spacingAndGlyphs",
        }  # fmt: skip
        ElementTree.SubElement(group, "text", place).text = text
        start += width
    return ElementTree.tostring(root) + b"\n"
