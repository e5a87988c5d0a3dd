"""Runs that are killed, or find the disk full, and the runs after them; NaN in one seed of ten.

`tests/kills.py` does the killing; by hand it does more of it.
"""

import math
import re

import project as small
import pytest
import torch
from command import ALONE, ae, script
from project import ROOT, make
from shared import empty_store

from ae.report import render
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("one_thread")


def kills(*arguments):
    """The lines that the script prints."""
    code, out, err = script("kills.py", *map(str, arguments))
    assert code == 0, out + err
    return out.splitlines()


@pytest.mark.parametrize("count", [2, pytest.param(10, marks=pytest.mark.nightly)])
def test_a_run_killed_at_any_moment_ends_as_one_never_killed_and_is_sent_to_mlflow_once(
    tmp_path, tmp_path_factory, count
):
    *trials, summary = kills(tmp_path, "random", count, empty_store(tmp_path_factory))
    assert len(trials) == count
    assert all(line.endswith("; equal") for line in trials)
    assert summary == f"{count} kills; all ended as the whole run did"


@pytest.mark.parametrize("count", [1, pytest.param(4, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("kind", ["targeted", "full"])
def test_a_run_killed_within_a_write_or_without_space_spoils_nothing(tmp_path, kind, count):
    *trials, summary = kills(tmp_path, kind, count)
    assert len(trials) == count
    code = {"targeted": "-9", "full": "3"}[kind]
    assert all(f", exit {code}: " in line and line.endswith("; equal") for line in trials)
    assert re.fullmatch(rf"{count} of \d+ writes; all ended as the whole run did", summary)


def test_files_that_may_not_grow_are_one_line_and_the_next_run_completes(tmp_path):
    """The system's own refusal, of weights that are being written by a library."""
    project = make(tmp_path)
    code, _, err = ae(project, *ALONE, largest=20_000)
    assert code == 3
    (line,) = [t for t in err.splitlines() if t.startswith("ae: ")]
    assert re.search(r"members/\S+\.safetensors: cannot be written: .*File too large", line)
    assert list(project.glob("results/*/smoke/members/*")) == []
    code, _, err = ae(project, *ALONE)
    assert code == 0, err
    assert list(project.glob("results/*/smoke/record.json"))


def test_nan_in_one_seed_of_ten_leaves_nine_and_the_report_says_so(tmp_path, monkeypatch):
    project = make(tmp_path)
    real = Training.run

    def spoiled(self):
        for progress in real(self):
            if progress.step == 12 and len(self.stack.seeds) == 10:  # the run of its own width
                with torch.no_grad():
                    next(iter(self.stack.parameters.values()))[3].fill_(math.nan)
            yield progress

    def run(results):
        _, record = small.run(project, results, seeds=tuple(range(10)))
        return record, project / results / "tiny2020-dae" / "smoke" / "record.json"

    whole, _ = run("whole")
    monkeypatch.setattr(Training, "run", spoiled)
    record, path = run("results")
    lost, good = record.run("wide"), whole.run("wide")
    assert lost.diverged == {3: "loss not finite in fit, by step 13 of 40"}
    for seed, (mine, theirs) in enumerate(
        zip(lost.metrics["squared_error"], good.metrics["squared_error"], strict=True)
    ):
        assert math.isnan(mine) if seed == 3 else mine == theirs
    assert record.run("plain").metrics == whole.run("plain").metrics
    assert record.run("plain").curves == whole.run("plain").curves
    render([(record, path)], tmp_path / "report", templates=ROOT / "reports/templates", pdf=False)
    page = (tmp_path / "report" / "tiny2020-dae-smoke.html").read_text()
    assert "seed 3 diverged: loss not finite in fit, by step 13 of 40" in page
    assert "seed 4 diverged" not in page
    assert ">diverged<" in page
    table = (tmp_path / "report" / "results.csv").read_text()
    assert len(re.findall("loss not finite", table)) == 1
