"""Specs in processes of their own: the same numbers, and a good end whatever ends them."""

import math
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing import Pipe

import project as small
import pytest
from project import PYTHONPATH, make

from ae.errors import Interrupted, MissingData, OutsideError, UserError
from ae.records import record as records
from ae.running import pool, worker
from ae.running.happening import Crash, LeftOut, Progress, Recorded
from ae.running.jobs import Job
from ae.running.pool import how_many
from ae.running.state import Request
from ae.running.suite import Suite

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


def requests(project, **keys):
    paths = sorted((project / "benchmarks").iterdir())
    return [Request(path, small.settings(project, draw=False, **keys)) for path in paths]


def happened(project, jobs, stop=lambda: False, **keys):
    return list(Suite(requests(project, **keys), stop, jobs=jobs).run())


def recorded(found):
    return {h.path.stem: h for h in found if isinstance(h, Recorded)}


def timeless(record):
    """All of a record but its times."""
    found = record.model_dump(mode="json", exclude=TIMES)
    for run in found["runs"]:
        del run["seconds"], run["trained"]
        for member in run["members"]:
            del member["seconds"], member["cpu_seconds"], member["trained"]["date"]
    return found


def test_two_at_once_give_what_one_after_the_other_gives(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = twins(tmp_path / "one", NAMES[1])
    two = twins(tmp_path / "two", NAMES[1])
    here, both = recorded(happened(one, 0)), recorded(happened(two, 2))
    assert sorted(both) == sorted(here) == list(NAMES)
    for name in NAMES:
        mine, theirs = (records.read(found[name].record) for found in (here, both))
        assert timeless(mine) == timeless(theirs)
        assert mine.environment.threads == theirs.environment.threads == 1
        assert mine.environment.code == theirs.environment.code
        assert both[name].usage.cpu > 0.1
        assert 50 < both[name].usage.peak_mib < 20_000
    again = recorded(happened(two, 0))
    for name in NAMES:
        assert records.read(again[name].record).started == records.read(both[name].record).started


def test_the_stacks_of_one_paper_are_shared_out(tmp_path):
    """Two workers train a stack each at the same time; that seen, they need not end."""
    project = make(tmp_path, epochs="3000")
    both, at_once, working = frozenset({"plain, noisy", "wide"}), set(), set()
    with suppress(Interrupted):
        for h in Suite(requests(project), lambda: both in at_once, jobs=2).run():
            if isinstance(h, Progress) and h.event.phase == "train":
                name = h.event.detail.rpartition(",")[0]
                (working.discard if h.event.detail.endswith("trained") else working.add)(name)
                at_once.add(frozenset(working))
    assert both in at_once


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
        training |= set(re.findall(r"^(\S+  train: .*), fit", line))
        if len(training) == 2:
            break
    os.killpg(started.pid, signal.SIGTERM)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 143
    kept = "tiny2020-dae: checkpoint written; tiny2021-dae: (not begun|checkpoint written)"
    said = rf"ae: terminated \(SIGTERM\): {kept}; run again to go on"
    assert re.fullmatch(said, err.splitlines()[-1])
    assert err.count("\nae: ") + err.startswith("ae: ") == 1
    with pytest.raises(ProcessLookupError):
        os.killpg(started.pid, 0)
    assert len(list(project.glob("results/*/smoke/checkpoints/*.safetensors"))) == 2


def test_a_worker_whose_master_is_gone_stops_after_its_step(tmp_path):
    project = make(tmp_path, epochs="100000")
    (request,) = requests(project)
    stack = tuple((m.run, m.seed) for m in small.paper(project).to_train()[-1].members)
    one = pool._Worker(1)
    one.give(Job("train", request.path, request.settings, stack))
    while one.hear().event.phase != "train":
        pass
    one.pipe.close()
    assert one._process.wait(30) == 0
    assert len(list(project.glob("results/*/smoke/checkpoints/*.safetensors"))) == 1


BEGIN = """
import os, signal, sys, time
sys.path[:] = sys.argv[2:]
from multiprocessing.connection import Connection
from pathlib import Path
from ae.running.event import Event
from ae.running.jobs import PlannedPaper, PlannedStack
from ae.running.worker import *
pipe = Connection(int(sys.argv[1]))
def event(): pipe.send(Happened(Event("train", "a, fit", 0.5, 1.0, 0.5)))
def wait():
    while pipe.recv() != "stop": pass
    pipe.send(Stopped("checkpoint written"))
def done(result): pipe.send(Done(result, None))
while isinstance(job := pipe.recv(), object) and job != "stop":
    if job.kind == "plan":
        done(PlannedPaper(job.path, (PlannedStack((("a", 0),), 1.0, 1, 1, 0.0),), {}, False, 0.0))
    elif job.kind == "conclude":
        done(Path("r.json"))
    else:
"""


def acting(monkeypatch, *acts):
    """Let workers do this instead of training; `acts` are lines of Python in turn, by the name."""
    table = dict(zip(NAMES, acts, strict=False))
    monkeypatch.setattr(pool, "CODE", f"{BEGIN}        exec({table!r}[job.name])\n")


def asked(project, jobs=2, stop=lambda: False):
    """A session of two papers that are nowhere; their workers only act."""
    paths = [project / "benchmarks" / f"{name}.toml" for name in NAMES]
    return Suite([Request(p, small.settings(project)) for p in paths], stop, jobs=jobs)


def test_a_worker_that_is_killed_is_named_and_the_others_finish(tmp_path, monkeypatch):
    acting(
        monkeypatch, "event(); os.kill(os.getpid(), signal.SIGKILL)", "time.sleep(1); done(None)"
    )
    found = []
    with pytest.raises(OutsideError, match=r"^not done: tiny2020-dae$"):
        found += [found.append(h) for h in asked(tmp_path).run()]
    left = [h for h in found if isinstance(h, LeftOut)]
    said = "its process was ended by SIGKILL; memory may have run short, --jobs 1 takes less"
    assert [(h.name, h.why) for h in left] == [("tiny2020-dae", f"{said}; run again to go on")]
    assert list(recorded([h for h in found if h])) == ["tiny2021-dae"]


@pytest.mark.parametrize(
    ("kind", "text"), [("UserError", "x.toml: no"), ("OutsideError", "no space")]
)
def test_a_paper_that_fails_is_left_out_and_the_others_are_done(tmp_path, monkeypatch, kind, text):
    acting(monkeypatch, f"pipe.send(Failed({kind!r}, {text!r}))", "time.sleep(0.5); done(None)")
    found = []
    with pytest.raises(OutsideError, match=r"^not done: tiny2020-dae$"):
        found += [found.append(h) for h in asked(tmp_path).run()]
    assert [(h.kind, h.why) for h in found if isinstance(h, LeftOut)] == [(kind, text)]
    assert list(recorded([h for h in found if h])) == ["tiny2021-dae"]


@pytest.mark.parametrize("kind", [UserError, OutsideError])
def test_what_the_only_paper_meets_is_the_sessions_own(tmp_path, monkeypatch, kind):
    acting(monkeypatch, f"pipe.send(Failed({kind.__name__!r}, 'no'))")
    path = tmp_path / "benchmarks" / f"{NAMES[0]}.toml"
    with pytest.raises(kind, match=r"^no$"):
        list(Suite([Request(path, small.settings(tmp_path))], lambda: False, jobs=1).run())


def test_a_fault_of_ae_stops_the_others_in_order(tmp_path, monkeypatch):
    told = tmp_path / "told"
    acting(
        monkeypatch,
        "time.sleep(1); pipe.send(Crashed('Traceback\\n  1 / 0'))",
        f"wait(); open({str(told)!r}, 'w')",
    )
    with pytest.raises(Crash, match="\nTraceback\n  1 / 0"):
        list(asked(tmp_path).run())
    assert told.exists()


def test_data_that_are_not_at_hand_leave_a_spec_out(tmp_path, monkeypatch):
    lost = "pipe.send(Failed('MissingData', 'no mirror'))"
    acting(monkeypatch, lost, lost)
    found = []
    with pytest.raises(MissingData, match="the data of no spec are at hand"):
        found += [found.append(h) for h in asked(tmp_path).run()]
    assert {h.why for h in found if isinstance(h, LeftOut)} == {"no mirror"}


def test_once_stopped_none_is_begun_and_no_process_is_left(tmp_path, monkeypatch):
    acting(monkeypatch, "event(); wait()", "wait()")
    heard = []
    suite = asked(tmp_path, jobs=1, stop=lambda: bool(heard))

    def listen():
        for h in suite.run():
            if isinstance(h, Progress) and h.event.phase == "train":
                heard.append(h)

    with pytest.raises(Interrupted, match=r"^tiny2020-dae: checkpoint written; tiny2021-dae: not"):
        listen()
    acting(monkeypatch, "event(); time.sleep(60)", "event(); time.sleep(60)")
    made = []
    real = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: made.append(real(*a, **k)) or made[-1])
    events, at_work = asked(tmp_path).run(), set()
    while at_work != {*NAMES}:  # one that is idle by then is told to end, and not killed
        if isinstance(h := next(events), Progress) and h.event.phase == "train":
            at_work.add(h.name)
    with pytest.raises(SystemExit):
        events.throw(SystemExit(130))
    assert {one.returncode for one in made} == {-signal.SIGKILL}


def test_a_deadline_stops_training_and_what_is_trained_is_concluded(tmp_path, monkeypatch):
    acting(monkeypatch, "event(); wait()", "done(None)")
    paths = [tmp_path / "benchmarks" / f"{name}.toml" for name in NAMES]
    wanted = [Request(p, small.settings(tmp_path)) for p in paths]
    suite = Suite(wanted, lambda: False, jobs=2, deadline=math.inf)
    found = []
    for happened in suite.run():
        found.append(happened)
        if suite.deadline == math.inf and any(paper.trained for paper in suite.papers):
            suite.deadline = time.monotonic()
    assert "tiny2021-dae" in recorded(found)


@pytest.mark.parametrize(
    ("error", "last"),
    [
        (MissingData("m"), worker.Failed("MissingData", "m")),
        (UserError("u"), worker.Failed("UserError", "u")),
        (OSError(28, "No space"), worker.Failed("OSError", "[Errno 28] No space")),
        (MemoryError("big"), worker.Failed("MemoryError", "big")),
        (Interrupted(), worker.Stopped("checkpoint written")),
        (Interrupted("trained members are kept"), worker.Stopped("trained members are kept")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_worker_says_what_it_met(monkeypatch, error, last):
    def meet(*arguments):
        raise error

    monkeypatch.setattr(worker, "_do", meet)
    assert worker._last(None, None, None) == last


def test_a_fault_of_a_worker_is_told_with_its_whole_traceback(monkeypatch):
    monkeypatch.setattr(worker, "_do", lambda *arguments: 1 / 0)
    told = worker._last(None, None, None)
    assert told.traceback.startswith("Traceback")
    assert told.traceback.endswith("ZeroDivisionError: division by zero\n")


def test_a_worker_heeds_the_order_to_stop_and_the_end_of_the_pipe(monkeypatch):
    for end in (lambda pipe: pipe.send("stop"), lambda pipe: pipe.close()):
        ours, theirs = Pipe()
        monkeypatch.setattr(worker.signal, "signal", lambda *arguments: None)
        orders = worker.Orders(theirs)
        assert not orders()
        end(ours)
        for _ in range(100):
            if orders():
                break
            time.sleep(0.02)
        assert orders()
        assert orders.next() is None


def test_there_are_as_many_as_cores_and_memory_allow(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("ae.machine.threads.cores", lambda: 8)
    monkeypatch.setattr(pool, "free_gib", lambda: 100.0)
    assert how_many() == 8
    monkeypatch.setattr(pool, "free_gib", lambda: 5.0)
    assert how_many() == 2
    monkeypatch.setattr(pool, "free_gib", lambda: 0.5)
    assert how_many() == 1
    monkeypatch.setattr(pool, "free_gib", lambda: 100.0)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert how_many() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "4,2")
    assert how_many() == 4
