"""Writing to what a person named, on file systems that cannot do everything; locks; hidden files."""

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from project import ROOT

from ae import disk
from ae.disk import check_writable, replacing, visible, write_atomically
from ae.errors import OutsideError


def refusing(code: int):
    """A function of the system that refuses."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("old")
    (tmp_path / "near").symlink_to("there/../there/file")
    (tmp_path / "link").symlink_to(tmp_path / "near")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "new"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "link", "near", "there"]


def test_a_link_that_leads_nowhere_yet_makes_what_it_leads_to(tmp_path):
    (tmp_path / "link").symlink_to("later/file")
    check_writable(tmp_path / "link")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "later" / "file").read_text() == "new"
    assert (tmp_path / "link").is_symlink()


def test_links_in_a_circle_are_one_line(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for do in (check_writable, lambda path: write_atomically(path, b"")):
        with pytest.raises(OutsideError, match="a: cannot be written: Too many levels of symbolic"):
            do(tmp_path / "a")


def test_a_device_is_written_to_and_stays():
    check_writable(Path("/dev/null"))
    write_atomically(Path("/dev/null"), b"gone")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_full_device_is_one_line():
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with pytest.raises(OutsideError, match=r"^/dev/full: cannot be written: No space left"):
        write_atomically(Path("/dev/full"), b"too much")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_a_node_of_ones_own_is_written_to_and_stays(tmp_path):
    node = tmp_path / "n"
    try:
        os.mknod(node, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes nodes")
    check_writable(node)
    write_atomically(node, b"gone")
    assert stat.S_ISCHR(node.stat().st_mode)


def test_a_pipe_gets_all_of_it_and_stays(tmp_path):
    pipe, heard = tmp_path / "pipe", []
    os.mkfifo(pipe)
    check_writable(pipe)  # which waits for no reader
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()
    write_atomically(pipe, b"x" * 200_000)
    reader.join(10)
    assert heard == [b"x" * 200_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


CODE = """
import sys
from pathlib import Path
from ae.disk import check_writable, write_atomically
print("before", flush=True)
check_writable(Path(sys.argv[1]))
write_atomically(Path(sys.argv[1]), b"between\\n")
print("after", flush=True)
"""


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_standard_output_goes_where_it_went_and_nothing_of_it_is_lost(tmp_path, name):
    (tmp_path / "link").symlink_to("/dev/stdout")
    command = [sys.executable, "-c", CODE, name]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    said = subprocess.check_output(command, cwd=tmp_path, env=environment)
    assert said == b"before\nbetween\nafter\n"
    with (tmp_path / "file").open("wb") as file:
        subprocess.run(command, cwd=tmp_path, env=environment, stdout=file, check=True)
    assert (tmp_path / "file").read_bytes() == b"before\nbetween\nafter\n"


def test_a_descriptor_for_reading_is_refused_before(tmp_path):
    (tmp_path / "file").touch()
    with (tmp_path / "file").open("rb") as file:
        place = Path(f"/proc/self/fd/{file.fileno()}")
        with pytest.raises(OutsideError, match="cannot be written: it is open for reading only"):
            check_writable(place)
    with pytest.raises(OutsideError, match="/dev/fd/909: cannot be written: Bad file descriptor"):
        check_writable(Path("/dev/fd/909"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("folder", "Is a directory"),
        ("file/x", "Not a directory"),
        ("x" * 300, "File name too long"),
        ("/proc/ae/x", "No such file"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_done(tmp_path, name, why):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for do in (check_writable, lambda path: write_atomically(path, b"")):
        with pytest.raises(OutsideError, match=f"cannot be written: {why}"):
            do(tmp_path / name)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "folder"]


def test_a_check_leaves_what_is_there_as_it_is(tmp_path):
    (tmp_path / "file").write_text("old")
    before = (tmp_path / "file").stat().st_mtime_ns
    check_writable(tmp_path / "file")
    check_writable(tmp_path / "new" / "file")
    assert (tmp_path / "file").read_text() == "old"
    assert (tmp_path / "file").stat().st_mtime_ns == before
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "new"]


def test_a_name_of_full_length_is_written(tmp_path):
    name = "x" * 255
    check_writable(tmp_path / name)
    write_atomically(tmp_path / name, b"new")
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "refused",
    [
        {"chmod": errno.EPERM},
        {"chmod": errno.ENOTSUP},
        {"fsync": errno.EINVAL},
        {"fsync": errno.ENOSYS},
        {"replace": errno.EBUSY},  # a file that is mounted by itself
        {"replace": errno.ENOSYS},
        {"chmod": errno.EPERM, "fsync": errno.ENOSYS, "replace": errno.ENOSYS},
    ],
)
@pytest.mark.parametrize("there", [False, True])
def test_a_file_system_that_cannot_do_everything_can_be_written(
    tmp_path, monkeypatch, refused, there
):
    if there:
        (tmp_path / "file").write_text("older and longer")
    for name, code in refused.items():
        monkeypatch.setattr(disk.os, name, refusing(code))
    write_atomically(tmp_path / "file", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "new"


@pytest.mark.parametrize(("name", "code"), [("fsync", errno.EIO), ("replace", errno.ENOSPC)])
def test_a_disk_that_fails_is_not_taken_for_one_that_cannot(tmp_path, monkeypatch, name, code):
    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(disk.os, name, refusing(code))
    with pytest.raises(OutsideError, match=os.strerror(code)):
        write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_file_in_a_closed_folder_is_written_in_its_place(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o600)
    real = os.open

    def closed(path, flags, *more, **keys):
        if flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, *more, **keys)

    monkeypatch.setattr(disk.os, "open", closed)
    check_writable(tmp_path / "file")
    write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_text() == "new"


def test_permissions_are_the_users_choice(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o604)
    write_atomically(tmp_path / "new", b"again")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604


def test_what_goes_wrong_meanwhile_leaves_nothing(tmp_path):
    def interrupted() -> None:
        with replacing(tmp_path / "file") as aside:
            aside.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_names_that_begin_with_a_dot_do_not_exist(tmp_path):
    for name in ("b.toml", "a.toml", ".#a.toml", "._a.toml", ".toml", "x/c.toml", ".x/d.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [p.name for p in visible(tmp_path, "*.toml")] == ["a.toml", "b.toml"]
    assert [p.name for p in visible(tmp_path, "*/*.toml")] == ["c.toml"]
    assert visible(tmp_path / "nothing", "*.toml") == []
    assert [p.name for p in visible(tmp_path / ".x", "*.toml")] == ["d.toml"]  # a person named it
