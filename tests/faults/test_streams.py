"""A reader who left changes no exit code and stops no training; closed streams are none."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from command import ENVIRONMENT, SMOKE
from made import NAME, baseline, record, store
from project import make

from ae.cli.streams import Patient

BASH = "set -o pipefail; python() { " + sys.executable + ' "$@"; }; '


def shell(folder, line):
    """Run a line of shell; exit code, standard output, standard error."""
    done = subprocess.run(
        ["bash", "-c", BASH + line], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True,
        check=False, timeout=100,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = make(tmp_path_factory.mktemp("project"))
    baseline(made)
    store(made / "same", record())
    store(made / "worse", record(worse=9.0))
    return made


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("python -m ae list | head -1", 0),
        ("python -m ae list | true", 0),
        ("python -m ae list >&-", 0),
        ("python -m ae list 2>&-", 0),
        ("python -m ae list <&- >&- 2>&-", 0),
        ("python -m ae nonsense 2>&1 | true", 2),
        ("python -m ae nonsense >&- 2>&-", 2),
        ("python -m ae regress --records same | true", 0),
        ("python -m ae regress --records worse 2>&1 | true", 1),
        ("python -m ae regress --records worse >&- 2>&-", 1),
        ("python -m ae regress --records worse > /dev/full 2> /dev/full", 1),
    ],
)
def test_the_exit_code_is_the_commands_own(project, line, code):
    assert shell(project, line)[0] == code


def test_what_is_printed_to_a_full_disk_is_said_at_the_end(project):
    code, _, err = shell(project, "python -m ae list > /dev/full")
    assert (code, err) == (3, "ae: what was printed is not all written: No space left on device\n")


def test_a_closed_stream_gives_its_number_to_no_file(project):
    """Else what a library prints to standard error would stand in a file that was opened."""
    code, _, _ = shell(project, "python -m ae regress --records same --json kept.json >&- 2>&-")
    assert code == 0
    text = (project / "kept.json").read_text()
    assert text.startswith("{")
    assert text.endswith("}\n")


@pytest.mark.parametrize("jobs", ["0", "1"])
def test_training_goes_on_when_its_reader_leaves(tmp_path, jobs):
    project = make(tmp_path)
    source = (project / "benchmarks" / f"{NAME}.toml").read_text()
    (project / "benchmarks" / "tiny2021-dae.toml").write_text(source)
    with subprocess.Popen(
        [sys.executable, "-m", "ae", *SMOKE, "--jobs", jobs],
        cwd=project, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as started:  # fmt: skip
        assert started.stdout.readline()
        started.stdout.close()
        assert started.wait(100) == 0
    assert len(list(project.glob("results/*/smoke/record.json"))) == 2


def test_a_pipe_that_does_not_wait_gets_all_of_it():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    heard = bytearray()

    def read() -> None:
        while piece := os.read(reading, 4096):
            heard.extend(piece)

    reader = threading.Thread(target=read)
    threading.Timer(0.2, reader.start).start()  # until then the pipe is full
    patient = Patient(writing)
    assert patient.write(b"x" * 1_000_000) == 1_000_000
    assert patient.lost is None
    os.close(writing)
    time.sleep(0.01)
    reader.join(10)
    os.close(reading)
    assert len(heard) == 1_000_000


def test_after_the_first_loss_nothing_is_tried_again():
    reading, writing = os.pipe()
    os.close(reading)
    patient = Patient(writing)
    for _ in range(3):
        assert patient.write(b"abc") == 3
    assert patient.lost.errno == errno.EPIPE
    assert os.readlink(f"/proc/self/fd/{writing}") == os.devnull
    os.close(writing)


INTERRUPTED = """
import os, signal, subprocess, sys
from ae.cli import main, options

def command(standalone_mode):
    sys.stdout.write("printed before")
    if sys.argv[2] == "stop":
        options.Stop()
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
        child = subprocess.Popen(["sleep", "100"], stdout=subprocess.DEVNULL)
        sys.stdout.write(f" {child.pid}")
    try:
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    except BaseException:
        raise RecursionError("what an import makes of it") from None

main.cli = command
main.main()
"""


@pytest.mark.parametrize(
    ("name", "stop", "code", "said"),
    [
        ("SIGINT", "", 130, "ae: interrupted"),
        ("SIGINT", "stop", 130, "ae: ended at once; run again to go on"),
        ("SIGTERM", "stop", 143, "ae: ended at once; run again to go on"),
    ],
)
def test_whatever_a_library_makes_of_an_interrupt_it_is_one(tmp_path, name, stop, code, said):
    """Interrupted while it is imported, numpy gave a RecursionError, and torch aborted."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, name, stop],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # it may be ignored here
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert done.stderr.splitlines()[-1] == said
    assert "Traceback" not in done.stderr
    *before, child = done.stdout.split()
    assert before[0] == "printed"
    if stop:
        with pytest.raises(ProcessLookupError):
            gone(int(child))


def gone(pid):
    """Wait until a process that was killed is gone."""
    for _ in range(100):
        os.kill(pid, 0)
        time.sleep(0.05)
