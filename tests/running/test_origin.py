"""A run says which of the two it used: the original file of a set, or what is rendered for it."""

import re

import project as small
import pytest
from originals import FILE, at_hand, content, described, saved
from project import ROOT, SPEC

from ae.check import check_all
from ae.cli.plan import show_plan
from ae.cli.session import Session
from ae.library import Library
from ae.records import record as records
from ae.report import render
from ae.running.state import Request
from ae.running.suite import Suite

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def project(tmp_path):
    for name in ("benchmarks", "datasets", "reports"):
        (tmp_path / name).mkdir()
    (tmp_path / "ae").symlink_to(ROOT / "ae")
    (tmp_path / "reports" / "templates").symlink_to(ROOT / "reports" / "templates")
    text = SPEC.read_text().replace('"mnist"\ntrain = "train"\ntest = "test"\nlimit = 320', "DATA")
    assert "DATA" in text
    data = '"sprites"\ntrain = "all"\ntest = "all"\nlimit = 200'
    text = re.sub(
        r"\[\[figure\]\].*?(?=\[\[run\]\])", "", text.replace("DATA", data), flags=re.DOTALL
    )
    (tmp_path / "benchmarks" / SPEC.name).write_text(
        text.replace("[paper]", "figure = []\n[paper]", 1)
    )
    return tmp_path


def ran(project, capsys) -> tuple[records.Record, str, str]:
    """The record of a run, its page in words, and what was printed."""
    assert check_all(Library.at(project)) == []
    request = Request(project / "benchmarks" / SPEC.name, small.settings(project))
    show_plan([request], Suite([request], lambda: False, jobs=0, only_plan=True), strict=False)
    session = Session(Library.at(project), pdf=False, track=False)
    session.watch(Suite([request], lambda: False, jobs=0))
    (place,) = session.paths
    record = records.read(place)
    made = render(
        [(record, place)], project / "out", templates=ROOT / "reports" / "templates", pdf=False
    )
    (page,) = [p for p in made.files if p.name == "tiny2020-dae-smoke.html"]
    return (
        record,
        " ".join(re.sub(r"<[^>]*>", "", page.read_text()).split()),
        capsys.readouterr().out,
    )


def test_plan_run_record_and_report_say_which_of_the_two_was_used(project, capsys):
    sha256 = at_hand(project, file := saved(content())).original.sha256
    described(project / "datasets", sha256)
    path = project / "datasets" / "sprites" / FILE
    path.unlink()
    rendered, page, out = ran(project, capsys)
    said = "data set 'sprites': re-rendered, for the original file is not at hand\n"
    assert out.count(said) == 2
    assert {(d.note, d.licence) for d in rendered.data} == {("Re-rendered.", "made anew")}
    assert "made anew. nobody https://example.org/Re-rendered." in page
    assert sha256 not in page

    path.write_bytes(file)
    real, page, out = ran(project, capsys)
    assert out.count(f"data set 'sprites': the original file, sha256 {sha256}\n") == 2
    assert "re-rendered" not in out
    assert {d.note.partition(";")[0] for d in real.data} == {f"The original file, sha256 {sha256}"}
    assert (
        f"The original file, sha256 {sha256}; no image is re-rendered, whatever a deviation" in page
    )
    assert {d.sha256 for d in real.data}.isdisjoint(d.sha256 for d in rendered.data)
    assert [r.metrics for r in real.runs] == [r.metrics for r in rendered.runs]  # the same pixels
