"""One process at a time, also on a file system without locks."""

import errno
import fcntl
import os
import subprocess
import sys

import pytest
from project import ROOT
from test_disk import refusing

from ae.locks import Locked, locked

HOLD = """
import sys, time
from pathlib import Path
from ae.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_held_by_one_and_ends_with_its_process(tmp_path):
    path = tmp_path / "new" / ".lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Locked, match=r"\.lock: another process holds this lock") as refused:
            locked(path, 0.1).__enter__()
        assert not refused.value.by_file
        holder.kill()
    with locked(path):
        pass


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_an_old_file_keeps_nobody_out_and_another_process_does(
    tmp_path, monkeypatch, code
):
    path = tmp_path / ".lock"
    path.touch()  # of an earlier run: the system's lock does not remove it
    monkeypatch.setattr(fcntl, "flock", refusing(code))
    with locked(path):
        with pytest.raises(Locked, match="this file system has no locks") as refused:
            locked(path).__enter__()
        assert refused.value.by_file
        assert os.strerror(code) in str(refused.value)
    with locked(path):
        pass
    assert [p.name for p in tmp_path.iterdir()] == [".lock"]


def test_a_lock_in_a_place_that_cannot_be_written_is_an_error_of_the_system(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        locked(tmp_path / "file" / ".lock").__enter__()
