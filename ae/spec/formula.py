"""A formula in LaTeX, typeset twice: as MathML for a browser, as an outline for print.

Both typesetters know a part of LaTeX. mathtext is strict and comes first; latex2mathml passes on
what it does not know, so that anything of LaTeX's own left in its text is refused. mathtext is
slow as well (a second for twenty formulas): to find a fault, a formula of the commonest LaTeX,
whose grammar is a few lines, is not shown to it.
"""

import re
from collections.abc import Iterable
from html import unescape
from xml.etree.ElementTree import Element, SubElement

SIZE = 100.0  # units of an outline to an em
NAMES = ("arg", "exp", "lim", "log", "max", "min")  # a space follows them, unless a bracket does
LIMITS = {"msub": "munder", "msubsup": "munderover"}  # where a sum's go when it is displayed
LARGE = ("max", "min", "\N{N-ARY PRODUCT}", "\N{N-ARY SUMMATION}")
ACCENTS = {"~": "\N{SMALL TILDE}", "^": "\N{MODIFIER LETTER CIRCUMFLEX ACCENT}"}
MOVE, CLOSE = 1, 79  # codes of matplotlib's paths
LETTERS = {MOVE: "M", 2: "L", 3: "Q", 4: "C"}

# The commonest LaTeX, a letter for a kind of token: x may have scripts; s, such as a space or what
# has its scripts, may not; a takes a group, f two; l and r open and close a bracket that grows.
WORDS = {
    "x": "alpha beta gamma delta epsilon eta theta kappa lambda mu nu pi rho sigma tau phi psi omega varsigma "
    "langle rangle Gamma Delta Theta Lambda Sigma Phi Psi Omega exp log max min sum prod int partial nabla infty top",
    "s": "quad dots ldots cdot times sim propto approx leq geq neq in",
    "b": "mathbb mathbf mathcal mathrm",
    "a": "hat tilde bar widehat widetilde sqrt",
    "f": "frac dfrac",
}
KINDS = {f"\\{word}": kind for kind, words in WORDS.items() for word in words.split()}
KINDS |= {mark: "x" for mark in ("\\|", *"()[]|")} | {mark: mark for mark in "{}_^'"}
KINDS |= {mark: "s" for mark in ("\\,", "\\;", *"+-=<>,;:/")}
TOKEN = re.compile(r"\\(?:left|right) *(?:\\\||[][()|])|\\[A-Za-z]+|\\[^ ]|[^ ]")
SCRIPT = r"(?:x|\{[xs]+\})"
WHOLE = re.compile(r"b\{x+\}|a\{[xs]+\}|f\{[xs]+\}\{[xs]+\}|l[xs]+r")
SCRIPTED = re.compile(rf"x(?:'|_{SCRIPT}\^{SCRIPT}|[_^]{SCRIPT})(?!['_^])")


class Unset(ValueError):
    """A formula that cannot be typeset, and why, in a line."""


def fault(latex: str) -> str | None:
    """Why the formula cannot be typeset, or None."""
    try:
        if not _common(latex):
            outline(latex, "checked")
        mathml(latex)
    except Unset as error:
        return str(error)
    return None


def _common(latex: str) -> bool:
    """Whether this is the commonest LaTeX, put together as mathtext wants it."""
    kinds = "".join(_kind(token) for token in TOKEN.findall(latex))
    last = ""
    while kinds != last:
        last, kinds = kinds, SCRIPTED.sub("s", WHOLE.sub("x", kinds))
    return re.fullmatch("[xs]+", kinds) is not None


def _kind(token: str) -> str:
    """The letter of a token's kind; `?` for what is not of the commonest LaTeX."""
    if token.startswith(("\\left", "\\right")) and not token[-1].isalpha():
        return token[1]
    return "x" if re.fullmatch("[A-Za-z0-9]", token) else KINDS.get(token, "?")


def mathml(latex: str) -> Element:
    """The formula as MathML, with its LaTeX as the text beside it.

    Raises:
        Unset: It cannot be typeset.
    """
    from latex2mathml import converter, exceptions

    found = vars(exceptions).values()
    kinds = tuple(k for k in found if isinstance(k, type) and issubclass(k, Exception))
    try:
        root: Element = converter.convert_to_element(latex, display="block")
    except kinds as error:
        raise Unset(f"latex2mathml says {type(error).__name__}") from None
    for element in root.iter():
        element.text = element.text and unescape(element.text)
        if any(letter in "\\{}" for letter in element.text or ""):
            raise Unset(f"latex2mathml does not know {element.text}")
    for element in list(root.iter()):
        _mend(element)
    root.set("alttext", latex)
    return root


def _mend(element: Element) -> None:
    """Names as words, limits below their sum, accents on their letter, primes of full size."""
    letters = list(element)
    if (
        element.tag == "mrow"
        and len(letters) > 1
        and all(c.get("mathvariant") == "normal" for c in letters)
    ):
        word = "".join(c.text or "" for c in letters)
        element[:] = []
        SubElement(element, "mi").text = word
    for i, child in reversed(list(enumerate(element))):
        after = element[i + 1].text if i + 1 < len(element) else "("
        if child.tag == "mi" and child.text in NAMES and after not in ("(", "["):
            element.insert(i + 1, Element("mspace", {"width": "0.167em"}))
        if child.text == ";":
            child.tag = "mo"
    if element.tag in LIMITS and element[0].text in LARGE:
        element.tag = LIMITS[element.tag]
    if element.tag == "msup" and element[1].text == "\N{PRIME}":
        element.tag = "mrow"  # it is raised by itself
    if element.tag == "mover" and element[1].text in ACCENTS:
        element.set("accent", "true")
        element[1].text = ACCENTS[element[1].text]


def outline(latex: str, name: str) -> Element:
    """The formula as SVG, all of it one shape, with its LaTeX as the text beside it.

    Args:
        latex: The formula.
        name: The start of the ids inside the drawing.

    Raises:
        Unset: It cannot be typeset.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    if strange := [letter for letter in latex if not " " <= letter <= "~"]:
        raise Unset(f"found {strange[0]!r}; expected LaTeX's own letters, in one line")
    font = FontProperties(size=SIZE, math_fontfamily="cm")
    text = f"${latex}$"
    try:
        width, height, depth = text_to_path.get_text_width_height_descent(text, font, ismath=True)
        corners, codes = text_to_path.get_text_path(font, text, ismath=True)
    except ValueError as error:
        raise Unset(_reason(str(error))) from None
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": "formula-outline",
            "viewBox": f"0 {depth - height:.1f} {width:.1f} {height:.1f}",
            "width": f"{width / SIZE:.2f}em",
            "height": f"{height / SIZE:.2f}em",
            "role": "img",
            "aria-labelledby": f"{name}-title",
        },
    )
    SubElement(root, "title", {"id": f"{name}-title"}).text = latex
    SubElement(root, "path", {"d": _path(corners, codes), "fill": "currentColor"})
    return root


def _reason(message: str) -> str:
    """What mathtext's parser says, without the lines that point at the place."""
    last = message.strip().splitlines()[-1].partition("  (at")[0]
    return f"mathtext says: {last.partition('Exception: ')[2] or last}"


def _path(corners: Iterable[Iterable[float]], codes: Iterable[int]) -> str:
    """SVG path data, the second coordinate turned downwards."""
    parts: list[str] = []
    last = CLOSE
    for (x, y), code in zip(corners, codes, strict=True):
        if code == CLOSE:
            parts.append("Z")
        else:
            letter = LETTERS[code] if code == MOVE or code != last else ""
            parts.append(f"{letter}{x:.1f} {0.0 - y:.1f} ")
        last = code
    return "".join(parts)
