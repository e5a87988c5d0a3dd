"""What moved since a reference: by the rule of the gate, and nothing where nothing did."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_report import HINTON, TEMPLATES, hinton, store, tree, vincent, words

from ae.records.record import Record
from ae.report import Rendered, render
from ae.report.moved import Moves, moves
from ae.report.views import Page
from ae.verdict.moved import Pair
from ae.verdict.movement import movements

MARKUP = '<script>alert("1")</script><b onclick="x">&amp; | `'


def earlier(record: Record, **values: list[float]) -> Record:
    """The record as of another day, with other values of the metric `error` of some runs."""
    data = record.model_dump(mode="json") | {"started": "2025-01-01T00:00:00+00:00"}
    for run in data["runs"]:
        if run["name"] in values:
            run["metrics"]["error"] = values[run["name"]]
    return Record.model_validate(data)


def paged(record: Record, tmp_path: Path) -> Page:
    return Page.of(*store(record, tmp_path))


def found(tmp_path: Path, old: Record, new: Record | None = None) -> Moves:
    return moves("yesterday", [paged(new or hinton(), tmp_path)], [old])


def of(record: Record, run: str) -> list[float]:
    made = record.run(run)
    assert made is not None
    return made.metrics["error"]


def test_the_reference_itself_and_equal_results_have_nothing_to_say(tmp_path: Path) -> None:
    itself = found(tmp_path, hinton())
    assert (itself.itself, itself.moved, itself.same) == (True, [], 1)
    equal = found(tmp_path, earlier(hinton()))
    assert (equal.itself, equal.moved, equal.same) == (False, [], 1)


def test_metrics_are_judged_by_the_rule_of_the_gate_all_together(tmp_path: Path) -> None:
    new = hinton()
    old = earlier(
        new,
        ae=[v - 0.3 for v in of(new, "ae")],  # five spreads better then
        logistic=[v * 1.00001 for v in of(new, "logistic")],
        stuck=[v + 0.02 for v in of(new, "stuck")],
    )
    result = found(tmp_path, old)
    names = ["logistic", "ae", "stuck"]
    pairs = [
        Pair(np.array(of(old, n)), np.array(of(new, n)), "lower", group="hinton-quick")
        for n in names
    ]
    said = {n.upper(): m for n, m in zip(names, movements(pairs), strict=True)}
    shown = {m.run: m for m in result.papers[0].metrics}
    assert {n: m.state.word for n, m in shown.items()} == {n: m.word for n, m in said.items()}
    assert shown["AE"].state.word == "worse"
    assert shown["LOGISTIC"].state.word == "unchanged"
    assert shown["AE"].difference.strip("\N{FIGURE SPACE}") == "−0.300"
    low, high = (float(e.replace("−", "-")) for e in shown["AE"].ends.split(" … "))
    assert (low, high) == pytest.approx((said["AE"].low, said["AE"].high), abs=0.0006)
    assert low < -0.3 < high < 0
    assert result.papers[0].metrics[0].state.word == "worse"  # the worst first
    mean = math.fsum(of(old, "ae")) / 5
    assert float(shown["AE"].was[0].strip("\N{FIGURE SPACE}")) == pytest.approx(mean, abs=0.001)


def test_claims_that_turned_or_moved_are_named_with_both_sides(tmp_path: Path) -> None:
    old = earlier(hinton(), ae=[v + 20 for v in of(hinton(), "ae")])
    (paper,) = found(tmp_path, old).papers
    turned = {c.claim.id: c for c in paper.turned if c.claim and c.was}
    assert turned["ae-below-pca"].was.verdict.word == "SHORT"
    assert turned["ae-below-pca"].claim.verdict.word == "REPRODUCED"
    assert "codes-2d" not in {c.claim.id for c in paper.claims if c.claim}


def test_what_came_and_went_is_named(tmp_path: Path) -> None:
    data: dict[str, Any] = earlier(hinton()).model_dump(mode="json")
    del data["runs"][1]
    data["runs"][0]["metrics"]["accuracies"] = data["runs"][0]["metrics"].pop("accuracy")
    data["runs"][1]["seeds"] = [5, 6, 7, 8, 9]
    data["data"][0]["sha256"] = "ab" * 32
    data["spec_digest"] = "34" * 32
    data["spec"]["claim"] = [*data["spec"]["claim"][1:], data["spec"]["claim"][0] | {"id": "x"}]
    (paper,) = found(tmp_path, Record.model_validate(data)).papers
    assert paper.notes == [
        f"the spec differs in claim: {'34' * 6} became {'12' * 6}",
        "the data differ: mnist train",
        "new run: logistic",
        "new metric of pca: accuracy",
        "gone metric of pca: accuracies",
        "seeds of ae: 5, 6, 7, 8, 9 became 0, 1, 2, 3, 4",
    ]
    assert {(c.claim and c.claim.id, c.was and c.was.id) for c in paper.claims} >= {
        ("ae-30", None),
        (None, "x"),
    }


def test_a_paper_that_the_reference_lacks_and_one_that_is_gone(tmp_path: Path) -> None:
    result = moves("yesterday", [paged(hinton(), tmp_path)], [vincent()])
    assert [p.record.name for p in result.fresh] == [hinton().name]
    assert result.gone == ["vincent2008-denoising, paper tier"]
    assert not result.itself


def test_an_old_spec_that_cannot_be_read_costs_only_its_claims(tmp_path: Path) -> None:
    old = earlier(hinton(), ae=[v - 0.3 for v in of(hinton(), "ae")])
    broken = old.model_copy(update={"spec": {"paper": {}}, "spec_digest": "34" * 32})
    (paper,) = found(tmp_path, broken).papers
    assert paper.claims == []
    assert "its claims are not compared: the reference's spec is of another format" in paper.notes
    assert [m.state.word for m in paper.metrics] == ["worse"]


def rendered(tmp_path: Path, old: Record, new: Record | None = None) -> tuple[Rendered, Path]:
    records = [store(new or hinton(), tmp_path)]
    out = tmp_path / "out"
    reference = ("yesterday <b>", [old])
    return render(records, out, templates=TEMPLATES, pdf=False, reference=reference), out


def test_the_index_a_page_and_the_summary_say_it(tmp_path: Path) -> None:
    old = earlier(hinton(), ae=[v - 0.3 for v in of(hinton(), "ae")])
    _, out = rendered(tmp_path, old)
    index = words(tree(out / "index.html"))
    assert "What changed since yesterday <b>" in index
    assert "1 worse , 0 better , 0 undecided , 0 unchanged" in index
    page = tree(out / "moved.html")
    (row,) = page.iterfind(".//tr[@data-verdict]")
    assert row.attrib["data-verdict"] == "worse"
    assert "−0.300" in words(row)
    links = [a.attrib["href"] for a in tree(out / "index.html").iter("a")]
    assert "moved.html" in links
    summary = (out / "summary.md").read_text()
    assert "## What moved since yesterday <b>".replace("<b>", "&lt;b&gt;") in summary
    assert "| AE | squared error |" in summary


def test_nothing_moved_is_said_and_has_no_page(tmp_path: Path) -> None:
    _, out = rendered(tmp_path, hinton())
    assert "was rendered from yesterday <b> itself" in words(tree(out / "index.html"))
    assert not (out / "moved.html").exists()
    _, out = rendered(tmp_path / "equal", earlier(hinton()))
    assert "1 of 1 papers have the very results of yesterday <b>" in words(tree(out / "index.html"))
    assert not (out / "moved.html").exists()


def test_without_a_reference_nothing_is_said(tmp_path: Path) -> None:
    out = tmp_path / "out"
    render([store(hinton(), tmp_path)], out, templates=TEMPLATES, pdf=False)
    assert "What changed" not in (out / "index.html").read_text()
    assert "What moved" not in (out / "summary.md").read_text()
    assert (out / HINTON).exists()


def test_markup_is_text_and_the_bytes_are_the_same_twice(tmp_path: Path) -> None:
    new = hinton(title=MARKUP)
    new.runs[2].__dict__["label"] = MARKUP
    new.spec["measure"][0]["label"] = MARKUP
    old = earlier(new, ae=[v - 0.3 for v in of(new, "ae")])
    _, first = rendered(tmp_path / "a", old, new)
    _, second = rendered(tmp_path / "b", old, new)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name
    text = (first / "moved.html").read_text()
    assert text.count("<script") == 1  # the filters
    assert "<b onclick" not in text
    page = tree(first / "moved.html")
    assert words(page.find(".//tr[@data-verdict]/th")).startswith(MARKUP)
    ids = [e.attrib["id"] for e in page.iter() if "id" in e.attrib]
    assert len(ids) == len(set(ids))
