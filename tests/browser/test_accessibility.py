"""No fault that axe-core finds, in the light and in the dark."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from watched import HOSTILE, ROOT

from ae.machine.git import Commit
from ae.records.record import read
from ae.report.history import page
from ae.results.history import Revision, tracks

RUN = "axe.run(document, { resultTypes: ['violations'] })"
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def axe() -> str:
    return pytest.importorskip("axe_playwright_python.base").AXE_FILE_PATH.read_text()


def faults(tab: Any, axe: str) -> list[str]:
    """What axe says of a page with everything unfolded: the rule and the element, a line each."""
    tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    tab.evaluate(axe)
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:150]}: {node['failureSummary']}"
        for found in tab.evaluate(RUN)["violations"]
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_have_no_faults(
    opened: Callable[..., Any], published: Path, hostile: Path, axe: str, scheme: str
) -> None:
    for path in (
        hostile / HOSTILE,
        hostile / "index.html",
        published / "cs182-ae-vae-quick.html",
        published / "perf.html",
    ):
        assert faults(opened(path, scheme=scheme), axe) == [], path.name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_history_has_none(
    opened: Callable[..., Any], tmp_path: Path, axe: str, scheme: str
) -> None:
    """Of a number that a source prints, at two revisions of a record."""
    record = read(ROOT / "reports/published/hinton2006-deep-autoencoder/quick/record.json")
    past = [
        Revision(Commit(f"{i}" * 40, f"2026-11-2{i}", "reports: <b>a record</b>"), record)
        for i in (1, 2)
    ]
    found = tracks(past, [("ae-30", "squared_error"), ("pca-30", "squared_error")])
    assert [len(track.points) for track in found] == [2, 2]
    path = tmp_path / "history.html"
    path.write_bytes(page(record.name, "A paper", found, ["a note"], ROOT / "reports/templates"))
    assert faults(opened(path, scheme=scheme), axe) == []
    assert faults(opened(path, scheme=scheme, width=380), axe) == []


def test_faults_are_found(opened: Open, tmp_path: Path, axe: str) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<!doctype html><html><title>x</title><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>"
        "<p style='color: #999; background: #aaa'>hardly to be read</p><button></button>"
    )
    found = {fault.partition(" ")[0] for fault in faults(opened(page), axe)}
    assert {"color-contrast", "html-has-lang", "image-alt", "button-name"} <= found
