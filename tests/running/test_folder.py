"""A results folder: one process at a time, old and new never mixed, no litter."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT

from ae.errors import OutsideError
from ae.records.figures import FigureRecord
from ae.records.record import Record, read
from ae.running import folder as folders
from ae.running.folder import finish, finished, forget, held, stage

GIVEN = Path(__file__).parents[1].joinpath("tracked-record.json")


def drawn(record, name, folder):
    """The record with one figure, whose files hold its name."""
    for kind in ("png", "npz"):
        (folder / f"{name}.{kind}").write_text(name)
    figure = FigureRecord(
        name=name,
        title="",
        caption="",
        paper="",
        image=f"{name}.png",
        vector=None,
        arrays=f"{name}.npz",
        digest=name,
        width=1,
        height=1,
    )
    return record.model_copy(update={"figures": [figure]})


def visible(folder):
    return {p.name for p in folder.iterdir() if not p.name.startswith(".")}


@pytest.fixture
def record() -> Record:
    return read(GIVEN)


@pytest.fixture
def other():
    """Another process that holds a folder: it is given the folder's name, and says when it does."""
    code = (
        "import sys, time; from pathlib import Path; from ae.running.folder import held\n"
        "with held(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    started = []

    def start(folder):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_second_run_is_refused_in_one_line_that_names_the_first(tmp_path, other):
    first = other(tmp_path)
    with pytest.raises(OutsideError) as error, held(tmp_path):
        pass
    assert re.fullmatch(
        rf"{re.escape(str(tmp_path))}: another `ae run` is at work there \(pid {first.pid} on "
        r"\S+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\); wait for it or end it",
        str(error.value),
    )


def test_the_lock_of_a_killed_process_does_not_block(tmp_path, other):
    first = other(tmp_path)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert json.loads((tmp_path / ".holder").read_bytes())["pid"] == first.pid
    with held(tmp_path):
        assert json.loads((tmp_path / ".holder").read_bytes())["pid"] == os.getpid()
    assert not (tmp_path / ".holder").exists()


def test_what_killed_writers_left_aside_is_removed_and_nothing_else(tmp_path):
    kept = ["mlflow.json", ".mlflow.json.abcd_123", "members/a.safetensors", "filters.png"]
    left = [".record.json.abcd_123", "members/.a.safetensors.x7_____z", "checkpoints/.b.c.01234567"]
    left.append("checkpoints/.tmpmx2CiF")
    for name in (*kept, *left):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    with held(tmp_path):
        assert [(tmp_path / n).exists() for n in (*kept, *left)] == [True] * 4 + [False] * 4


def test_what_safetensors_writes_aside_has_a_name_that_is_removed(tmp_path):
    code = (
        "import sys, numpy; from safetensors.numpy import save_file\n"
        "save_file({'a': numpy.zeros(1 << 27, numpy.uint8)}, sys.argv[1])"
    )
    child = subprocess.Popen([sys.executable, "-c", code, tmp_path / "weights"])
    seen = set()
    while child.poll() is None:
        seen |= {name for name in os.listdir(tmp_path) if name != "weights"}
    assert (child.returncode, len(seen)) == (0, 1)
    assert all(folders.ASIDE.fullmatch(name) for name in seen)


def test_a_record_takes_the_place_of_the_former_with_its_figures(tmp_path, record):
    finish(tmp_path, drawn(record, "old", stage(tmp_path)), "1", {})
    assert visible(tmp_path) == {"record.json", "state.json", "old.png", "old.npz"}
    new = drawn(record, "new", stage(tmp_path))
    assert finished(tmp_path, "1")
    finish(tmp_path, new, "2", {})
    assert visible(tmp_path) == {"record.json", "state.json", "new.png", "new.npz"}
    assert finished(tmp_path, "2")
    assert not finished(tmp_path, "1")
    assert read(tmp_path / "record.json").model_dump_json() == new.model_dump_json()


@pytest.mark.parametrize("moves", range(4))
def test_a_move_that_is_cut_short_shows_no_mixture_and_is_completed(
    tmp_path, record, monkeypatch, moves
):
    finish(tmp_path, drawn(record, "same", stage(tmp_path)), "1", {})
    staged = stage(tmp_path)
    new = drawn(record, "same", staged).model_copy(update={"seconds": 9.0})
    (staged / "same.png").write_text("changed")
    real, calls = os.replace, []

    def cut(source, target):
        if Path(target).parent == tmp_path:
            if len(calls) == moves:
                raise KeyboardInterrupt
            calls.append(target)
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(folders.os, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            finish(tmp_path, new, "2", {})
    assert not (tmp_path / "record.json").exists()
    with held(tmp_path):
        assert finished(tmp_path, "2")
    assert read(tmp_path / "record.json").model_dump_json() == new.model_dump_json()
    assert (tmp_path / "same.png").read_text() == "changed"
    assert not (tmp_path / ".staged").exists()


def test_figures_that_are_staged_without_a_record_are_dropped(tmp_path, record):
    finish(tmp_path, drawn(record, "old", stage(tmp_path)), "1", {})
    (stage(tmp_path) / "old.png").write_text("half")
    with held(tmp_path):
        assert finished(tmp_path, "1")
        assert (tmp_path / "old.png").read_text() == "old"
        assert not (tmp_path / ".staged").exists()


def test_a_missing_figure_or_a_damaged_record_is_not_finished(tmp_path, record):
    finish(tmp_path, drawn(record, "old", stage(tmp_path)), "1", {})
    (tmp_path / "old.png").unlink()
    assert not finished(tmp_path, "1")
    finish(tmp_path, drawn(record, "old", stage(tmp_path)), "1", {})
    (tmp_path / "record.json").write_text((tmp_path / "record.json").read_text()[:99])
    assert not finished(tmp_path, "1")


def test_forgetting_leaves_no_weights_no_measures_and_nothing_finished(tmp_path, record):
    finish(tmp_path, drawn(record, "old", stage(tmp_path)), "1", {})
    names = ["members/a.safetensors", "checkpoints/a.safetensors", "measures.json"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    forget(tmp_path)
    assert [(tmp_path / n).exists() for n in names] == [False] * 3
    assert not finished(tmp_path, "1")
    assert (tmp_path / "record.json").exists()


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc")
def test_a_folder_that_cannot_be_written_is_one_line():
    with pytest.raises(OutsideError, match=r"/proc/ae/results: cannot be written: No such file"):
        held(Path("/proc/ae/results")).__enter__()
