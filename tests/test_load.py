"""A thousand records of two hundred papers: listing, checking, reporting take seconds.

pytest -s tests/test_load.py    # prints the figures
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from load import lay
from project import ROOT

SPECS, EACH, POINTS = 200, 5, 100_000


class Cost(NamedTuple):
    """Processor seconds, the peak in MB, and what was printed."""

    seconds: float
    peak: float
    lines: list[str]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("load")
    assert lay(folder, specs=SPECS, each=EACH, points=POINTS) == SPECS * EACH
    return folder


def cost(project: Path, *arguments: str) -> Cost:
    """What a command takes in a process of its own, children and all."""
    with (project / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "ae", *arguments],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    lines = (project / "said.txt").read_text().splitlines()
    assert process.returncode == 0, lines[-5:]
    found = Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, lines)
    print(f"ae {' '.join(arguments)}: {found.seconds:.1f} s of processor time, {found.peak:.0f} MB")
    return found


@pytest.mark.slow
def test_listing_reads_a_thousand_records(project):
    found = cost(project, "list")
    assert sum(": recorded " in line for line in found.lines) == SPECS * EACH
    assert found.seconds < 6
    assert found.peak < 150


@pytest.mark.slow
def test_checking_reads_two_hundred_specs(project):
    found = cost(project, "check")
    assert found.lines == ["all specs and manifests are sound"]
    assert found.seconds < 6
    assert found.peak < 150


@pytest.mark.slow
def test_reporting_draws_four_hundred_pages_and_says_why_it_prints_none(project):
    found = cost(project, "report")  # of the tiers paper and quick
    assert "ae: no PDF: of 100 records at most, and there are 400; the HTML has all" in found.lines
    pages = list((project / "results" / "report").glob("author*.html"))
    assert len(pages) == 2 * SPECS
    assert found.seconds < 20
    assert found.peak < 400
