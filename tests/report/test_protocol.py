"""A page says what was run in its tier: its runs, its protocol, its numbers beside published ones."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_report import TEMPLATES, hinton, rows, store, tree, vincent, words

from ae.records.record import Record, read
from ae.report import render
from ae.report.protocol import Protocol, own_runs, reductions
from ae.spec.seeds import shown
from ae.verdict.numbers import number
from ae.verdict.skewed import quantile

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "reports" / "published").glob("*/*/record.json"))
QUICK = [p for p in PATHS if p.parent.name == "quick"]


def named(name: str) -> tuple[Record, dict[str, Any]]:
    path = ROOT / "reports" / "published" / name / "quick" / "record.json"
    return read(path), json.loads(path.read_text())


def page(record: Record, out: Path, *, at: Path | None = None) -> Path:
    given = (record, at) if at else store(record, out / "results")
    render([given], out / "out", templates=TEMPLATES, pdf=False)
    return out / "out" / f"{record.name}-{record.tier}.html"


def test_a_tiers_epochs_stand_beside_those_of_the_papers_tier() -> None:
    """Every stage that the spec's own JSON shortens, by the two numbers that stand there."""
    record, raw = named("hinton2006-deep-autoencoder")
    found = reductions(record, record.meaning)
    told = {
        stage: (row.paper, row.here)
        for row in found
        if row.what.startswith("epochs (stage")
        for stage in re.sub(r"epochs \(stages? |\)", "", row.what).split(", ")
    }
    stages = raw["spec"]["train"]["stages"]
    shorter = raw["spec"]["tier"]["quick"]["train"]["stages"]
    expected = {
        name: (number(stages[name]["epochs"], 6), number(change["epochs"], 6))
        for name, change in shorter.items()
        if "epochs" in change
    }
    assert told == expected
    assert len(told) > 5


def test_what_one_run_has_otherwise_is_said_of_it_alone() -> None:
    record, raw = named("hinton2006-deep-autoencoder")
    labels = {run["name"]: run["label"] for run in raw["runs"]}
    limits = {
        labels[name]: number(change["data"]["limit"], 6)
        for name, change in raw["spec"]["tier"]["quick"]["run"].items()
    }
    found = reductions(record, record.meaning)
    told = {row.runs: row.here for row in found if row.what == "training examples"}
    assert told == limits
    assert {row.paper for row in found if row.what == "training examples"} == {"all"}


def test_seeds_are_those_that_were_run_not_those_that_are_meant() -> None:
    record, _ = named("hinton2006-deep-autoencoder")
    fewer = [run.model_copy(update={"seeds": run.seeds[:2], "members": []}) for run in record.runs]
    cut = record.model_copy(update={"runs": fewer})
    (row,) = [r for r in reductions(cut, cut.meaning) if r.what == "seeds"]
    assert row.here == shown(record.runs[0].seeds[:2])


@pytest.mark.parametrize("path", QUICK, ids=lambda p: p.parents[1].name)
def test_every_published_quick_record_says_what_its_tier_changes(path: Path) -> None:
    record = read(path)
    found, alone = reductions(record, record.meaning), own_runs(record, record.meaning)
    paper = record.meaning.tier["paper"].runs
    assert alone == [r.label for r in record.runs if paper != "all" and r.name not in paper]
    assert found or len(alone) == len(record.runs)
    assert all(row.paper != row.here for row in found)
    assert len(found) == len(set(found))


def test_the_papers_tier_is_reduced_by_nothing() -> None:
    for path in PATHS:
        if path.parent.name == "paper":
            record = read(path)
            protocol = Protocol.of(record, record.meaning)
            assert (protocol.reductions, protocol.own_runs, protocol.own) == ([], [], [])


def test_a_quick_page_keeps_its_own_deviations_apart(tmp_path: Path) -> None:
    record, raw = named("burgess2018-capacity")
    at = ROOT / "reports/published/burgess2018-capacity/quick/record.json"
    root = tree(page(record, tmp_path, at=at))
    tables = [t for t in root.iter("table") if "deviations" in t.attrib["class"]]
    told = {words(t.find("caption")): [words(r) for r in t.iter("tr")] for t in tables}  # type: ignore[arg-type]
    (common,) = [v for k, v in told.items() if k.startswith("In the paper tier and in this one")]
    (own,) = [v for k, v in told.items() if k == "In the quick tier alone."]
    (reduced,) = [v for k, v in told.items() if k.startswith("What the quick tier changes")]
    for deviation in raw["spec"]["deviation"]:
        start = " ".join(deviation["paper"].split())
        there = [any(row.startswith(start) for row in table) for table in (common, own)]
        tiers = deviation["tiers"]
        assert there == ["quick" in tiers and "paper" in tiers, tiers == ["quick"]], start
    epochs = raw["spec"]["tier"]["quick"]["train"]["stages"]["train"]["epochs"]
    assert any(
        re.match(rf"epochs \(stage train\) \S+ {epochs} all (runs|that have it)", row)
        for row in reduced
    )


def test_a_figure_names_the_runs_that_are_drawn(tmp_path: Path) -> None:
    """18 of the 36 that the spec lists are run in the quick tier."""
    record, raw = named("locatello2019-challenging")
    at = ROOT / "reports/published/locatello2019-challenging/quick/record.json"
    root = tree(page(record, tmp_path, at=at))
    drawn = [run["label"] for run in raw["runs"]]
    listed = {f["title"]: f["runs"] for f in raw["spec"]["figure"]}
    there = {run["name"] for run in raw["runs"]}
    others = [r["name"] for r in raw["spec"]["run"] if r["name"] not in there]
    plates = list(root.iter("figure"))
    plates = [p for p in plates if p.get("class") == "picture-plate"]
    assert len(plates) == len(raw["figures"])
    for plate in plates:
        said = words(plate.find("figcaption"))  # type: ignore[arg-type]
        own = re.search(r"Drawn from (.*); data", said)
        title = words(plate.find("figcaption/strong")).removesuffix(".")  # type: ignore[arg-type]
        expected = [r["label"] for r in raw["runs"] if r["name"] in listed[title]]
        assert own is not None
        assert own[1] == "; ".join(expected)  # they have commas
        assert set(expected) <= set(drawn)
        assert not [name for name in others if name in own[1].split("; ")]


def test_a_figure_of_some_of_the_seeds_says_of_how_many(tmp_path: Path) -> None:
    """Where weights were left behind and seeds were added it shows those that were at hand."""
    record, _ = named("vincent2008-denoising")
    at = ROOT / "reports/published/vincent2008-denoising/quick/record.json"
    figure = next(f for f in record.meaning.figure if len(f.runs) > 2)
    there = [run for run in record.runs if run.name in figure.runs]
    one = there[0].name
    every = {run.name: run.seeds for run in there}
    few = {name: seeds[:2] for name, seeds in every.items()}
    n, label = len(there[0].seeds), there[0].label
    assert n > 2

    def said(seeds: dict[str, list[int]] | None) -> str:
        figures = [f.model_copy(update={"seeds": seeds}) for f in record.figures]
        root = tree(page(record.model_copy(update={"figures": figures}), tmp_path, at=at))
        plates = [p for p in root.iter("figure") if p.get("class") == "picture-plate"]
        at_ = [f.name for f in record.figures].index(figure.name)
        caption = words(plates[at_].find("figcaption"))  # type: ignore[arg-type]
        return caption[caption.index("Drawn from") :]

    assert "weights" not in said(None) + said(every)
    assert f"(2 of {n} seeds each; the weights of the others were not at hand); data" in said(few)
    assert f"({label}: 2 of {n} seeds" in said({**every, one: few[one]})


def test_a_quick_number_stands_beside_the_published_one(tmp_path: Path) -> None:
    """On the page and on the scoreboard, as mean and half the 90 % interval of its seeds."""
    record = hinton()
    file = page(record, tmp_path)
    values = record.runs[2].metrics["error"]
    half = float(quantile(5, 0.05)) * np.std(values, ddof=1) / 5**0.5
    ours = f"{np.mean(values):.3f} ± {half:.3f}"
    untested = {row[0].split()[0]: row for row in rows(file, "claims") if len(row) == 4}
    assert untested["ae-30"][3] == f"{ours} not a test: reduced protocol"
    board = rows(file.parent / "index.html", "claims scoreboard")
    (row,) = [r for r in board if r[0].startswith("ae-30")]
    assert row[4] == ours
    assert row[-1] == "– UNTESTED not a test: reduced protocol"
    assert "reduced protocol" not in words(tree(page(vincent(), tmp_path)))


def test_a_claim_that_is_no_number_has_none_beside_it(tmp_path: Path) -> None:
    record, _ = named("hinton2006-deep-autoencoder")
    at = ROOT / "reports/published/hinton2006-deep-autoencoder/quick/record.json"
    file = page(record, tmp_path, at=at)
    told = [r for r in rows(file, "claims") if len(r) == 4]
    assert {r[0].split()[0]: r[3] for r in told if "<" in r[1]} == {
        "ae-below-logistic-pca": "–",
        "logistic-pca-below-pca": "–",
    }
