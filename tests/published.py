"""The published records, and the report of them without its PDF: rendered once in a session."""

import time
from pathlib import Path

import pytest
from project import ROOT
from shared import once

FOLDER = ROOT / "reports" / "published"
PATHS = sorted(FOLDER.glob("*/*/record.json"))
TIME = "seconds.txt"  # of a processor that it took, beside the report


def report(factory: pytest.TempPathFactory) -> Path:
    """The folder with `out`, which no test may change, and TIME."""
    return once(factory, "published", _render)


def _render(folder: Path) -> None:
    from ae.records.record import read
    from ae.records.speed import read as read_speed
    from ae.report import render

    records = [(read(path), path) for path in PATHS]
    speeds = [read_speed(path) for path in sorted((FOLDER / "perf").glob("*.json"))]
    start = time.process_time()
    render(records, folder / "out", templates=ROOT / "reports/templates", pdf=False, speeds=speeds)
    (folder / TIME).write_text(str(time.process_time() - start))
