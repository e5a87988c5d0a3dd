"""A report's first lines: kinds of evidence apart, failed controls, what is outdated, what was not run."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from published import PATHS, report
from test_report import TEMPLATES, claim, hinton, rows, store, tree, vincent, words

from ae.records.prices import PaperPrices, Prices, add, read
from ae.records.record import Record
from ae.records.record import read as read_record
from ae.report import render
from ae.report.words import word
from ae.spec import Spec, evidence_of
from ae.spec.read import digest_of
from ae.verdict import Verdict, judge

PUBLISHED = [read_record(path) for path in PATHS]
KINDS = ("published", "stated", "recalled", "calculated", "untrained", "control")
NAME = "hinton2006-deep-autoencoder"
LIST = ".//dl[@class='evidence']"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the published records."""
    return report(tmp_path_factory) / "out"


@pytest.fixture(scope="module")
def judged() -> list[tuple[Record, list[Verdict]]]:
    """The published records, those of the paper's tier last, and their verdicts."""
    return [(r, judge(r)) for r in sorted(PUBLISHED, key=lambda one: one.tier == "paper")]


def made(out: Path, *records: Record, **keys: Any) -> Path:
    given = [store(record, out / "results") for record in records]
    render(given, out / "out", templates=TEMPLATES, pdf=False, **keys)
    return out / "out"


def told(element: ElementTree.Element) -> str:
    """The words as they are read, with no space before a colon or a full stop."""
    return re.sub(r" (?=[:.;,])", "", words(element))


def lines(index: Path) -> dict[str, str]:
    found = tree(index).findall(f"{LIST}/dd")
    return {line.attrib["class"]: told(line) for line in found}


def changed(record: Record, *claims: dict[str, Any]) -> Record:
    """The record with these claims in its spec besides its own."""
    meant = record.spec | {"claim": [*record.spec["claim"], *claims]}
    return record.model_copy(update={"spec": meant})


def broken(tier: str = "quick") -> Record:
    """A record of which a control fails."""
    record = hinton(tier)
    bad = claim(
        "exact", "impossible", run="pca", value=1.0, tolerance=0.5, unit="per image",
        control=True, status="calculated", tiers=["paper", "quick"],
    )  # fmt: skip
    return changed(record, bad)


def today(record: Record, **paper: Any) -> Spec:
    return record.meaning.model_copy(
        update={"paper": record.meaning.paper.model_copy(update=paper)}
    )


def test_the_headline_of_the_published_records_is_that_of_their_claims(
    published: Path, judged: list[tuple[Record, list[Verdict]]]
) -> None:
    """Counted anew from the records' claims and their verdicts, kind by kind."""
    found: dict[tuple[str, str], tuple[str, str]] = {}  # spec and claim -> its kind, and its word
    for record, verdicts in judged:
        for verdict in verdicts:  # the paper's tier comes last, and wins where it has a word
            kind, place = evidence_of(verdict.claim), (record.name, verdict.id)
            said_before = found.get(place, ("", "UNTESTED"))[1]
            own = verdict.word if kind != "published" or record.tier == "paper" else "UNTESTED"
            kept = said_before if own == "UNTESTED" and kind != "published" else own
            found[place] = (kind, kept)
    every = Counter(kind for kind, _ in found.values())
    tested = Counter(kind for kind, name in found.values() if name != "UNTESTED")
    said = Counter(found.values())
    shown = lines(published / "index.html")
    assert set(shown) == {*every, "published"}
    for kind, line in shown.items():
        assert line.startswith(f"{tested[kind]} of {every[kind]} tested"), kind
    names = {"REPRODUCED": "reproduced", "SHORT": "short", "INCONCLUSIVE": "inconclusive"}
    for kind in ("published", "stated", "recalled"):
        for name, shown_as in names.items():
            if number := said[kind, name]:
                assert f"{number} {shown_as}" in shown[kind]
    total = str(sum(every.values()))
    assert not any(total in re.findall(r"\d+", line) for line in shown.values())  # never added up


@pytest.mark.parametrize("page", ["index.html", "summary.md"])
def test_the_word_reproduced_never_stands_beside_a_control(
    published: Path, judged: list[tuple[Record, list[Verdict]]], page: str
) -> None:
    out = published
    verdicts = [v for _, found in judged for v in found]
    controls = {v.id for v in verdicts if v.claim.control}
    others = {v.id for v in verdicts if not v.claim.control}
    if page == "summary.md":
        shown = [line.split("|") for line in (out / page).read_text().splitlines()]
        found = [row for row in shown if len(row) == 10 and "(control)" in row[1]]
        assert len(found) > 60
        assert not [row for row in found if "REPRODUCED" in row[-2] or "SHORT" in row[-2]]
        return
    for row in rows(out / page, "claims scoreboard"):
        name = row[0].split(" ")[0]
        if name in controls - others:
            assert "REPRODUCED" not in row[-1]
    text = (out / page).read_text()
    assert "reproduced" not in text[text.index('class="control"') :].split("</dd>")[0]


def test_a_control_passes_or_fails() -> None:
    assert (word("REPRODUCED", control=True).word, word("SHORT", control=True).word) == (
        "PASSED",
        "FAILED",
    )
    assert word("BETTER", control=True) == word("REPRODUCED", control=True)
    assert word("INVALID").word == word("INVALID", control=True).word == "NOT VALID"
    assert word("REPRODUCED").word == "REPRODUCED"


@pytest.mark.parametrize("page", ["index.html", f"{NAME}-quick.html", "summary.md"])
def test_what_an_untrained_model_meets_is_met_and_no_evidence(tmp_path: Path, page: str) -> None:
    record = hinton()
    before = [v for v in judge(record) if v.word == "REPRODUCED" and not v.claim.control]
    chosen = before[0].id
    why = {"untrained": "so it <begins>", "primary": False}
    claims = [c | why if c["id"] == chosen else c for c in record.spec["claim"]]
    out = made(tmp_path, record.model_copy(update={"spec": record.spec | {"claim": claims}}))
    text = (out / page).read_text()
    if page == "summary.md":
        (line,) = [row for row in text.splitlines() if row.startswith(f"| {chosen} ")]
        assert "(no evidence: an untrained model meets it)" in line
        assert "REPRODUCED" not in line
        return
    kind = "claims scoreboard" if page == "index.html" else "claims"
    row = next(r for r in rows(out / page, kind) if r[0].startswith(chosen))
    assert "no evidence" in row[0]
    assert "MET" in row[-1]
    assert "REPRODUCED" not in row[-1]
    assert "so it &lt;begins&gt;" in text
    if page == "index.html":
        assert lines(out / page)["untrained"].startswith("1 of 1 tested: 1 met.")


def test_a_failed_control_has_a_banner_and_nothing_that_depends_on_it_is_valid(
    tmp_path: Path,
) -> None:
    out = made(tmp_path, broken(), vincent())
    said = {v.id: v for v in judge(broken())}
    blocked = [v.id for v in said.values() if v.failed and v.tested]
    assert len(blocked) == 3
    index = tree(out / "index.html")
    (banner, beside) = [told(b) for b in index.iterfind(".//div[@class='alarm']")]
    assert "Controls failed in 1 record." in banner
    assert f"{NAME}, quick tier: impossible (off); 3 claims not valid." in banner
    page = tree(out / f"{NAME}-quick.html")
    (own,) = [told(b) for b in page.iterfind(".//div[@class='alarm']")]
    assert own == beside
    assert own.startswith(
        "A control failed. impossible: 13.8662 per image in every seed against 1 per image (off)."
    )
    assert own.endswith("3 claims that depend on it are not valid.")
    shown = {row[0].split(" ")[0]: row[-1] for row in rows(out / "index.html", "claims scoreboard")}
    assert shown["impossible"].startswith("✘ FAILED off")
    for row in (r for r in rows(out / f"{NAME}-quick.html", "claims") if len(r) > 1):
        name = next((b for b in blocked if row[0].startswith(b)), None)
        if name:
            assert row[-1] == "∅ NOT VALID control failed"
    assert "A control failed" in (out / "summary.md").read_text()
    assert 'class="alarm"' not in page_text(out, "vincent2008-denoising-paper")


def page_text(out: Path, key: str) -> str:
    return (out / f"{key}.html").read_text()


def test_a_paper_that_was_run_in_two_tiers_has_two_pages_and_counts_once(tmp_path: Path) -> None:
    out = made(tmp_path, hinton("quick"), hinton("paper"))
    shown = lines(out / "index.html")
    assert shown["published"].startswith("1 of 1 tested: 1 reproduced.")
    assert shown["stated"].startswith("3 of 3 tested")
    assert "All tested in the paper tier." in shown["stated"]
    sheets = tree(out / "index.html").findall(".//div[@class='entry']")
    assert [sheet.attrib["data-tier"] for sheet in sheets] == ["paper", "quick"]
    for sheet, tier in zip(sheets, ("paper", "quick"), strict=True):
        assert words(sheet.find("details/summary/span/span/span")) == f"{tier} tier"
    links = [a.attrib["href"] for a in tree(out / f"{NAME}-quick.html").iter("a")]
    assert f"{NAME}-paper.html" in links
    assert "1 of 1 published value tested" in words(tree(out / f"{NAME}-paper.html"))
    assert "0 of 1 published value tested" in words(tree(out / f"{NAME}-quick.html"))


def test_a_page_begins_with_a_sentence(tmp_path: Path) -> None:
    out = made(tmp_path, vincent())
    found = [words(p) for p in tree(out / "vincent2008-denoising-paper.html").iter("p")]
    expected = (
        "6 of 6 claims tested: 3 hold, 2 do not (1 diverged, 1 reversed), 1 open; "
        "3 of 3 published values tested."
    )
    assert expected in found
    assert expected in (out / "summary.md").read_text()
    assert expected in words(tree(out / "index.html"))


def test_a_record_of_before_a_change_of_its_spec_is_marked(tmp_path: Path) -> None:
    record, same = hinton(), vincent()
    same = same.model_copy(update={"spec_digest": digest_of(same.meaning)})
    specs = {NAME: today(record, idea="Another."), same.name: same.meaning}
    out = made(tmp_path, record, same, specs=specs)
    page = tree(out / f"{NAME}-quick.html")
    (note,) = [words(p) for p in page.iterfind(".//p[@class='warning outdated']")]
    assert note.startswith("Outdated: the spec has changed since this record was made (paper).")
    assert f"ae run {NAME} --tier quick" in note
    assert "Outdated" not in page_text(out, "vincent2008-denoising-paper")
    marks = tree(out / "index.html").findall(".//span[@class='tag outdated']")
    assert len(marks) == 2  # among the papers, and over its claims
    index = words(tree(out / "index.html"))
    assert "Outdated: the spec has changed since 1 of the 2 records was made." in index
    assert "3 of those tested before the spec changed" in index
    assert f"Outdated, for the spec has changed since: {NAME}, quick tier." in " ".join(
        (out / "summary.md").read_text().split()
    )


def test_what_was_not_run_is_named_with_what_it_would_cost(tmp_path: Path) -> None:
    record = hinton()
    never = today(record, title="Never run")
    specs = {NAME: record.meaning, "nobody1999-never": never}
    prices = Prices(
        tier="paper",
        papers={
            "nobody1999-never": PaperPrices(
                spec=digest_of(never), processor="p", claims={"ae-30": 7200.0}
            ),
            NAME: PaperPrices(spec="of before", processor="p", claims={"ae-30": 1.0}),
        },
    )
    out = made(tmp_path, record, specs=specs, prices=prices)
    shown = lines(out / "index.html")["published"]
    assert shown.startswith("0 of 2 tested.")
    assert "2 not run (about 2 hours of one core for 1 of them)" in shown
    (table,) = tree(out / "index.html").iterfind(".//section[@class='unrun']/table")
    found = [[told(cell) for cell in row] for row in table.iterfind("tbody/tr")]
    assert [row[1:] for row in found] == [
        ["1 of 1", "", "about 2 hours"],
        ["1 of 1", "", "no estimate"],  # its spec has changed since it was planned
    ]
    bars = [row.findall("td/*/*[@class='bar']") for row in table.iterfind("tbody/tr")]
    assert [len(bar) for bar in bars] == [1, 0]
    values = "Which values ae-30 3.00 per image read"
    assert found[0][0] == f"Never run nobody1999-never, no record {values}"
    assert "| nobody1999-never | 1 of 1 | about 2 hours |" in (out / "summary.md").read_text()


def test_no_column_is_called_published(tmp_path: Path) -> None:
    out = made(tmp_path, hinton(), vincent())
    for name in ("index.html", f"{NAME}-quick.html", "vincent2008-denoising-paper.html"):
        root = tree(out / name)
        heads = [words(th) for th in root.iter("th") if th.attrib.get("scope") == "col"]
        assert "Target" in heads
        assert "Published" not in heads
        assert all(e.attrib.get("data-label") != "published" for e in root.iter("td"))


def test_a_target_says_by_whom_it_is(tmp_path: Path) -> None:
    theirs = claim(
        "value", "theirs", run="ae", printed="3.1", spread={"kind": "sd", "value": 0.2, "n": 3},
        margin=0.4, tiers=["paper"], status="quoted", by="A <b>re-implementation</b>",
    )  # fmt: skip
    out = made(tmp_path, changed(hinton("paper"), theirs))
    found = rows(out / f"{NAME}-paper.html", "claims")
    (row,) = [r for r in found if r[0].startswith("theirs") and len(r) > 1]
    assert row[1] == "3.1 per image quoted, by A <b>re-implementation</b>"
    assert row[2:4] == ["± 0.2 (sd, n = 3)", "± 0.4 per image"]


def test_prices_are_kept_paper_by_paper(tmp_path: Path) -> None:
    first = PaperPrices(spec="a", processor="p", claims={"x": 1.0})
    second = PaperPrices(spec="b", processor="p", claims={"y": 2.0})
    assert read(tmp_path, "paper").papers == {}
    add(tmp_path, "paper", {"one": first, "two": first})
    add(tmp_path, "paper", {"two": second})
    assert read(tmp_path, "paper").papers == {"one": first, "two": second}
    assert read(tmp_path, "quick").papers == {}
    assert json.loads((tmp_path / "prices-paper.json").read_text())["tier"] == "paper"


def test_the_list_is_one_term_and_one_line_a_kind(tmp_path: Path) -> None:
    root = tree(made(tmp_path, hinton(), vincent()) / "index.html")
    found = root.find(LIST)
    assert isinstance(found, ElementTree.Element)
    assert [child.tag for child in found] == ["dt", "dd"] * (len(found) // 2)
    kinds = [dd.attrib["class"] for dd in found.iter("dd")]
    assert kinds == [kind for kind in KINDS if kind in kinds]
    assert kinds[0] == "published"
