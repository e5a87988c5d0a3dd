"""A report's folder holds what this report made; two that are made at once do not lose a record."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import ENVIRONMENT
from made import record, store
from project import make

from ae.errors import OutsideError
from ae.report import folder as folders
from ae.report import printed, render
from ae.report.folder import Folder, writing

TEMPLATES = Path(__file__).parents[2] / "reports" / "templates"


def laid(results: Path, *names: str):
    """Records of these names, and where they are."""
    return [(record(name=n), store(results, record(name=n))) for n in names]


def names(out: Path) -> list[str]:
    return sorted(p.name for p in out.iterdir() if not p.name.startswith("."))


def links(out: Path) -> set[str]:
    found = re.findall(r'href="([^"#]+)["#]', (out / "index.html").read_text())
    return {name for name in found if "://" not in name}


@pytest.fixture
def pdf(monkeypatch):
    """PDFs without the seconds that they take."""
    monkeypatch.setattr("ae.report.printed.to_pdf", lambda page: b"%PDF")
    monkeypatch.setattr("ae.report.printed.length", len)
    monkeypatch.setattr("ae.report.printed.join", lambda opening, parts: opening)


def test_pages_of_records_that_are_gone_go_too(tmp_path, pdf):
    given = laid(tmp_path / "results", "a2020-x", "b2020-x")
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.html").write_text("mine")
    (out / ".mine").write_text("mine")
    render(given, out, templates=TEMPLATES, each=True)
    before = {"a2020-x-quick.html", "a2020-x-quick.pdf", "b2020-x-quick.html", "report.pdf"}
    assert before < set(names(out))
    render(given[:1], out, templates=TEMPLATES, pdf=False)
    assert names(out) == [
        "a2020-x-quick.html",
        "badge.svg",
        "claims.csv",
        "index.html",
        "mine.html",
        "results.csv",
        "summary.md",
    ]
    assert (out / ".mine").exists()
    assert links(out) == {"a2020-x-quick.html", "claims.csv", "results.csv"}


def test_the_index_links_a_pdf_where_there_is_one(tmp_path, pdf):
    given, out = laid(tmp_path / "results", "a2020-x"), tmp_path / "out"
    for with_pdf in (False, True, False):
        render(given, out, templates=TEMPLATES, pdf=with_pdf)
        assert ("report.pdf" in links(out)) == (out / "report.pdf").exists() == with_pdf


def test_what_a_report_wrote_before_it_listed_its_files_goes_too(tmp_path, pdf):
    given, out = laid(tmp_path / "results", "a2020-x", "b2020-x"), tmp_path / "out"
    render(given, out, templates=TEMPLATES)
    (out / ".made.json").unlink()
    (out / "notes.md").write_text("mine")
    (out / ".index.html.0a1b2c3d").write_text("half")  # a report was killed
    render(given[1:], out, templates=TEMPLATES, pdf=False)
    assert names(out) == [
        "b2020-x-quick.html",
        "badge.svg",
        "claims.csv",
        "index.html",
        "notes.md",
        "results.csv",
        "summary.md",
    ]
    assert not (out / ".index.html.0a1b2c3d").exists()


def test_a_folder_that_was_no_report_keeps_all_of_it(tmp_path, pdf):
    given, out = laid(tmp_path / "results", "a2020-x"), tmp_path / "out"
    out.mkdir()
    for name in ("report.pdf", "perf.html", "my-quick.html"):
        (out / name).write_text("mine")
    render(given, out, templates=TEMPLATES, pdf=False)
    assert {"report.pdf", "perf.html", "my-quick.html"} < set(names(out))


@pytest.mark.parametrize(
    "error", [RuntimeError("a crash\nin it"), MemoryError(), OutsideError("refers")]
)
def test_a_pdf_that_fails_leaves_the_html_and_a_line(tmp_path, monkeypatch, error):
    def fail(page: bytes) -> bytes:
        assert (tmp_path / "out" / "index.html").exists()  # written before
        raise error

    monkeypatch.setattr(printed, "to_pdf", fail)
    given, out = laid(tmp_path / "results", "a2020-x"), tmp_path / "out"
    made = render(given, out, templates=TEMPLATES, each=True)
    made_files = ["badge.svg", "claims.csv", "index.html", "results.csv", "summary.md"]
    assert names(out) == sorted(["a2020-x-quick.html", *made_files])
    assert made.pdf_note.startswith("no PDF of report.html: ")
    assert made.pdf_note.isprintable()
    assert "report.pdf" not in links(out)


def test_a_file_that_cannot_be_written_takes_no_other_along(tmp_path):
    given, out = laid(tmp_path / "results", "a2020-x"), tmp_path / "out"
    (out / "index.html").mkdir(parents=True)
    with pytest.raises(OutsideError, match=r"out/index\.html: cannot be written: Is a directory"):
        render(given, out, templates=TEMPLATES, pdf=False)
    assert {"a2020-x-quick.html", "claims.csv", "results.csv", "summary.md"} < set(names(out))


def test_a_report_that_is_cut_short_is_completed_by_the_next(tmp_path):
    out = Folder(tmp_path)
    out.write({"old.html": b"old", "index.html": b"old"})
    out.finish()
    cut = Folder(tmp_path)
    cut.write({"index.html": b"new", "page.html": b"new"})  # and no more
    last = Folder(tmp_path)
    last.write({"index.html": b"last"})
    last.finish()
    assert names(tmp_path) == ["index.html"]


def test_one_writer_at_a_time_and_a_line_for_one_that_waits_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "PATIENCE", 0.05)
    with (
        writing(tmp_path / "out"),
        pytest.raises(OutsideError, match="out: another report is being"),
    ):
        writing(tmp_path / "out").__enter__()
    (tmp_path / "file").touch()
    with pytest.raises(OutsideError, match="file: cannot be written: Not a directory"):
        writing(tmp_path / "file").__enter__()


def test_of_two_reports_at_once_the_last_has_the_newest_record(tmp_path):
    """The one that began first read its records first, and wrote last."""
    project = make(tmp_path)
    store(project / "results", record(name="a2020-x"))
    with writing(project / "results" / "report"):  # as one that is at work
        started = subprocess.Popen(
            [sys.executable, "-m", "ae", "report", "--no-pdf"], cwd=project, env=ENVIRONMENT
        )
        time.sleep(2.0)  # it is here, and waits
        assert started.poll() is None
        store(project / "results", record(name="b2020-x"))
    assert started.wait(100) == 0
    assert "b2020-x-quick.html" in links(project / "results" / "report")
