"""Files are found in their order, downloaded from mirrors that misbehave, and always verified."""

import hashlib
import os
import re
import threading
from pathlib import Path

import pytest

from ae.data import files
from ae.data.files import fetch
from ae.data.places import cache_folder, locate
from ae.errors import OutsideError, UserError
from ae.library import Library

BODY = bytes(range(256)) * 8
NAME = "x.gz"


@pytest.fixture
def one(tiny, mirror):
    """A set whose only file is BODY, on the mirrors /a, /b, ..."""
    return lambda *paths: tiny({"x": BODY, "y": b"y"}, tuple(mirror.url(p) for p in paths))


@pytest.fixture
def get(root):
    """Downloads the first file of a set; the second lies in the cache."""

    def run(manifest, **options):
        for file in manifest.file[1:]:
            put(cache_folder() / "tiny" / file.basename, b"y")
        return fetch(manifest, Library.at(root), **options)[0]

    return run


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def refused(call) -> str:
    with pytest.raises(OutsideError) as caught:
        call()
    assert str(caught.value).isprintable()
    return str(caught.value)


def whole(handler) -> None:
    handler.reply(200, BODY)


def ranged(handler) -> None:
    first = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    span = f"bytes {first}-{len(BODY) - 1}/{len(BODY)}"
    handler.reply(206, BODY[first:], Content_Range=span)


def cut(handler) -> None:
    """Announces everything, sends a quarter and hangs up; the next request may name a range."""
    handler.server.answers[handler.path] = ranged
    handler.reply(200, BODY[:512], Content_Length=str(len(BODY)))


def test_places_are_tried_in_their_order(root, tiny, monkeypatch):
    manifest = tiny({"x": BODY, "y": b"y"})
    file = manifest.file[0]
    first, second = root / "first", root / "second"
    order = [
        first / "Tiny/raw/x.gz",
        first / "tiny/x.gz",
        first / "x.gz",
        second / "Tiny/raw/x.gz",
        root / "datasets/tiny/x.gz",
        root / "cache/tiny/x.gz",
    ]
    for path in order:
        put(path, BODY)
    monkeypatch.setenv("AE_DATA", f"{first}{os.pathsep}{os.pathsep}{second}")
    for path in order:
        assert locate(manifest, file, Library.at(root)) == path
        path.unlink()
    assert locate(manifest, file, Library.at(root)) is None


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache/ae"
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/ae")
    monkeypatch.setenv("AE_CACHE", "/own")
    assert cache_folder() == Path("/own")


def test_a_user_without_a_home_is_told_of_the_cache(monkeypatch):
    for name in ("AE_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(UserError, match="AE_CACHE: this user has no home folder; name a folder"):
        cache_folder()


@pytest.mark.parametrize("folder", ["nowhere", "file", "long" * 2000])
def test_a_folder_of_ae_data_that_is_none_is_named(root, tiny, monkeypatch, folder):
    put(root / "file", b"")
    monkeypatch.setenv("AE_DATA", str(root / folder))
    with pytest.raises(UserError) as caught:
        fetch(tiny(), Library.at(root))
    expected = f"AE_DATA: {root / folder} is not a folder; correct it or unset AE_DATA"
    assert str(caught.value) == expected


def test_a_file_of_another_size_or_content_is_named_and_never_used(root, tiny, mirror, one):
    manifest = one("/a")
    mirror.answers["/a"] = whole
    path = put(root / "datasets/tiny/x.gz", BODY[:-1])
    assert refused(lambda: fetch(manifest, Library.at(root))) == (
        f"{path}: expected 2048 bytes, found 2047; remove the file and run `ae fetch`"
    )
    put(path, BODY[::-1])
    assert refused(lambda: fetch(manifest, Library.at(root))) == (
        f"{path}: expected sha256 {hashlib.sha256(BODY).hexdigest()}, found "
        f"{hashlib.sha256(BODY[::-1]).hexdigest()}; remove the file and run `ae fetch`"
    )
    assert mirror.seen == []


def test_a_file_that_changes_after_it_was_verified_is_verified_again(root, tiny, embed):
    manifest = tiny()
    embed()
    path = fetch(manifest, Library.at(root))[0]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(0, 1))
    assert "expected sha256" in refused(lambda: fetch(manifest, Library.at(root)))


def test_a_download_lands_in_the_cache_and_is_not_repeated(root, mirror, one, get):
    mirror.answers["/a"] = whole
    seen = []
    path = get(one("/a"), progress=lambda *step: seen.append(step))
    assert path == root / "cache/tiny/x.gz"
    assert path.read_bytes() == BODY
    assert seen[-1] == (NAME, 2048, 2048)
    assert get(one("/a")) == path
    assert mirror.seen == [("/a", None)]
    assert not list(path.parent.glob("*.part"))


def test_a_download_goes_on_where_it_broke_off(mirror, one, get):
    mirror.answers["/a"] = cut
    assert get(one("/a")).read_bytes() == BODY
    assert mirror.seen == [("/a", None), ("/a", "bytes=512-")]


def test_another_mirror_goes_on_where_the_first_broke_off(mirror, one, get):
    mirror.answers["/a"] = lambda h: h.reply(200, BODY[:512], Content_Length="2048")
    mirror.answers["/b"] = ranged
    assert get(one("/a", "/b")).read_bytes() == BODY
    assert mirror.seen[-1] == ("/b", "bytes=512-")


@pytest.mark.parametrize("kept", [BODY[:100], b"?" * 100])
def test_a_mirror_that_ignores_ranges_sends_it_all(mirror, one, get, kept):
    mirror.answers["/a"] = whole
    put(cache_folder() / "tiny/x.gz.part", kept)
    assert get(one("/a")).read_bytes() == BODY
    assert mirror.seen == [("/a", "bytes=100-")]


@pytest.mark.parametrize("wrong", [b"?" * 100, b"?" * 2048, b"?" * 3000])
def test_a_wrong_beginning_is_forgotten(mirror, one, get, wrong):
    mirror.answers["/a"] = lambda h: ranged(h) if h.headers["Range"] else whole(h)
    put(cache_folder() / "tiny/x.gz.part", wrong)
    assert get(one("/a")).read_bytes() == BODY
    assert mirror.seen[-1] == ("/a", None)


def test_a_whole_part_is_not_sent_again(mirror, one, get):
    put(cache_folder() / "tiny/x.gz.part", BODY)
    assert get(one("/a")).read_bytes() == BODY
    assert mirror.seen == []


def test_a_range_that_a_mirror_does_not_have_is_not_insisted_on(mirror, one, get):
    mirror.answers["/a"] = lambda h: h.reply(416) if h.headers["Range"] else whole(h)
    put(cache_folder() / "tiny/x.gz.part", BODY[:100])
    assert get(one("/a")).read_bytes() == BODY
    assert mirror.seen == [("/a", "bytes=100-"), ("/a", None)]


def test_a_mirror_with_another_file_is_named_and_the_next_is_tried(mirror, one, get):
    mirror.answers["/a"] = lambda h: h.reply(200, BODY[::-1])
    mirror.answers["/b"] = lambda h: h.reply(404)
    said = refused(lambda: get(one("/a", "/b")))
    digest = hashlib.sha256(BODY[::-1]).hexdigest()
    assert f"{mirror.url('/a')}: sends a file of sha256 {digest}; " in said
    mirror.answers["/b"] = whole
    assert get(one("/a", "/b")).read_bytes() == BODY


def stalls(handler) -> None:
    handler.reply(200, BODY[:512], Content_Length="2048")
    handler.wfile.flush()
    handler.server.released.wait(5)


def silent(handler) -> None:
    handler.server.released.wait(5)


def trickles(handler) -> None:
    handler.reply(200, b"", Content_Length="2048")
    while not handler.server.released.wait(0.02):
        handler.wfile.write(b"?")


def endless(handler) -> None:
    """Says nothing of a length and never ends."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.released.is_set():
        handler.wfile.write(bytes(4096))


def redirect(handler) -> None:
    handler.reply(302, Location="file:///etc/passwd")


def ftp(handler) -> None:
    handler.reply(302, Location="ftp://127.0.0.1/x")


def nonsense(handler) -> None:
    handler.wfile.write(b"\x1b[31mhello\r\n\r\n")


def rude(handler) -> None:
    handler.wfile.write(b"HTTP/1.0 500 \x1b[31m\x85red\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda h: h.reply(404), "404 Not Found"),
        (
            lambda h: h.reply(200, BODY[:512], Content_Length="2048"),
            "broke off after 512 of 2048 bytes",
        ),
        (lambda h: h.reply(200, b"<html>"), "broke off after 6 of 2048 bytes"),
        (lambda h: h.reply(200, BODY + b"!"), "sends more than the 2048 bytes expected"),
        (lambda h: h.reply(200, BODY * 1000), "sends more than the 2048 bytes expected"),
        (endless, "sends more than the 2048 bytes expected"),
        (stalls, "timed out"),
        (silent, "timed out"),
        (trickles, r"sent \d+ bytes in 0\.15 seconds"),
        (redirect, "302 .*'file:///etc/passwd' is not allowed"),
        (ftp, "redirected to ftp://127.0.0.1/x, which is not on the web"),
        (lambda h: h.reply(302, Location="http://[::1/"), ".*IPv6"),
        (lambda h: h.reply(302, Location="http://a..b/"), ".*label"),
        (lambda h: h.reply(302, Location=h.server.url("/a")), "302 .*infinite loop"),
        (nonsense, r".*hello"),
        (rude, r"500  \[31m red"),
    ],
)
def test_what_a_mirror_did_is_said_in_one_line(mirror, one, get, monkeypatch, answer, reason):
    slow = answer in (stalls, silent, trickles)
    monkeypatch.setattr(files, "TIMEOUT", 0.15 if slow else 10.0)
    mirror.answers["/a"] = answer
    said = refused(lambda: get(one("/a")))
    assert said.startswith(f"data set 'tiny': {NAME} is in none of ")
    assert re.search(f"; {re.escape(mirror.url('/a'))}: {reason}", said), said
    digest = hashlib.sha256(BODY).hexdigest()
    assert said.endswith(f"; put it in a folder and name that in AE_DATA (sha256 {digest})")
    assert not (cache_folder() / "tiny" / NAME).exists()


def test_without_a_network_every_mirror_is_named(root, tiny, closed_port):
    ports = f"http://127.0.0.1:{closed_port}"
    manifest = tiny(mirrors=(f"{ports}/a", f"{ports}/b"))
    said = refused(lambda: fetch(manifest, Library.at(root)))
    for path in "ab":
        assert said.count(f"{ports}/{path}: [Errno 111] Connection refused") == 1
    for folder in ("datasets/tiny", "cache/tiny"):
        assert str(root / folder) in said
    assert "name that in AE_DATA" in said


def test_a_file_without_mirrors_and_one_not_looked_for_are_told_apart(root, tiny, mirror):
    assert "; it has no mirror; put it in" in refused(lambda: fetch(tiny(), Library.at(root)))
    manifest = tiny(mirrors=(mirror.url("/a"),))
    said = refused(lambda: fetch(manifest, Library.at(root), offline=True))
    assert "; it was not looked for on mirrors; put it in" in said
    assert mirror.seen == []


def test_a_cache_that_cannot_be_written_is_named(root, tiny, mirror, monkeypatch):
    put(root / "file", b"")
    monkeypatch.setenv("AE_CACHE", str(root / "file/cache"))
    assert refused(lambda: fetch(tiny(mirrors=(mirror.url("/a"),)), Library.at(root))) == (
        f"{root / 'file/cache/tiny/x.gz'}: cannot be written: Not a directory; name another "
        "folder in AE_CACHE"
    )


def test_a_full_disk_is_not_blamed_on_the_mirror(root, mirror, one, get):
    mirror.answers["/a"] = whole
    manifest = one("/a")
    part = cache_folder() / "tiny/x.gz.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    said = refused(lambda: get(manifest))
    assert said.endswith(
        "x.gz: cannot be written: No space left on device; name another folder in AE_CACHE"
    )


def test_two_at_once_download_once(root, mirror, one, get):
    release = threading.Event()

    def slow(handler) -> None:
        release.wait(5)
        whole(handler)

    mirror.answers["/a"] = slow
    manifest = one("/a")
    put(cache_folder() / "tiny/y.gz", b"y")
    found: list[bytes] = []
    both = [
        threading.Thread(
            target=lambda: found.append(fetch(manifest, Library.at(root))[0].read_bytes())
        )
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    release.set()
    for thread in both:
        thread.join(10)
    assert found == [BODY, BODY]
    assert mirror.seen == [("/a", None)]


def test_no_message_holds_what_a_mirror_is_asked_by(tiny, mirror, get):
    url = mirror.url("/none")
    said = refused(lambda: get(tiny({"x": BODY, "y": b"y"}, (f"{url}?token=S3cr3t",))))
    assert "S3cr3t" not in said
    assert url in said


@pytest.mark.parametrize("content", [BODY[:-1], BODY[::-1]])
def test_a_file_of_a_persons_own_that_differs_is_passed_over_and_named(
    root, tiny, monkeypatch, caplog, content
):
    manifest = tiny({"x": BODY, "y": b"y"})
    own, kept = put(root / "own" / "x.gz", content), root / "cache/tiny/x.gz"
    monkeypatch.setenv("AE_DATA", str(root / "own"))
    put(root / "own" / "y.gz", b"y")
    said = refused(lambda: fetch(manifest, Library.at(root), offline=True))
    assert f"; {own} is another: expected " in said
    assert "remove" not in said
    put(kept, BODY)
    for _ in range(2):
        assert locate(manifest, manifest.file[0], Library.at(root)) == kept
    named = [
        line for line in caplog.messages if line.startswith(f"ae: passed over {own}: expected ")
    ]
    assert len(named) == 1
    assert own.read_bytes() == content
