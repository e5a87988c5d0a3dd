"""A thousand records of two hundred papers: listing, checking, reporting, judging take seconds.

pytest -s tests/test_load.py    # prints the figures
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from load import lay, lay_baselines
from project import PYTHONPATH

SPECS, EACH, POINTS = 200, 5, 100_000
START = """
import os, sys
child = os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, used = os.wait4(child, 0)
with open(sys.argv[1], "w") as file:
    code = os.waitstatus_to_exitcode(status)
    print(code, used.ru_utime + used.ru_stime, used.ru_maxrss, file=file)
"""


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
    """What a command takes in a process of its own, children and all.

    A process's peak counts what it was before it became this command. So a small process starts
    it, and not this one, which holds all that the tests before have loaded.
    """
    used = project / "used.txt"
    with (project / "said.txt").open("wb") as said:
        subprocess.run(
            [sys.executable, "-I", "-c", START, str(used), sys.executable, "-m", "ae", *arguments],
            cwd=project,
            env={**os.environ, "PYTHONPATH": PYTHONPATH, "NO_COLOR": "1"},
            stdout=said,
            stderr=subprocess.STDOUT,
            check=True,
        )
    lines = (project / "said.txt").read_text().splitlines()
    code, seconds, peak = used.read_text().split()
    assert code == "0", lines[-5:]
    found = Cost(float(seconds), float(peak) / 1024, lines)
    print(f"ae {' '.join(arguments)}: {found.seconds:.1f} s of processor time, {found.peak:.0f} MB")
    return found


def test_the_peak_is_the_commands_and_not_that_of_these_tests(project):
    held = np.ones(60_000_000)  # 480 MB
    assert cost(project, "--version").peak < 150
    assert held[-1] == 1


@pytest.mark.slow
def test_listing_reads_a_thousand_records(project):
    found = cost(project, "list")
    tiers = 3  # of the five folders of a spec, two hold a second record of a tier
    assert sum(": recorded " in line for line in found.lines) == SPECS * tiers
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


@pytest.mark.slow
def test_judging_two_hundred_specs_against_their_baselines(project):
    lay_baselines(project)
    found = cost(project, "regress", "--records", "results", "--json", "regress.json")
    outcome = json.loads((project / "regress.json").read_text())
    assert found.lines[-1].startswith(f"green: {4 * SPECS} comparisons of {SPECS} specs")
    assert sum(row["kind"] == "metric" for row in outcome["rows"]) == 3 * SPECS
    assert found.seconds < 25
    assert found.peak < 400
