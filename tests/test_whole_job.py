"""The job that pythae's scripts and `ae run` do alike (`tox -e whole-job`), without the hour it takes."""

import json

import pytest
import whole_job

from ae.spec.read import read_spec
from ae.spec.tiers import cells

SPEC = whole_job.ROOT / "benchmarks" / "kingma2014-vae.toml"
OURS = {size: [-10.0 * size, -10.0 * size - 2] for size in whole_job.SIZES}
PEERS = {size: [-20.0 * size, -20.0 * size - 4] for size in whole_job.SIZES}


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """The commands that the job gives; each leaves the numbers that the true one would."""
    given = []

    def logged(command, env, log):
        given.append(command)
        if "-m" not in command:
            log.with_name("pythae.json").write_text(json.dumps(PEERS))
            return
        runs = [{"name": f"aevb-{n}-1e6", "metrics": {"bound": OURS[n]}} for n in whole_job.SIZES]
        folder = log.parent / "kingma2014-vae" / "paper"
        folder.mkdir(parents=True)
        (folder / "record.json").write_text(json.dumps({"runs": runs}))

    monkeypatch.setattr(whole_job, "logged", logged)
    return given


def told(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["whole_job.py", *arguments])
    monkeypatch.setattr(whole_job.time, "perf_counter", iter([0.0, 90.0, 90.0, 120.0]).__next__)
    whole_job.main()
    return capsys.readouterr().out


def test_both_tables_and_the_ratio_of_the_times_are_printed(monkeypatch, capsys, commands):
    said = told(monkeypatch, capsys)
    assert "pythae's scripts: 90 s" in said
    assert "ae run: 30 s" in said
    assert "take 3.00 times as long" in said
    assert "       3     -62.00       2.83" in said  # mean and deviation of -60 and -64
    assert "     200   -2001.00       1.41" in said
    assert not any("--set" in command for command in commands)


def test_a_tenth_is_a_tenth_of_the_images_for_both(monkeypatch, capsys, commands):
    told(monkeypatch, capsys, "--images", "100000")
    theirs, ours = commands
    assert theirs[2:5] == ["100000", "3,5,10,20,200", "5"]
    assert ours[ours.index("--set") + 1] == "data.limit=6000"


def test_the_spec_has_what_the_job_asks_for(commands, tmp_path):
    whole_job.by_suite(whole_job.WHOLE, tmp_path)
    (command,) = commands
    assert command[command.index("--run") + 1] == "aevb-*-1e6"
    assert command[command.index("--seeds") + 1] == "0-4"
    spec = read_spec(SPEC)
    listed = cells(spec, "paper", where="a spec")
    own = {c.name: c for c in listed if c.name.startswith("aevb-") and c.name.endswith("-1e6")}
    assert set(own) == {f"aevb-{size}-1e6" for size in whole_job.SIZES}
    for cell in own.values():
        (stage,) = (cell.train.stages[used] for used in cell.train.use)
        assert stage.epochs * whole_job.EXAMPLES == pytest.approx(whole_job.WHOLE, abs=stage.batch)
    (bound,) = (m for m in spec.measure if m.name == "bound")
    assert set(own) <= set(bound.runs)
