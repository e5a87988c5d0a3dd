"""The first page: every claim in columns and drawn, filters that hide and never lose."""

import re
import shutil
import subprocess
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from test_report import (
    HINTON_CLAIMS,
    TEMPLATES,
    VINCENT_CLAIMS,
    both,
    hinton,
    rows,
    store,
    tree,
    vincent,
    words,
)

from ae.records.record import Record
from ae.report import render
from ae.report.forest import PANELS, Distance
from ae.report.text import levelled, typeset
from ae.report.words import SYMBOLS, word
from ae.verdict import judge
from ae.verdict.finding import ExactFinding

CHROMIUM = shutil.which("chromium")
PAPERS, CLAIMS = 15, 20
BOUND = 15.0  # seconds
MARKUP = '<script>alert("1")</script><b onclick="x">&amp;'


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("index")
    render(both(root / "results"), root / "out", templates=TEMPLATES, pdf=False)
    return root / "out" / "index.html"


def many(root: Path) -> list[tuple[Record, Path]]:
    """As many papers as the suite has, each with twenty claims."""
    made = hinton()
    claims = made.spec["claim"]
    more = [claims[i % len(claims)] | {"id": f"claim-{i}"} for i in range(CLAIMS)]
    made, path = store(made.model_copy(update={"spec": made.spec | {"claim": more}}), root)
    return [
        (made.model_copy(update={"name": f"author{1990 + i}-model"}), path) for i in range(PAPERS)
    ]


def test_fifteen_papers_are_rendered_in_time_and_twice_the_same(tmp_path: Path) -> None:
    records = many(tmp_path)
    start = time.process_time()
    first = render(records, tmp_path / "one", templates=TEMPLATES, pdf=False)
    seconds = time.process_time() - start
    again = render(records[::-1], tmp_path / "two", templates=TEMPLATES, pdf=False)
    for one, two in zip(first.files, again.files, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name
    shown = rows(tmp_path / "one" / "index.html", "claims scoreboard")
    assert len(shown) == PAPERS * CLAIMS
    size = (tmp_path / "one" / "index.html").stat().st_size
    print(
        f"\n{PAPERS} papers, {PAPERS * CLAIMS} claims: {seconds:.2f} s of CPU, {size / 1e6:.2f} MB"
    )
    assert seconds < BOUND


def test_every_claim_stands_under_its_paper_with_its_family_tier_and_verdict(index: Path) -> None:
    sheets = list(tree(index).iterfind(".//div[@class='entry']"))
    assert all("open" in sheet.find("details").attrib for sheet in sheets)  # without a script
    for sheet, record, claims in zip(
        sheets, (hinton(), vincent()), (HINTON_CLAIMS, VINCENT_CLAIMS), strict=True
    ):
        assert sheet.attrib["data-tier"] == record.tier
        assert sheet.attrib["data-family"] == "deterministic"
        found = {
            r.find("th/a/code").text: r.attrib["data-verdict"]
            for r in sheet.iterfind("details/table/tbody/tr")
        }
        said = {v.id: word(v.word, control=v.claim.control).word for v in judge(record)}
        assert found == said
        assert len(found) == len(claims)


def test_a_row_holds_the_target_whose_it_is_ours_and_half_its_interval(index: Path) -> None:
    found = {row[0].split("What")[0].strip(): row for row in rows(index, "claims scoreboard")}
    verdict = next(v for v in judge(vincent()) if v.id == "basic")
    mean, half = verdict.ours.removesuffix(" (n = 5)").split(" ± ")
    allowed = ["", "± 0.6 per image"]  # the paper prints no spread
    assert found["basic"][1:] == ["2.9 per image read", *allowed, mean, half, "5", "▲ BETTER"]
    assert found["unstable"][5] == "5"  # a phrase in the place of mean and interval
    assert found["rot"][2:4] == ["± 0.27 (binomial)", "± 0.5 per image"]


def test_what_the_columns_show_is_what_the_verdict_said(index: Path) -> None:
    def plain(text: str) -> str:
        return text.replace("\N{MINUS SIGN}", "-").replace("\N{FIGURE SPACE}", "").strip()

    said = {v.id: v for r in (hinton(), vincent()) for v in judge(r) if v.tested}
    for row in rows(index, "claims scoreboard"):
        name = re.split(r"[ A-Z]", row[0])[0]
        if name in said:
            ours = re.sub(r"\s*\(n = \d+\)$", "", said[name].ours)
            for piece in re.split(r" ± |, | to ", ours):
                assert plain(typeset(piece)) in plain(" ".join(row)), (name, piece)


def test_a_paper_counts_its_claims_by_verdict(index: Path) -> None:
    sheet = next(tree(index).iterfind(".//details[@class='sheet']"))
    tallies = [t for t in sheet.iterfind("summary/span") if "tally" in t.attrib["class"]]
    counts = [t.find("span[@class='number']").text for t in tallies]
    said = [v.word for v in judge(hinton()) if not v.claim.control]
    assert counts == [*(str(said.count(name)) for name in SYMBOLS), "2/2"]
    assert sum(map(int, counts[:-1])) == len(HINTON_CLAIMS) - 2  # a control is no claim


def test_the_forest_has_every_tested_claim_with_a_margin_once(index: Path) -> None:
    lines = tree(index).findall(".//table[@class='forest']/tbody/tr[@data-verdict]")
    drawn = [words(line[0]) for line in lines]
    said = [
        v.id
        for record in (hinton(), vincent())
        for v in judge(record)
        if v.finding.interval or isinstance(v.finding, ExactFinding)
    ]
    assert sorted(drawn) == sorted(said)
    assert len(said) > 8


def shapes(distance: Distance, panel: int = 0) -> dict[str, ElementTree.Element]:
    return {e.attrib.get("class", ""): e for e in PANELS[panel].row(distance)}


def test_a_distance_is_drawn_where_it_is() -> None:
    panel = PANELS[0]
    found = shapes(Distance("reproduced", 0.5, -0.25, 1.0))
    left, right = panel.scale(-4), panel.scale(4)
    assert float(found["mark-reproduced"].attrib["cx"]) == pytest.approx(
        left + (right - left) * 4.5 / 8, abs=0.06
    )
    ends = [float(x) for x in re.findall(r"[ML]([\d.]+) ", found["line-interval"].attrib["d"])]
    assert ends == pytest.approx([panel.scale(-0.25), panel.scale(1.0)], abs=0.06)
    band = found["band"].attrib
    assert float(band["x"]) == pytest.approx(panel.scale(-1), abs=0.06)
    assert float(band["width"]) == pytest.approx(panel.scale(1) - panel.scale(-1), abs=0.06)


def test_what_lies_beyond_the_scale_is_at_its_end_with_an_arrow() -> None:
    inside = shapes(Distance("short", -3.9, -4.0, -3.8))
    beyond = shapes(Distance("short", -30.0, -31.0, -29.0))
    half = shapes(Distance("inconclusive", 3.0, -9.0, 4.0))
    assert "mean" not in inside
    (tip,) = {re.findall(r"L([\d.]+) ", beyond["mean"].attrib["d"])[0]}
    assert float(tip) < PANELS[0].scale(-4)
    assert beyond["mark-short"].attrib["d"].startswith(f"M{PANELS[0].scale(-4) - 5:g}")
    assert "mean" in half


def test_a_verdict_has_a_shape_of_its_own() -> None:
    drawn = set()
    for style in ("reproduced", "better", "smaller", "short", "inconclusive", "invalid"):
        mark = shapes(Distance(style, 0.0, 0.0, 0.0))[f"mark-{style}"]
        corners = re.sub(r"[^A-Z]", "", mark.attrib.get("d", mark.tag))
        drawn.add((mark.tag, corners, mark.attrib["fill"] == "#ffffff"))
    assert len(drawn) == 6


def test_numbers_share_the_place_of_the_point() -> None:
    given = ["3.00 per image", "−526.9", "12 %", "", "0.5"]
    column = levelled(given)
    points = [len(c.split(" ")[0].partition(".")[0]) for c in column if c]
    assert points == [4, 4, 4, 4]
    assert [c.strip("\N{FIGURE SPACE}") for c in column] == given


def test_markup_is_text_in_the_index_the_filters_and_the_forest(tmp_path: Path) -> None:
    made = vincent()
    made.spec["paper"] |= {"title": MARKUP, "family": MARKUP, "authors": MARKUP}
    first, *rest = made.spec["claim"]  # shared by all records of the tests: never changed in place
    made.spec["claim"] = [first | {"statement": MARKUP}, *rest]
    out = tmp_path / "out"
    render([store(made, tmp_path)], out, templates=TEMPLATES, pdf=False)
    text = (out / "index.html").read_text()
    assert text.count("<script") == 1
    assert "<b onclick" not in text
    page = tree(out / "index.html")
    assert words(page.find(".//select[@name='family']")[1]) == MARKUP
    assert page.find(".//div[@class='entry']").attrib["data-family"] == MARKUP
    assert words(page.find(".//table[@class='forest']/tbody/tr[@class='group']/th/span")) == MARKUP
    assert (
        words(page.find(".//details[@class='sheet']/summary/span/span")) == f"{MARKUP} paper tier"
    )


def test_only_the_pages_own_script_may_run_and_it_is_named_by_its_hash(index: Path) -> None:
    text = index.read_text()
    assert text.count("<script") == 1
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='\"", text)
    assert "'unsafe-eval'" not in text


def shown(index: Path, fragment: str) -> tuple[str, str]:
    """What the page says it shows under an address, and its document as it stands then."""
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [*command, "--virtual-time-budget=2000", index.as_uri() + fragment],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (said,) = re.findall(r'<output id="shown"[^>]*>(.*?)</output>', done.stdout)
    return said, done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_the_fragment_of_the_address_filters(index: Path) -> None:
    everything = [v for r in (hinton(), vincent()) for v in judge(r)]
    total = f"of {len(everything)} claims"
    said, page = shown(index, "")
    assert said == f"{len(everything)} {total}, 2 of 2 papers"
    assert (
        'class="filters" role="search" aria-label="Filter the claims">' in page
    )  # no longer hidden
    short = [v for v in everything if v.word == "SHORT"]
    said, page = shown(index, "#verdict=SHORT")
    assert said.startswith(f"{len(short)} {total}, ")
    kept = re.findall(r'<tr class="(\w+)(?: off)?" data-verdict', page)
    assert len(kept) == len(everything)  # hidden, not lost
    assert set(re.findall(r'<tr class="(\w+)" data-verdict', page)) == {"short"}
    said, _ = shown(index, "#tier=paper&words=noise%20structure")
    assert said == f"1 {total}, 1 of 2 papers"
    said, _ = shown(index, "#verdict=NONSENSE")
    assert said == f"{len(everything)} {total}, 2 of 2 papers"


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("-0.152 ± 0.066, p = 7e-08", "−0.152 ± 0.066, p = 7 × 10⁻⁸"),
        ("13.8663 to 13.8663", "13.8663"),
        ("13.86 to 13.8663", "13.86 to 13.8663"),
        ("N(0, 0.01^2) after 10^6 images or 10^-3", "N(0, 0.01²) after 10⁶ images or 10⁻³"),
        ("ae-2 > pca-2, -log p of 3e+02", "ae-2 > pca-2, -log p of 3 × 10²"),
    ],
)
def test_a_verdicts_words_are_set_as_print(plain: str, shown: str) -> None:
    assert typeset(plain) == shown
