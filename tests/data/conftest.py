"""Tiny data sets of two examples, and a mirror on this machine that can misbehave."""

import gzip
import hashlib
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ae.data.manifest import Manifest, read_manifest

HEAD = """
title = "Tiny"
url = "https://example.org/"
licence = "none"
citation = "nobody"
note = ""
shape = [1, 2]
classes = 10
decode = "idx.digits"
"""
SPLITS = '[splits.train]\nimages = "x"\nlabels = "y"\n'


def idx(shape: tuple[int, ...], payload: bytes, magic: int | None = None) -> bytes:
    """An IDX file before compression."""
    kind = 0x800 + len(shape) if magic is None else magic
    return struct.pack(f">{1 + len(shape)}I", kind, *shape) + payload


CONTENT = {
    "x": gzip.compress(idx((2, 1, 2), bytes([0, 51, 102, 255])), mtime=0),
    "y": gzip.compress(idx((2,), bytes([7, 3])), mtime=0),
}


class Mirror(ThreadingHTTPServer):
    """Answers every path by the function given for it; `seen` has paths and ranges."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Callable[[Handler], None]] = {}
        self.seen: list[tuple[str, str | None]] = []
        self.released = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers["Range"]))
        self.server.answers[self.path](self)

    def log_message(self, *arguments) -> None:
        """Tests print nothing."""

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without data, whose cache is empty and which no proxy serves."""
    monkeypatch.delenv("AE_DATA", raising=False)
    monkeypatch.setenv("AE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "datasets").mkdir()
    return tmp_path


@pytest.fixture
def tiny(root: Path) -> Callable[..., Manifest]:
    """Writes datasets/tiny.toml for files of that content, and reads it."""

    def make(
        content: dict[str, bytes] = CONTENT, mirrors: tuple[str, ...] = (), head: str = HEAD
    ) -> Manifest:
        tables = [
            f'[[file]]\nname = "{name}"\npath = "Tiny/raw/{name}.gz"\nbytes = {len(data)}\n'
            f'sha256 = "{hashlib.sha256(data).hexdigest()}"\nmirrors = {list(mirrors)}\n'
            for name, data in content.items()
        ]
        path = root / "datasets" / "tiny.toml"
        path.write_text(head + "".join(tables) + SPLITS)
        return read_manifest(path)

    return make


@pytest.fixture
def embed(root: Path) -> Callable[..., None]:
    """Puts files where the embedded ones of tiny lie."""

    def write(content: dict[str, bytes] = CONTENT) -> None:
        (root / "datasets" / "tiny").mkdir(exist_ok=True)
        for name, data in content.items():
            (root / "datasets" / "tiny" / f"{name}.gz").write_bytes(data)

    return write
