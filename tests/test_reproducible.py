"""The same run in another folder, locale, time zone and order of hashes gives the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from project import PYTHONPATH, make

from ae.records.record import read
from ae.training import weights as store

PLAIN = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"}
OTHER = {
    "LC_ALL": "C",
    "LANG": "tr_TR.UTF-8",
    "LANGUAGE": "tr",
    "TZ": "Pacific/Kiritimati",
    "PYTHONHASHSEED": "4242",
    "PYTHONUTF8": "0",
    "COLUMNS": "40",
}


def ran(folder: Path, within: str, environment: dict[str, str], *options: str) -> Path:
    """The folder of the run's results; the command was given within a folder of the project."""
    folder.mkdir(parents=True)
    project = make(folder)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AE_", "MLFLOW_", "LC_"))}
    done = subprocess.run(
        [sys.executable, "-m", "ae", "run", "--tier", "smoke", "--no-pdf", "--no-track", *options],
        cwd=project / within,
        env=kept | {"OMP_NUM_THREADS": "1", "PYTHONPATH": PYTHONPATH} | environment,
        capture_output=True,
        check=False,
        timeout=550,
    )
    assert done.returncode == 0, done.stderr.decode()
    return project / "results"


@pytest.mark.slow
def test_folder_locale_time_zone_and_hashes_change_nothing(tmp_path):
    one = ran(tmp_path / "one", ".", PLAIN, "--jobs", "0")  # in one process, the other in two
    two = ran(tmp_path / "zwei, with a space/ä", "benchmarks", OTHER)
    name = "tiny2020-dae/smoke"
    first, second = (read(r / name / "record.json") for r in (one, two))
    assert first.digest == second.digest
    assert first.environment == second.environment
    for mine, theirs in zip(first.runs, second.runs, strict=True):
        assert (mine.curves, mine.stack) == (theirs.curves, theirs.stack)
    for path in sorted((one / name).glob("filters.*")):
        assert path.read_bytes() == (two / name / path.name).read_bytes(), path.name
    weights = sorted((one / name / "members").iterdir())
    assert len(weights) == 9
    for path in weights:
        mine, theirs = (store.load(p, "cpu")[0] for p in (path, two / name / "members" / path.name))
        assert mine.keys() == theirs.keys()
        assert all(mine[key].equal(theirs[key]) for key in mine)
