"""Kill runs of the small project and see that the next run ends as if nothing had happened.

    PYTHONPATH=. python tests/kills.py FOLDER random 30   # killed at moments drawn over the whole run
    PYTHONPATH=. python tests/kills.py FOLDER targeted    # before, within and after every write in turn
    PYTHONPATH=. python tests/kills.py FOLDER full        # every write in turn finds the disk full
    PYTHONPATH=. python tests/kills.py FOLDER jobs 30     # `--jobs 2`: all, the first or a worker killed

A count after `targeted` and `full` tries so many of the writes, evenly spread. Each trial prints a
line; the exit code is 1 if one failed. Runs are forked from this process, which spares imports.
"""

import copy
import errno
import io
import os
import random
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch._dynamo
from matplotlib.backends import backend_agg
from mlflow import MlflowClient
from mlflow.store.tracking import sqlalchemy_store
from project import make

import ae.check
import ae.report
import ae.running.carry
import ae.running.conclusion
import ae.running.pool
import ae.running.suite
import ae.training.stack_training
from ae.cli import main as cli
from ae.figures import filters
from ae.figures.layout import drawing
from ae.metrics import reconstruction
from ae.records import record
from ae.tracking.store import client_of, uri_of
from ae.training import weights as weights_files

IMPORTED = (
    backend_agg,
    torch._dynamo,
    sqlalchemy_store,
    ae.check,
    ae.running.carry,
    ae.running.conclusion,
    ae.running.suite,
    ae.report,
    filters,
    reconstruction,
)  # once for all runs
SEED, NAME, TWIN = 20260, "tiny2020-dae", "tiny2021-dae"
EPOCHS = "12"  # of each, where two are at work
VICTIMS = ("group", "first", "worker")


class Trial:
    """A project in a folder of its own, perhaps with a copy of an MLflow store."""

    def __init__(self, folder: Path, kept: Path | None = None, epochs: str = "12") -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.root = make(folder, epochs=epochs)
        self.folder = folder / "results" / NAME / "smoke"
        if kept is not None:
            (folder / "results").mkdir()
            shutil.copy(kept, folder / "results" / "mlflow.db")

    def start(self, before: Callable[[], None] = lambda: None, *options: str) -> int:
        """Fork a run; what it prints goes to files."""
        if pid := os.fork():
            return pid
        os.chdir(self.root)
        for number, name in ((1, "out.txt"), (2, "err.txt")):
            os.dup2(os.open(self.root / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        jobs = () if "--jobs" in options else ("--jobs", "0")
        sys.argv = ["ae", "run", "--tier", "smoke", "--no-pdf", *jobs, *options]
        try:
            before()
            cli.main()
        except SystemExit as leave:
            os._exit(int(leave.code or 0))
        os._exit(99)

    def run(self, before: Callable[[], None] = lambda: None, *options: str) -> int:
        """Run to the end: the exit code, or minus the signal."""
        return os.waitstatus_to_exitcode(os.waitpid(self.start(before, *options), 0)[1])

    def of(self, name: str) -> "Trial":
        """The same project, looked at for its spec of that name."""
        other = copy.copy(self)
        other.folder = self.root / "results" / name / "smoke"
        return other

    def result(self) -> tuple[str, dict[str, torch.Tensor]]:
        """The record's digest, and all weights."""
        weights = {}
        for path in sorted((self.folder / "stacks").glob("*.safetensors")):
            tensors, _ = weights_files.load(path, "cpu")
            weights |= {f"{path.stem} {name}": tensor for name, tensor in tensors.items()}
        return record.read(self.folder / "record.json").digest, weights

    def sound(self) -> None:
        """Whatever is there under its own name is whole, and belongs together."""
        for path in self.folder.glob("*/[!.]*.safetensors"):
            weights_files.load(path, "cpu")
        if (self.folder / "record.json").exists():
            found = record.read(self.folder / "record.json")
            for figure in found.figures:
                with np.load(self.folder / figure.arrays, allow_pickle=False) as arrays:
                    drawn = {name: arrays[name] for name in arrays.files}
                assert drawing.digest(drawn) == figure.digest, figure.name
                assert (self.folder / figure.image).stat().st_size > 1000

    def left(self) -> list[str]:
        """Files of the run's folder that a finished run should not leave."""
        kept = {".lock"}
        return [p.name for p in self.folder.rglob(".*") if p.name not in kept]

    def said(self) -> str:
        """What the last run printed of itself."""
        lines = (self.root / "err.txt").read_text().splitlines()
        return next((line for line in reversed(lines) if line.startswith("ae: ")), "")


def runs_in_mlflow(trial: Trial) -> list[str]:
    """Names of all runs in the trial's store; asked in a process of its own."""
    reading, writing = os.pipe()
    if not (pid := os.fork()):
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            client = MlflowClient(f"sqlite:///{trial.root}/results/mlflow.db")
            ids = [e.experiment_id for e in client.search_experiments()]
            names = [r.info.run_name for r in client.search_runs(ids)]
        plain = [re.sub(r", \d{4}-.*", "", name) for name in names]  # without the time
        os.write(writing, "\n".join(sorted(plain)).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as pipe:
        return pipe.read().splitlines()


class Writes:
    """Acts at the n-th call that writes; notes in a file how many there were."""

    def __init__(self, at: int, act: Callable[[str, object], None], note: Path) -> None:
        self.at, self.act, self.note, self.count = at, act, note, 0

    def __call__(self) -> None:
        """Watch the calls of this process from now on; write a checkpoint at every step."""
        ae.training.stack_training.CHECKPOINT_SECONDS = 0.0
        for owner, name in ((os, "replace"), (os, "fsync"), (weights_files, "save_file")):
            setattr(owner, name, self._watched(name, getattr(owner, name)))

    def _watched(self, name: str, real: Callable) -> Callable:
        def call(*arguments, **keys):
            self.count += 1
            self.note.write_text(str(self.count))
            if self.count == self.at:
                self.act(name, arguments[0])
            return real(*arguments, **keys)

        return call


def often() -> None:
    """Checkpoints as often as there is something to lose."""
    ae.training.stack_training.CHECKPOINT_SECONDS = 0.05


def die_after(seconds: float) -> None:
    """Let the system end this process after so much of its own time, however loaded the machine is.

    Nobody handles the signal, so that it leaves no more of a chance than SIGKILL.
    """
    often()
    signal.setitimer(signal.ITIMER_PROF, seconds)


def die(kind: str, what: object) -> None:
    """SIGKILL before a file is written or renamed, or when half of it is on the disk."""
    if kind == "fsync":
        os.ftruncate(what, os.fstat(what).st_size // 2)
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(kind: str, what: object) -> None:
    """There is no space."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def same(trial: Trial, whole: Trial) -> None:
    """The trial ended as the whole run did, bit for bit, and left nothing lying about."""
    (digest, weights), (expected, others) = trial.result(), whole.result()
    assert digest == expected, "another digest"
    assert weights.keys() == others.keys(), "other weights"
    assert all(torch.equal(weights[name], others[name]) for name in others), "other weights"
    assert trial.left() == [], trial.left()


def created(database: Path) -> Path:
    """An empty MLflow store, which takes seconds; in a process of its own."""
    if not (pid := os.fork()):
        client_of(uri_of(database))
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return database


def at_random(folder: Path, count: int, store: Path | None = None) -> None:
    """Kill runs, with their copy to MLflow, at moments drawn over the processor time of a whole one.

    In the store of each are the ten runs of the whole one already: one of the record, nine of its seeds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    whole = Trial(folder / "whole", store or created(folder / "empty.db"))
    _, status, used = os.wait4(whole.start(often), 0)
    assert status == 0, whole.said()
    database = folder / "store.db"
    shutil.copy(whole.root / "results" / "mlflow.db", database)
    lasts = used.ru_utime + used.ru_stime
    expected, draw, killed = sorted(2 * runs_in_mlflow(whole)), random.Random(SEED), 0
    assert len(expected) == 10 + 10, expected
    while killed < count:
        trial, moment = Trial(folder / "trial", database), draw.uniform(0.02, 1.0) * lasts
        if trial.run(partial(die_after, moment)) != -signal.SIGPROF:
            continue  # it was done before
        killed += 1
        last = (trial.root / "err.txt").read_text().splitlines()[-1:]
        trial.sound()
        found = record.read(p).started if (p := trial.folder / "record.json").exists() else None
        assert trial.run(often) == 0, trial.said()
        assert found in (None, record.read(p).started), "finished work was not recognised"
        same(trial, whole)
        assert runs_in_mlflow(trial) == expected, runs_in_mlflow(trial)
        print(f"kill {killed}, {moment:.2f} of {lasts:.2f} s: {last}; equal", flush=True)
    print(f"{killed} kills; all ended as the whole run did")


def at_writes(folder: Path, count: int, act: Callable[[str, object], None]) -> None:
    """At every write in turn, or at so many of them: kill the run, or let the disk be full."""
    whole = Trial(folder / "whole", epochs="1")
    note = folder / "count"
    assert whole.run(Writes(0, act, note), "--no-track") == 0, whole.said()
    total = int(note.read_text())
    between = np.linspace(1, total, count + 2)[1:-1]
    chosen = sorted({round(n) for n in between}) if 0 < count < total else range(1, total + 1)
    for n in chosen:
        trial = Trial(folder / "trial", epochs="1")
        code = trial.run(Writes(n, act, note), "--no-track")
        assert code == (-signal.SIGKILL if act is die else 3), (n, code, trial.said())
        said = [t for t in (trial.root / "err.txt").read_text().splitlines() if t[:4] == "ae: "]
        if act is refuse:
            assert len(said) == 1, said
            assert "cannot be written: " in said[0], said
            assert "No space left on device" in said[0], said
        trial.sound()
        assert trial.run(lambda: None, "--no-track") == 0, trial.said()
        same(trial, whole)
        print(f"write {n} of {total}, exit {code}: {' '.join(said)[-90:]}; equal", flush=True)
    print(f"{len(chosen)} of {total} writes; all ended as the whole run did")


def often_in_workers() -> None:
    """Checkpoints of the processes that a run starts, too; and a group of their own."""
    os.setpgid(0, 0)
    begin = (
        "import ae.training.stack_training; ae.training.stack_training.CHECKPOINT_SECONDS = 0.05; "
    )
    ae.running.pool.CODE = ae.running.pool.CODE.replace(
        "from ae.running.worker", f"{begin}from ae.running.worker"
    )


def members(group: int) -> list[int]:
    """Processes of a group that are at work, the first one first."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            _, _, rest = path.read_text().rpartition(") ")
            state, _, its, *_ = rest.split()
            if int(its) == group and state != "Z":
                found.append(int(path.parent.name))
    return sorted(found)


def at_jobs(folder: Path, count: int) -> None:
    """Two specs at once; kill the whole group, its first process or one worker at any moment."""
    options = ("--no-track", "--jobs", "2")
    whole = Trial(folder / "whole", epochs=EPOCHS)
    twin(whole)
    began = time.monotonic()
    assert whole.run(often_in_workers, *options) == 0, whole.said()
    lasts, draw, killed = time.monotonic() - began, random.Random(SEED), 0
    while killed < count:
        trial = Trial(folder / "trial", epochs=EPOCHS)
        twin(trial)
        victim = VICTIMS[killed % len(VICTIMS)]
        first, moment = trial.start(often_in_workers, *options), draw.uniform(0.02, 1.0) * lasts
        time.sleep(moment)
        workers = [pid for pid in members(first) if pid != first]
        with suppress(ProcessLookupError):
            if victim == "group":
                os.killpg(first, signal.SIGKILL)
            elif victim == "first":
                os.kill(first, signal.SIGKILL)
            elif workers:
                os.kill(draw.choice(workers), signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
        for _ in range(600):
            if not members(first):
                break
            time.sleep(0.1)
        assert members(first) == [], "a process is left"
        if code == 0:
            continue  # it was done before, or no worker was at work
        killed += 1
        assert code == (3 if victim == "worker" else -signal.SIGKILL), (code, trial.said())
        said = trial.said() if victim == "worker" else ""
        for name in (NAME, TWIN):
            trial.of(name).sound()
        assert trial.run(often_in_workers, *options) == 0, trial.said()
        for name in (NAME, TWIN):
            same(trial.of(name), whole.of(name))
        print(
            f"kill {killed} of {victim} at {moment:.1f} of {lasts:.1f} s: {said}; equal", flush=True
        )
    print(f"{killed} kills; all ended as the whole run did")


def twin(trial: Trial) -> None:
    """A second spec beside the first."""
    text = (trial.root / "benchmarks" / f"{NAME}.toml").read_text()
    (trial.root / "benchmarks" / f"{TWIN}.toml").write_text(text)


def main(folder: str, kind: str, count: str = "0", store: str | None = None) -> None:
    """As the module says; `store` is an empty MLflow store for `random`."""
    place = Path(folder).resolve()
    if kind == "random":
        at_random(place, int(count), Path(store) if store else None)
    elif kind == "jobs":
        at_jobs(place, int(count))
    else:
        at_writes(place, int(count), {"targeted": die, "full": refuse}[kind])


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
