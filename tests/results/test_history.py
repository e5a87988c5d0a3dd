"""`ae history` against records that lie in a repository of their own, commit by commit."""

import json
import os
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from command import ae
from made import record, store
from project import ROOT, make

from ae.errors import UserError
from ae.results.history import numbers, past, tracks
from ae.verdict.skewed import quantile

NAME = "tiny2020-dae"
WHO = {f"GIT_{w}_{k}": "t@example.org" for w in ("AUTHOR", "COMMITTER") for k in ("NAME", "EMAIL")}
DATE = "2026-11-2{}T10:00:00+00:00"
FILE = Path("reports") / "published" / NAME / "quick" / "record.json"


def git(folder: Path, *arguments: str, day: int = 1) -> str:
    dates = {f"GIT_{who}_DATE": DATE.format(day) for who in ("AUTHOR", "COMMITTER")}
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", folder, *arguments],
        env=clean | WHO | dates,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(folder: Path, subject: str, day: int) -> str:
    git(folder, "add", "-A", ".")
    git(folder, "commit", "-qm", subject, day=day)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Five commits: a record, the same again, one of an old schema, none, and a worse one."""
    folder = make(tmp_path_factory.mktemp("project"))
    git(folder, "init", "-q")
    published, made = folder / "reports" / "published", record()
    path = store(published, made)
    shas = [commit(folder, "first", 1)]
    later = made.model_copy(update={"started": "2026-11-22T10:00:00+00:00"})
    store(published, later)
    shas.append(commit(folder, "\x1b[31mthe same again", 2))
    old = json.loads(path.read_text()) | {"schema_version": 0}
    path.write_text(json.dumps(old))
    shas.append(commit(folder, "of an old schema", 3))
    path.unlink()
    shas.append(commit(folder, "gone", 4))
    (folder / "note").touch()
    commit(folder, "of something else", 4)
    store(published, record(seeds=(0, 1, 2, 3), worse=1.0))
    shas.append(commit(folder, "worse by one", 5))
    return folder, shas


def shown(values: list[float]) -> tuple[float, float]:
    """Mean and half the 90 % interval, by hand."""
    half = float(quantile(len(values), 0.05)) * np.std(values, ddof=1) / len(values) ** 0.5
    return float(np.mean(values)), half


def test_a_number_is_that_of_each_commit(project: tuple[Path, list[str]]) -> None:
    folder, shas = project
    found = past(folder, NAME, "quick")
    assert [r.commit.name for r in found.revisions] == [shas[0], shas[1], shas[4]]
    assert [r.commit.date for r in found.revisions] == ["2026-11-21", "2026-11-22", "2026-11-25"]
    old, gone = found.notes
    assert old.startswith(f"left out: {shas[2][:7]}:{FILE}: not a record of schema 1: ")
    assert old.endswith("schema_version: found 0; Input should be 1")
    assert gone == f"{shas[3][:7]} took the record of tier quick away"
    run = found.revisions[0].record.runs[0].name
    (track,) = tracks(found.revisions, [(run, "squared_error")])
    for point, sha in zip(track.points, (shas[0], shas[1], shas[4]), strict=True):
        then = json.loads(git(folder, "show", f"{sha}:{FILE}"))
        values = next(r for r in then["runs"] if r["name"] == run)["metrics"]["squared_error"]
        mean, half = shown(values)
        assert point.interval.mean == pytest.approx(mean, rel=1e-12)
        assert point.interval.half == pytest.approx(half, rel=1e-9)
        assert point.seeds == len(values)
    assert [p.same for p in track.points] == [False, True, False]
    assert [p.changed for p in track.points] == [(), (), ("seeds",)]


def test_it_is_told_line_by_line(project: tuple[Path, list[str]]) -> None:
    folder, shas = project
    code, out, err = ae(folder, "history", NAME, "squared_error", "--run", "plain")
    assert code == 0
    head, *lines, _, note = out.strip().splitlines()
    assert note.startswith("±: the 90 % interval, of all seeds")  # not of the one that decides
    assert head.endswith(", quick tier (lower is better)")
    assert [line.split()[0] for line in lines] == [sha[:7] for sha in (*shas[:2], shas[4])]
    assert "same values" in lines[1]
    assert lines[2].endswith("seeds changed; worse by one")
    assert all(line.count("●") == 1 for line in lines)
    assert lines[0].index("●") == lines[1].index("●") < lines[2].index("●")
    assert len(err.splitlines()) == 2
    assert "\x1b" not in out


def test_without_a_metric_the_primary_claims_numbers_are_told(
    project: tuple[Path, list[str]],
) -> None:
    out = ae(project[0], "history", NAME).out
    assert out.count("(lower is better)") == 2  # the two runs of its one claim


def test_without_a_primary_claim_that_was_run_others_numbers_are_told() -> None:
    made = record()
    assert set(numbers(made)) == {("plain", "squared_error"), ("noisy", "squared_error")}
    third = made.model_copy(update={"runs": made.runs[2:]})  # of which no claim speaks
    assert numbers(third) == [(made.runs[2].name, "squared_error")]


def test_the_page_has_a_plot_and_a_row_a_revision(
    project: tuple[Path, list[str]], tmp_path: Path
) -> None:
    folder, shas = project
    file = tmp_path / "page.html"
    assert ae(folder, "history", NAME, "squared_error", "--html", str(file)).code == 0
    root = ElementTree.fromstring(file.read_text().removeprefix("<!doctype html>"))
    tables = list(root.iter("tbody"))
    assert len(tables) == 3  # its three runs
    for body in tables:
        rows = [["".join(c.itertext()) for c in row] for row in body]
        assert [row[0] for row in rows] == [sha[:7] for sha in (*shas[:2], shas[4])]
        assert [row[4] for row in rows] == ["3", "3", "4"]
    svg = "{http://www.w3.org/2000/svg}"
    plots = [p for p in root.iter(f"{svg}svg") if p.get("role") == "img"]
    assert len(plots) == 3
    for plot in plots:
        diamonds = [p for p in plot.iter(f"{svg}path") if p.get("class") == "mean"]
        heights = [float(re.search(r"M\S+ (\S+?)L", d.get("d", "") + "L")[1]) for d in diamonds]
        assert heights[0] == heights[1] > heights[2]  # upwards is more
        assert "default-src 'none'" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["squared_eror"], "no metric 'squared_eror' (did you mean 'squared_error'?)"),
        (["--run", "plane"], "no run 'plane' (did you mean 'plain'?)"),
        (["--tier", "paper"], "git has no published record of it in tier paper"),
    ],
)
def test_what_there_is_not_is_one_line(
    project: tuple[Path, list[str]], arguments: list[str], said: str
) -> None:
    code, out, err = ae(project[0], "history", NAME, *arguments)
    assert (code, out) == (2, "")
    assert said in err.splitlines()[-1]


def test_without_a_repository_it_is_one_line(tmp_path: Path) -> None:
    project = make(tmp_path)
    with pytest.raises(UserError, match="no git repository; a history is read from one"):
        past(project, NAME, "quick")


def test_a_quick_number_is_no_test_of_the_published_one() -> None:
    found = past(ROOT, "hinton2006-deep-autoencoder", "quick")
    if not found.revisions:
        pytest.skip("the checkout has no history")
    (track,) = tracks(found.revisions[-1:], [("ae-30", "squared_error")])
    assert track.beside == "published 3.00, not a test: reduced protocol"
