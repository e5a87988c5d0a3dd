"""A formula is set as its author wrote it, or refused in a line."""

import re
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ae.spec import formula
from ae.spec.formula import KINDS, fault, mathml, outline
from ae.spec.read import read_spec

SPECS = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.toml"))


def shape(element: Element) -> object:
    """Tags and text, nested, without attributes."""
    inside = [shape(child) for child in element]
    return (element.tag, *inside) if inside else (element.tag, element.text)


def box(drawn: Element) -> tuple[float, float, float, float]:
    """The least and greatest coordinates of an outline: left, top, right, bottom."""
    (path,) = drawn.iter("path")
    numbers = [float(n) for n in re.findall(r"-?\d+\.\d", path.attrib["d"])]
    across, down = numbers[::2], numbers[1::2]
    return min(across), min(down), max(across), max(down)


def test_mathml_is_the_tree_of_the_formula() -> None:
    (row,) = mathml(r"\frac{a}{b_1} - \log x")
    assert [shape(child) for child in row] == [
        ("mfrac", ("mrow", ("mi", "a")), ("mrow", ("msub", ("mi", "b"), ("mn", "1")))),
        ("mo", "−"),
        ("mi", "log"),
        ("mspace", None),
        ("mi", "x"),
    ]


def test_names_are_words_and_limits_stand_below() -> None:
    (row,) = mathml(r"\mathrm{KL} + \left[ \sum_{i=1}^k x_i \right]")
    assert shape(row[0]) == ("mrow", ("mi", "KL"))
    assert [e.tag for e in row.iter() if e.tag.startswith("munder")] == ["munderover"]


def test_a_prime_is_not_made_small() -> None:
    (row,) = mathml("g_{\\theta'}")
    assert not list(row.iter("msup"))
    assert "".join(row.itertext()) == "gθ′"


def test_a_prime_inside_a_name_is_set() -> None:
    assert "".join(mathml(r"\mathrm{x'}").itertext()) == "x′"


def test_an_accent_sits_on_its_letter() -> None:
    (over,) = mathml(r"\widetilde{X}").iter("mover")
    assert over.attrib["accent"] == "true"


def test_the_latex_is_the_text_beside_both() -> None:
    assert mathml("x^2").attrib["alttext"] == "x^2"
    drawn = outline("x^2", "here")
    title = drawn.find("title")
    assert title is not None
    assert title.text == "x^2"
    assert drawn.attrib["aria-labelledby"] == title.attrib["id"] == "here-title"


@pytest.mark.parametrize("latex", ["x", r"\dfrac{a}{b}", r"\sum_{i=1}^{k} x_i", "p_j"])
def test_an_outline_fills_its_box(latex: str) -> None:
    drawn = outline(latex, "n")
    x, y, width, height = (float(n) for n in drawn.attrib["viewBox"].split())
    left, top, right, bottom = box(drawn)
    assert x - 5 <= left  # slanted letters lean out a little
    assert right <= x + width + 8
    assert top == pytest.approx(y, abs=12)
    assert bottom == pytest.approx(y + height, abs=12)
    assert float(drawn.attrib["width"].removesuffix("em")) == pytest.approx(width / 100, abs=0.006)


def test_an_outline_has_the_size_of_its_letters() -> None:
    """An x is 0.431 em high in Computer Modern; a fraction's bar lies between its numbers."""
    _, top, _, bottom = box(outline("x", "n"))
    assert bottom - top == pytest.approx(44, abs=3)
    double = box(outline("xx", "n"))[2] / box(outline("x", "n"))[2]
    assert double == pytest.approx(2, abs=0.1)
    _, above, _, below = box(outline(r"\dfrac{1}{2}", "n"))
    assert above < -90
    assert below > 20


@pytest.mark.parametrize(
    ("latex", "why"),
    [
        (r"\foo x", "mathtext says: Unknown symbol: \\foo"),
        ("x^{", "mathtext says: Expected end_group"),
        (r"\begin{matrix}a\end{matrix}", "mathtext says: Unknown symbol: \\begin"),
        ("a_b_c", "mathtext says: Double subscript"),
        ("a$b", "mathtext says: Expected end of text"),
        (r"x\asterisk y", "latex2mathml does not know \\asterisk"),
        ("é", "found 'é'; expected LaTeX's own letters, in one line"),
        ("a\n= b", r"found '\n'; expected LaTeX's own letters, in one line"),
    ],
)
def test_what_cannot_be_typeset_is_refused_in_a_line(latex: str, why: str) -> None:
    found = fault(latex)
    assert found is not None
    assert found.startswith(why)
    assert "\n" not in found


def words(kind: str) -> st.SearchStrategy[str]:
    return st.sampled_from([word for word, found in KINDS.items() if found == kind])


def longer(shorter: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Formulas put together of shorter ones, rightly or nearly so."""
    row = st.lists(shorter, min_size=1, max_size=3).map("".join)
    group = row.map("{{{}}}".format)
    return st.one_of(
        st.tuples(words("a") | words("b"), group).map("".join),
        st.tuples(words("f"), group, group | shorter).map("".join),
        st.tuples(row, st.sampled_from("_^"), group | shorter).map("".join),
        st.tuples(row, st.just("_"), group, st.just("^"), group).map("".join),
        st.tuples(st.just(r"\left["), row, st.sampled_from([r"\right)", r"\right\|", ""])).map(
            "".join
        ),
        row.map("{}'".format),
    )


SHORT = (words("x") | words("s") | st.sampled_from("axk01")).map("{} ".format)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.recursive(SHORT, longer, max_leaves=8))
def test_what_is_taken_for_common_is_typeset_by_both(latex: str) -> None:
    """mathtext is not asked about it by `fault`: the few lines of grammar must not be too generous."""
    assume(formula._common(latex))
    assert "viewBox" in outline(latex, "n").attrib
    assert mathml(latex).attrib["alttext"] == latex


@pytest.mark.parametrize(
    "latex",
    ["a_b_c", "x'^2", "{", "x^{", "{x}", r"\frac12", r"\left(x", r"\,_a", "a\n= b", "é", ""],
)
def test_what_is_not_common_is_left_to_mathtext(latex: str) -> None:
    assert not formula._common(latex)


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_every_formula_fits_a_printed_line(path: Path) -> None:
    """The widest at 10 points is set in at most two thirds of its size on 176 mm."""
    latex = read_spec(path).paper.formula
    assert latex is not None
    assert fault(latex) is None
    assert formula._common(latex)  # else `ae check` grows slow: add its words to the common ones
    assert (
        float(outline(latex, "n").attrib["width"].removesuffix("em")) * 10 < 176 / 25.4 * 72 * 1.5
    )
