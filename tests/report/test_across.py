"""Across papers: differences in percent, costs in hours, the table of papers, the words of a page."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
from test_report import HINTON, TEMPLATES, VINCENT, hinton, rows, store, tree, vincent, words

from ae.records.record import read
from ae.report import glossary, render
from ae.report.across import Bar, Difference, axis, cost_axis, differences
from ae.report.board import forests
from ae.report.views import Page
from ae.spec.evidence import evidence_of
from ae.verdict import judge
from ae.verdict.either_way import either_way

ROOT = Path(__file__).parents[2]
PAPERS = sorted(ROOT.glob("reports/published/*/paper/record.json"))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("across")
    given = [store(r, root / "results") for r in (hinton(), vincent())]
    render(given, root / "out", templates=TEMPLATES, pdf=False)
    return root / "out"


@pytest.fixture(scope="module")
def published() -> list[Page]:
    return [Page.of(read(path), path) for path in PAPERS]


def test_every_published_value_that_was_tested_is_drawn_once(published: list[Page]) -> None:
    found = {(p.page.key, d.claim.id): d for p in differences(published) for d in p.values}
    said = {
        (page.key, v.id): v
        for page in published
        for v in page.verdicts
        if v.tested and evidence_of(v.claim) == "published"
    }
    assert found.keys() == said.keys()
    assert len(found) > 90


def test_a_difference_is_in_percent_and_its_sign_says_better_or_worse(
    published: list[Page],
) -> None:
    """Worked out anew from the numbers of the verdict: right of the margin is no SHORT."""
    verdicts = {(p.key, v.id): v for p in published for v in p.verdicts}
    for paper in differences(published):
        for one in paper.values:
            found = verdicts[paper.page.key, one.claim.id]
            target, (mean, low, high) = found.finding.target or 0.0, found.finding.numbers
            better = mean > target if found.measure.sign > 0 else mean < target
            better = better and not either_way(found.measure)
            assert abs(one.mean) == pytest.approx(100 * abs(mean - target) / abs(target))
            assert mean == target or (one.mean > 0) == better
            assert one.high - one.low == pytest.approx(100 * (high - low) / abs(target))
            assert one.low <= one.mean <= one.high
            if one.claim.verdict.word == "BETTER":
                assert one.low > one.band * (1 - 1e-9)
            if one.claim.verdict.word == "SHORT":
                assert one.high < -one.band * (1 - 1e-9)


def drawn(one: Difference, page: Page) -> dict[str, Any]:
    from ae.report.across import PaperDifferences

    plot = PaperDifferences(page, (one,)).plot
    return {e.attrib.get("class", ""): e.attrib for e in plot}


def test_what_lies_beyond_the_scale_stands_at_its_end(published: list[Page]) -> None:
    ticks = [float(e.attrib["x"]) for e in axis().iter("text") if "%" in (e.text or "")]
    claim = next(
        one.claim for p in differences(published) for one in p.values
        if one.claim.verdict.style == "reproduced"
    )  # fmt: skip
    beyond = drawn(Difference(claim, 900.0, 800.0, 1000.0, 5.0), published[0])
    assert float(beyond[f"mark-{claim.verdict.style}"]["cx"]) == max(ticks)
    inside = drawn(Difference(claim, 10.0, 2.0, 50.0, 10.0), published[0])
    assert float(inside[f"mark-{claim.verdict.style}"]["cx"]) in ticks  # +10 %
    band = inside["band"]
    assert float(band["x"]) + float(band["width"]) == pytest.approx(
        float(inside[f"mark-{claim.verdict.style}"]["cx"]), abs=0.15
    )


def test_a_bar_ends_at_its_hours() -> None:
    named = {e.text: float(e.attrib["x"]) for e in cost_axis().iter("text")}
    for seconds, tick in ((60, "1 min"), (3600, "1 h"), (3.6e6, "1000 h"), (3.6e9, "10⁵ h")):
        (bar,) = (e.attrib for e in Bar(seconds).plot if e.attrib.get("class") == "bar")
        assert float(bar["x"]) + float(bar["width"]) == pytest.approx(named[tick], abs=0.15)


def test_a_paper_stands_in_the_table_with_what_it_can_be_sorted_by(out: Path) -> None:
    found = rows(out / "index.html", "facts papers")
    (quick,) = [row for row in found if "hinton2006-deep-autoencoder" in row[0]]
    (paper,) = [row for row in found if "vincent2008-denoising" in row[0]]
    assert quick[1:3] == ["2006", "quick"]
    assert quick[3] == "1 not run"  # a published value, in a quick run
    said = [v for v in judge(vincent()) if evidence_of(v.claim) == "published"]
    good = sum(v.word in ("REPRODUCED", "BETTER") for v in said)
    assert paper[3] == f"{good} of {len(said)}"
    assert quick[5] == "2 of 2"  # controls
    for row in tree(out / "index.html").iterfind(".//table[@class='facts papers']/tbody/tr"):
        keys = [cell.attrib["data-sort"] for cell in row]
        assert len(keys) == 9
        assert all(keys)
        assert all(not math.isnan(float(keys[i])) for i in (1, 3, 4, 5, 7, 8))


def test_the_forest_is_one_chart_a_kind_with_its_controls_apart() -> None:
    pages = [Page.of(r, Path("record.json")) for r in (hinton(), vincent())]
    kinds = {f.panel.kind: f for f in forests(pages)}
    assert list(kinds) == ["values", "orderings", "equalities"]
    of = {
        "values": ("value", "exact", "figure"),
        "orderings": ("order", "trend"),
        "equalities": ("equal",),
    }
    declared = {v.id: v.claim for r in (hinton(), vincent()) for v in judge(r)}
    for kind, forest in kinds.items():
        for papers, control in ((forest.papers, False), (forest.controls, True)):
            for line in (line for _, lines in papers for line in lines):
                assert declared[line.claim.id].kind in of[kind]
                assert line.claim.control == control
    assert kinds["values"].checks == 2
    band = {e.attrib["class"] for e in kinds["orderings"].papers[0][1][0].plot.iter("rect")}
    assert band == {"band tie"}  # neutral: inside it is no success


def test_a_page_begins_with_what_was_tested_and_how(out: Path) -> None:
    (lead,) = tree(out / VINCENT).iterfind(".//p[@class='lead']")
    said = words(lead)
    assert "Here all 6 claims are tested on mnist." in said
    assert re.search(r"\d+ models are trained with 5 seeds each, at the paper’s protocol but", said)
    (lead,) = tree(out / HINTON).iterfind(".//p[@class='lead']")
    assert "at the quick tier’s shorter protocol" in words(lead)


def test_every_word_that_is_explained_is_in_the_glossary(out: Path) -> None:
    for name in ("index.html", HINTON, VINCENT):
        root = tree(out / name)
        told = {dd.attrib["id"]: words(dd) for dd in root.iter("dd") if "id" in dd.attrib}
        links = [a for a in root.iter("a") if a.attrib.get("class") == "term"]
        assert len(links) > 5
        for link in links:
            key = link.attrib["href"].removeprefix("#")
            assert key == link.attrib["aria-describedby"]
            assert link.attrib["data-tip"] == told[key]


def test_signs_are_explained_where_they_stand_first_and_words_stay_as_they_are() -> None:
    seen = glossary.Once()
    plain = "p = 0.031, PI = 0.96; the least p that 5 seeds allow <b>"
    first, again = seen.signs(plain), seen.signs(plain)
    assert [re.sub(r"<a [^>]*>|</a>", "", text) for text in (first, again)] == [
        plain.replace("<b>", "&lt;b&gt;")
    ] * 2
    assert re.findall(r"#term-(\w+)", first) == ["p", "pi"]
    assert "<a" not in again
    assert re.findall(r"#term-(\w+)", glossary.Once().signs("Page p = 0.1, tau = 1.00")) == [
        "page",
        "tau",
    ]
