"""No fault that axe-core finds, in the light and in the dark."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from watched import HOSTILE, ROOT, faults

from ae.machine.git import Commit
from ae.records.record import read
from ae.report.history import page
from ae.results.history import Revision, tracks

Open = Callable[..., Any]


EVERY_PAGE = (
    ("hostile", HOSTILE),
    ("published", "perf.html"),
    ("published", "cs182-ae-vae-quick.html"),
    ("hostile", "index.html"),
)


@pytest.mark.parametrize(
    ("scheme", "pages"),
    [
        ("light", EVERY_PAGE),
        ("dark", EVERY_PAGE[:2]),
        pytest.param("dark", EVERY_PAGE, marks=pytest.mark.nightly),
    ],
)
def test_pages_have_no_faults(
    opened: Open, published: Path, hostile: Path, scheme: str, pages: tuple[tuple[str, str], ...]
) -> None:
    """In the dark, by day, a page of each kind; one of the first page is in `test_index`."""
    folders = {"hostile": hostile, "published": published}
    for folder, name in pages:
        assert faults(opened(folders[folder] / name, scheme=scheme), scheme) == [], name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_history_has_none(
    opened: Callable[..., Any], tmp_path: Path, scheme: str
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
    assert faults(opened(path, scheme=scheme), scheme) == []
    assert faults(opened(path, scheme=scheme, width=380), scheme) == []


def test_faults_are_found(opened: Open, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<!doctype html><html><title>x</title><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>"
        "<p style='color: #999; background: #aaa'>hardly to be read</p><button></button>"
    )
    found = {fault.partition(" ")[0] for fault in faults(opened(page))}
    assert {"color-contrast", "html-has-lang", "image-alt", "button-name"} <= found
    dark = {fault.partition(" ")[0] for fault in faults(opened(page, scheme="dark"), "dark")}
    assert dark == {"color-contrast"}
