"""Specs in processes of their own: the same numbers, and a good end whatever ends them."""

import os
import re
import signal
import subprocess
import sys
import time
from multiprocessing import Pipe

import pytest
from project import PYTHONPATH, make

from ae import jobs, worker
from ae import record as records
from ae.bench import Bench
from ae.errors import MissingData, OutsideError, UserError
from ae.fitting import Interrupted
from ae.jobs import how_many, longest_first, together
from ae.together import Crash, Session
from ae.worker import Job

pytestmark = pytest.mark.usefixtures("one_thread")
NAMES = ("tiny2020-dae", "tiny2021-dae")
TIMES = {"started", "seconds", "energy", "environment"}


def twins(folder, *names, **replacements):
    """The small project, with copies of its spec under these names."""
    make(folder, **replacements)
    text = (folder / "benchmarks" / "tiny2020-dae.toml").read_text()
    for name in names:
        (folder / "benchmarks" / f"{name}.toml").write_text(text)
    return folder


def bench(project, **keys):
    keys = {"seeds": None, "fresh": False, "stop": lambda: False} | keys
    return Bench(project, "smoke", "cpu", **keys)


def job(project, name="tiny2020-dae"):
    return Job(
        path=project / "benchmarks" / f"{name}.toml",
        tier="smoke",
        root=project,
        results=project / "results",
        device="cpu",
        seeds=None,
        fresh=False,
        draw=False,
        metered=False,
    )


def timeless(record):
    """All of a record but its times."""
    found = record.model_dump(mode="json", exclude=TIMES)
    for run in found["runs"]:
        del run["seconds"], run["trained"]
    return found


def test_two_at_once_give_what_one_after_the_other_gives(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = twins(tmp_path / "one", NAMES[1])
    two = twins(tmp_path / "two", NAMES[1])

    def kept(path, record, usage):
        return path.stem, record, usage

    serial, both = (
        bench(root, jobs=n, draw=False).work(
            sorted((root / "benchmarks").iterdir()), kept, metered=True
        )
        for root, n in ((one, 1), (two, 2))
    )
    assert [name for name, _, _ in both] == list(NAMES)
    for (_, mine, used), (_, theirs, _) in zip(both, serial, strict=True):
        assert timeless(mine) == timeless(theirs)
        assert mine.environment.threads == theirs.environment.threads == 1
        assert mine.environment.code == theirs.environment.code
        assert used.cpu > 0.1
        assert 50 < used.peak_mib < 20_000
    again, _ = bench(two, draw=False).run(two / "benchmarks" / f"{NAMES[0]}.toml")
    assert again == both[0][1]  # recognised here, too


def test_terminated_while_two_are_at_work_both_keep_a_checkpoint_and_nobody_is_left(tmp_path):
    project = twins(tmp_path, NAMES[1], epochs="100000")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AE_", "MLFLOW_"))}
    options = ("--tier", "smoke", "--no-pdf", "--no-track", "--jobs", "2")
    started = subprocess.Popen(
        [sys.executable, "-m", "ae", "run", *options],
        cwd=project,
        env=environment | {"OMP_NUM_THREADS": "1", "PYTHONPATH": PYTHONPATH},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    training = set()
    for line in started.stderr:
        training |= set(re.findall(r"^(\S+)  train: ", line))
        if training == set(NAMES):
            break
    os.killpg(started.pid, signal.SIGTERM)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 143
    kept = "; ".join(f"{name}: checkpoint written" for name in NAMES)
    assert err.splitlines()[-1] == f"ae: terminated (SIGTERM): {kept}; run again to go on"
    assert err.count("\nae: ") + err.startswith("ae: ") == 1
    with pytest.raises(ProcessLookupError):
        os.killpg(started.pid, 0)
    assert len(list(project.glob("results/*/smoke/checkpoints/*.safetensors"))) == 2


def test_a_worker_whose_master_is_gone_stops_after_its_step(tmp_path):
    project = make(tmp_path, epochs="100000")
    one = jobs._Worker(job(project), 1)
    while one.hear()[1] != "train":
        pass
    one.pipe.close()
    assert one._process.wait(20) == 0
    assert len(list(project.glob("results/*/smoke/checkpoints/*.safetensors"))) == 1


def acting(monkeypatch, *acts):
    """Let workers do this instead; `acts` are lines of Python in turn, by the job's name."""
    table = dict(zip(NAMES, acts, strict=False))
    monkeypatch.setattr(jobs, "CODE", f"{BEGIN}exec({table!r}[sys.argv[1]])")


BEGIN = """
import os, signal, sys, time
sys.path[:] = sys.argv[3:]
from multiprocessing.connection import Connection
pipe = Connection(int(sys.argv[2]))
job = pipe.recv()
"""
WAIT = "pipe.recv(); pipe.send(('stopped', 'checkpoint written'))"
EVENT = "pipe.send(('event', 'train', 'a, fit', 1.0, 2.0, 0.5))"


def session(project, then=lambda path, record, usage: path.stem, stop=lambda: False):
    return Session([job(project, name) for name in NAMES], then, stop)


def test_a_worker_that_is_killed_is_named_and_the_others_finish(tmp_path, monkeypatch, capsys):
    done = "pipe.send(('done', __import__('pathlib').Path('r.json'), None))"
    acting(monkeypatch, f"{EVENT}; os.kill(os.getpid(), signal.SIGKILL)", f"time.sleep(1); {done}")
    monkeypatch.setattr(records, "read", lambda path: path)
    seen = []
    one = session(tmp_path, lambda path, record, usage: seen.append((path.stem, record.name)))
    with pytest.raises(OutsideError, match=r"^not done: tiny2020-dae$"):
        one.run(tmp_path, 2)
    assert seen == [("tiny2021-dae", "r.json")]
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("ae: ")]
    said = "its process was ended by SIGKILL; memory may have run short, --jobs 1 takes less"
    assert lines == [f"ae: tiny2020-dae: {said}; run again to go on"]


@pytest.mark.parametrize(
    ("act", "kind", "message"),
    [
        ("pipe.send(('failed', 'UserError', 'x.toml: no'))", UserError, r"^x\.toml: no$"),
        ("pipe.send(('failed', 'OutsideError', 'no space'))", OutsideError, "^no space$"),
        ("pipe.send(('crashed', 'Traceback\\n  1 / 0'))", Crash, "\nTraceback\n  1 / 0"),
    ],
    ids=["user", "outside", "crash"],
)
def test_what_one_meets_arrives_and_the_others_stop_in_order(
    tmp_path, monkeypatch, act, kind, message
):
    acting(monkeypatch, act, f"{WAIT}; open({str(tmp_path / 'told')!r}, 'w')")
    with pytest.raises(kind, match=message):
        session(tmp_path).run(tmp_path, 2)
    assert (tmp_path / "told").exists()


def test_data_that_are_not_at_hand_leave_a_spec_out(tmp_path, monkeypatch, capsys):
    lost = "pipe.send(('failed', 'MissingData', 'no mirror'))"
    acting(monkeypatch, lost, lost)
    with pytest.raises(MissingData, match="the data of no spec are at hand"):
        session(tmp_path).run(tmp_path, 2)
    said = "ae: tiny2020-dae: left out, its data are not at hand: no mirror"
    assert said in capsys.readouterr().err.splitlines()


def test_once_stopped_none_is_begun_and_a_second_signal_leaves_no_process(tmp_path, monkeypatch):
    acting(monkeypatch, f"{EVENT}; {WAIT}", WAIT)
    heard = []
    with pytest.raises(Interrupted, match=r"^tiny2020-dae: checkpoint written; tiny2021-dae: not"):
        session(tmp_path, stop=lambda: len(heard.append(1) or heard) > 8).run(tmp_path, 1)
    acting(monkeypatch, f"{EVENT}; time.sleep(60)", "time.sleep(60)")
    made = []
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: made.append(real(*a, **k)) or made[-1])
    events = together([job(tmp_path, name) for name in NAMES], 2, lambda: False)
    next(events)
    with pytest.raises(SystemExit):
        events.throw(SystemExit(130))
    assert [one.returncode for one in made] == [-signal.SIGKILL] * 2


def test_lines_of_several_specs_are_whole_and_named(tmp_path, monkeypatch, capsys):
    lost = "; pipe.send(('failed', 'MissingData', 'none'))"
    acting(monkeypatch, *(f"[{EVENT} for _ in range(200)]{lost}" for _ in NAMES))
    with pytest.raises(MissingData):
        session(tmp_path).run(tmp_path, 2)
    lines = capsys.readouterr().err.splitlines()
    trained = [line for line in lines if not line.startswith("ae: ")]
    assert sorted(trained) == [f"{name}  train: a, fit (50%)" for name in NAMES]


@pytest.mark.parametrize(
    ("error", "last"),
    [
        (MissingData("m"), ("failed", "MissingData", "m")),
        (UserError("u"), ("failed", "UserError", "u")),
        (OSError(28, "No space"), ("failed", "OSError", "[Errno 28] No space")),
        (MemoryError("big"), ("failed", "MemoryError", "big")),
        (Interrupted(), ("stopped", "checkpoint written")),
        (Interrupted("trained stacks are kept"), ("stopped", "trained stacks are kept")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_worker_says_what_it_met(monkeypatch, error, last):
    def meet(*arguments):
        raise error

    monkeypatch.setattr(worker, "_run", meet)
    assert worker._work(None, None, None) == last


def test_a_fault_of_a_worker_is_told_with_its_whole_traceback(monkeypatch):
    monkeypatch.setattr(worker, "_run", lambda *arguments: 1 / 0)
    kind, trace = worker._work(None, None, None)
    assert kind == "crashed"
    assert trace.startswith("Traceback")
    assert trace.endswith("ZeroDivisionError: division by zero\n")


def test_a_worker_heeds_the_order_to_stop_and_the_end_of_the_pipe(monkeypatch):
    for end in (lambda pipe: pipe.send("stop"), lambda pipe: pipe.close()):
        ours, theirs = Pipe()
        monkeypatch.setattr(worker.signal, "signal", lambda *arguments: None)
        stop = worker.Stop(theirs)
        assert not stop()
        end(ours)
        for _ in range(100):
            if stop():
                break
            time.sleep(0.02)
        assert stop()


def test_there_are_as_many_as_cores_specs_and_memory_allow(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(jobs, "cores", lambda: 8)
    monkeypatch.setattr(jobs, "_free_gib", lambda: 100.0)
    assert (how_many(20), how_many(3), how_many(1)) == (8, 3, 1)
    monkeypatch.setattr(jobs, "_free_gib", lambda: 6.0)
    assert how_many(20) == 2
    monkeypatch.setattr(jobs, "_free_gib", lambda: 0.5)
    assert how_many(20) == 1
    monkeypatch.setattr(jobs, "_free_gib", lambda: 100.0)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert how_many(20) == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "4,2")
    assert how_many(20) == 4


def test_the_longest_begins_and_the_unknown_before_it(tmp_path):
    (tmp_path / "reports" / "baseline").mkdir(parents=True)
    for name, text in (("a", '{"seconds": 3}'), ("b", '{"seconds": 40.5}'), ("c", "{")):
        (tmp_path / "reports" / "baseline" / f"{name}.json").write_text(text)
    paths = [tmp_path / f"{name}.toml" for name in "abcd"]
    assert [p.stem for p in longest_first(tmp_path, paths)] == ["c", "d", "b", "a"]
