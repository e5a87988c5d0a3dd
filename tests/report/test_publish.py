"""`ae publish`: a folder that a web server can show, with all that it links and nothing else."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from command import ae
from made import record, store
from project import ROOT, make
from test_report import hinton, vincent
from test_report import store as keep

from ae.records.record import read
from ae.report import render
from ae.report.badge import badge, said
from ae.report.publish import publish
from ae.spec import evidence_of
from ae.verdict import judge
from ae.verdict.evidence import Judged, lines, standings

TEMPLATES = ROOT / "reports" / "templates"
SECRET = "https://tracking.example.org"


def files(folder: Path) -> set[str]:
    found = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    return {p.as_posix() for p in found if not p.name.startswith(".")}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two records with figures, and beside them what is no one else's business."""
    root = tmp_path / "results"
    for made in (vincent(), hinton()):
        _, path = keep(made, root)
        for figure in made.figures:
            for name in figure.files:
                (path.parent / name).exists() or (path.parent / name).write_bytes(b"made")
        for name in ("members/a.safetensors", "checkpoints/b.safetensors", ".lock", "state.json"):
            (path.parent / name).parent.mkdir(exist_ok=True)
            (path.parent / name).write_bytes(b"x" * 700)
        sent = {"version": 1, "copies": {SECRET: {"digest": "d", "run": "r", "experiment": "1"}}}
        (path.parent / "mlflow.json").write_text(json.dumps(sent))
    return root


def test_it_has_records_figures_pages_and_badge_and_every_link_leads_somewhere(
    results: Path, tmp_path: Path
) -> None:
    given = [(read(p), p) for p in sorted(results.glob("*/*/record.json"))]
    out = tmp_path / "site"
    made = publish(given, out, templates=TEMPLATES, pdf=False)
    there = files(out)
    assert {p.relative_to(out).as_posix() for p in made.files} == there
    for one, path in given:
        place = f"records/{one.name}/{one.tier}"
        assert (out / place / "record.json").read_bytes() == path.read_bytes()
        assert {n for f in one.figures for n in f.files} == {
            p.name for p in (out / place).iterdir()
        } - {"record.json"}
    linked = set()
    for page in out.glob("*.html"):
        for link in re.findall(r'href="([^"#]+)', page.read_text()):
            if "://" not in link:
                assert unquote(link) in there, (page.name, link)
                linked.add(link)
    assert {f"records/{one.name}/{one.tier}/record.json" for one, _ in given} <= linked
    assert not [
        n for n in there if "members" in n or "checkpoints" in n or n.endswith("mlflow.json")
    ]
    for path in out.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path


def test_a_report_that_is_not_published_links_no_record(results: Path, tmp_path: Path) -> None:
    given = [(read(p), p) for p in sorted(results.glob("*/*/record.json"))]
    render(given, tmp_path / "out", templates=TEMPLATES, pdf=False)
    for page in (tmp_path / "out").glob("*.html"):
        assert 'href="records/' not in page.read_text()


def test_what_is_gone_goes_and_what_others_put_there_stays(results: Path, tmp_path: Path) -> None:
    paths = sorted(results.glob("*/*/record.json"))
    out = tmp_path / "site"
    (out / ".git").mkdir(parents=True)  # as of a branch that a host shows
    publish([(read(p), p) for p in paths], out, templates=TEMPLATES, pdf=False)
    (out / "CNAME").write_text("example.org")
    publish([(read(paths[0]), paths[0])], out, templates=TEMPLATES, pdf=False)
    gone, kept = (p.parents[1].name for p in reversed(paths))
    assert not [name for name in files(out) if gone in name]
    assert [name for name in files(out) if kept in name]
    assert not (out / "records" / gone).exists()
    assert (out / "CNAME").read_text() == "example.org"
    assert (out / ".git").is_dir()


def test_it_says_what_it_left_out_and_refuses_others_folders(tmp_path: Path) -> None:
    project = make(tmp_path)
    path = store(project / "results", record())
    store(project / "results", record(tier="smoke"))
    store(project / "results", record(), "quick+0123abcd")
    for name in ("members/a.safetensors", "members/b.safetensors", ".lock", "measures.json"):
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).write_bytes(b"x" * 700)
    code, out, err = ae(project, "publish", "site")
    assert (code, err) == (0, "")
    head, counted, *rest = [" ".join(line.split()) for line in out.splitlines()]
    assert head == "published: site/index.html"
    assert counted.endswith(", 1 record")
    assert rest == [
        "badge: site/badge.svg",
        "left out: 2 trained members, 1.4 kB",
        "left out: 1 trial",
        "left out: 1 record of tier smoke",
        "left out: 1 hidden file",
        "left out: measures.json beside 1 record",
    ]
    assert "records/tiny2020-dae/quick/record.json" in files(project / "site")
    assert not [n for n in files(project / "site") if "smoke" in n]
    assert ae(project, "publish", "site").code == 0  # its own
    before = files(project / "benchmarks")
    for other in ("benchmarks", "."):
        code, out, err = ae(project, "publish", other)
        assert (code, out) == (2, "")
        assert "which `ae publish` did not make; give a folder that is empty" in err
        assert len(err.splitlines()) == 1
    assert files(project / "benchmarks") == before
    assert ae(project, "report", "--no-pdf").code == 0
    code, _, err = ae(project, "publish", "results/report")
    assert code == 2
    code, _, err = ae(project, "publish", "site/index.html")
    assert code == 2
    shutil.rmtree(project / "results")
    assert ae(project, "publish", "new").code == 2
    assert files(project / "new") == set()


def test_the_badge_counts_the_published_values_of_the_records() -> None:
    """Counted anew from the published records, and from a suite in which none is tested."""
    records = [read(p) for p in sorted(ROOT.glob("reports/published/*/paper/record.json"))]
    words = [v.word for r in records for v in judge(r) if evidence_of(v.claim) == "published"]
    tested = [w for w in words if w != "UNTESTED"]
    good = sum(w in ("REPRODUCED", "BETTER") for w in tested)
    judged = [Judged(r.name, r.tier, judge(r)) for r in records]
    (line,) = [x for x in lines(standings(judged, {})) if x.kind == "published"]
    word = "reproduced or better" if "BETTER" in tested else "reproduced"
    expected = f"{good} of {len(tested)} tested {word}, {len(words)} in all"
    assert said(line) == expected
    svg = "{http://www.w3.org/2000/svg}"
    root = ElementTree.fromstring(badge(line))
    assert [t.text for t in root.iter(f"{svg}text")] == ["published values", expected]
    assert root.findtext(f"{svg}title") == line.sentence
    (none,) = [x for x in lines(standings([], {r.name: r.meaning for r in records})) if
               x.kind == "published"]  # fmt: skip
    assert said(none) == f"none of {len(words)} tested"


def test_a_control_and_a_recalled_value_are_not_on_the_badge() -> None:
    made = hinton("paper")
    verdicts = judge(made)
    (line,) = [x for x in lines(standings([Judged(made.name, "paper", verdicts)], {}))
               if x.kind == "published"]  # fmt: skip
    assert [v.id for v in line.tested] == ["ae-30"]
    assert said(line) == "1 of 1 tested reproduced, 1 in all"
