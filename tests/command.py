"""The command in a process of its own, as a person or a CI meets it.

Most of what a command of seconds takes are imports of torch, pandas and matplotlib: so it is forked from a
process that has them, and imports `ae` itself. Where the environment could tell those libraries something
as they are loaded, or the call asks for it, it is an interpreter of its own.
"""

import atexit
import functools
import gc
import multiprocessing
import os
import resource
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from project import PYTHONPATH, ROOT

KEPT = {k: v for k, v in os.environ.items() if not k.startswith(("AE_", "GITHUB_", "MLFLOW_"))}
ENVIRONMENT = KEPT | {"OMP_NUM_THREADS": "1", "PYTHONPATH": PYTHONPATH}
SMOKE = ("run", "--tier", "smoke", "--no-pdf", "--no-track")
ALONE = (*SMOKE, "--jobs", "0")  # in one process, which starts sooner than two
IMPORTED = (
    "torch",
    "torch._dynamo",
    "pandas",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "jinja2",
    "pydantic",
    "rich.console",
    "rich.progress",
    "click",
    "safetensors.torch",
    "scipy.stats",
)
AT_START = ("PYTHON", "OMP_", "MKL_", "KMP_", "GOMP_", "LC_", "LANG", "MPL", "HOME", "XDG_", "TMP")


class Said(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


class _Call(NamedTuple):
    """A command, where it is run, whether modules are found there first, all of its environment.

    And what is run, `ae` or a script of these tests, and the bytes that no file may outgrow.
    """

    folder: str
    arguments: tuple[str, ...]
    here: bool
    environment: dict[str, str]
    script: str = ""
    largest: int = resource.RLIM_INFINITY


def ae(
    folder: Path,
    *arguments: str,
    timeout: float = 550,
    here: bool = True,
    fresh: bool = False,
    largest: int = resource.RLIM_INFINITY,
    only: Mapping[str, str] = ENVIRONMENT,
    **environment: Any,
) -> Said:
    """Run `ae` in a folder; a traceback is a fault, whatever it was asked.

    Args:
        folder: Where it is run.
        *arguments: What follows `ae`.
        timeout: Seconds after which it is killed.
        here: Whether modules of the folder are found first, as by `python -m ae`; else `python -P`.
        fresh: In an interpreter of its own, whose processor time counts among this one's children.
        largest: Bytes that no file may outgrow; of a forked one.
        only: The whole environment.
        **environment: Variables beside it.

    Raises:
        subprocess.TimeoutExpired: It took longer.
    """
    whole = {**only, **environment}
    call = _Call(str(folder), arguments, here, whole, largest=largest)
    own = fresh or _at_start(whole) != _at_start(ENVIRONMENT)
    said = (_started if own else _forked)(call, timeout)
    assert "Traceback" not in said.err, said.err
    return said


def script(name: str, *arguments: str) -> Said:
    """Run a script of these tests; a traceback is a fault."""
    call = _Call(str(ROOT), arguments, False, ENVIRONMENT, str(ROOT / "tests" / name))
    said = _forked(call, 550)
    assert "Traceback" not in said.err, said.err
    return said


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    told = {k: v for k, v in environment.items() if k.startswith(AT_START)}
    return {k: v for k, v in told.items() if k != "PYTHONPATH"}


def _started(call: _Call, timeout: float) -> Said:
    done = subprocess.run(
        [sys.executable, *([] if call.here else ["-P"]), "-m", "ae", *call.arguments],
        cwd=call.folder,
        env=call.environment,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=timeout,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@functools.cache
def _server() -> multiprocessing.context.ForkServerContext:
    """Processes are forked from one that has the libraries, and began with our environment."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*IMPORTED])
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    try:
        multiprocessing.forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return context


def _forked(call: _Call, timeout: float) -> Said:
    with tempfile.TemporaryDirectory() as kept:
        files = [Path(kept, name) for name in ("out", "err")]
        process = _server().Process(target=_become, args=(call, [str(f) for f in files]))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(["ae", *call.arguments], timeout)
        out, err = (f.read_text("utf-8", "surrogateescape") for f in files)
        return Said(process.exitcode, out, err)


def _become(call: _Call, files: list[str]) -> None:
    """Be what `python -m ae` is, from here on; the exit code goes up as SystemExit."""
    assert "ae" not in sys.modules
    gc.freeze()  # what was imported before it was forked is no garbage
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    os.chdir(call.folder)
    os.environ.clear()
    os.environ.update(call.environment)
    ours = [p for p in sys.path if p and not Path(p).is_relative_to(ROOT / "tests")]
    first = [os.getcwd()] if call.here else []
    first += [str(Path(call.script).parent)] if call.script else []
    sys.path[:] = [*first, *call.environment["PYTHONPATH"].split(os.pathsep), *ours]
    sys.argv = [call.script or "ae", *call.arguments]
    resource.setrlimit(resource.RLIMIT_FSIZE, (call.largest, resource.RLIM_INFINITY))
    coded = {"mode": "w", "encoding": "utf-8", "closefd": False}
    with open(1, **coded) as sys.stdout, open(2, errors="backslashreplace", **coded) as sys.stderr:
        try:
            if call.script:
                runpy.run_path(call.script, run_name="__main__")
            else:
                runpy.run_module("ae", run_name="__main__", alter_sys=True)
        finally:
            atexit._run_exitfuncs()
