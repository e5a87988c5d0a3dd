"""Damaged files of data and weights: an array, or one line; bounded memory; no code is run."""

import gzip
import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from fuzz import chances, damaged, mutated, refusal
from originals import at_hand
from originals import content as sprites
from originals import saved as archive_of
from PIL import Image

from ae.data import npz, webp
from ae.data.dataset import load
from ae.data.idx import read_idx
from ae.library import Library
from ae.training import weights as store

PIXELS = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3)


BYTES = PIXELS.tobytes()


def idx(shape=PIXELS.shape, payload=BYTES):
    return struct.pack(f">{1 + len(shape)}I", 0x800 + len(shape), *shape) + payload


def saved(write, *arguments, **keys) -> bytes:
    stream = io.BytesIO()
    write(stream, *arguments, **keys)
    return stream.getvalue()


def picture(columns=2, rows=1) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (32 * rows, 32 * columns, 3), np.uint8)
    return saved(lambda s: Image.fromarray(pixels).save(s, "WEBP", lossless=True))


ARCHIVE = saved(np.savez_compressed, x=PIXELS, y=np.zeros(2, np.uint8))
PICTURE = picture()
TENSORS = {"w": torch.arange(6.0).reshape(2, 3), "b": torch.zeros(3, dtype=torch.int64)}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    store.save(path, TENSORS, {"steps": 3})
    return path.read_bytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return tmp_path_factory.mktemp("project")


def said_of(path: Path, content: bytes, read) -> str | None:
    path.write_bytes(content)
    said = refusal(lambda: read(path))
    assert said is None or said.startswith(f"{path}: "), said
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    path.unlink()
    return said


@chances(400)
def test_a_damaged_idx_file(place, chance):
    whole = damaged(idx(), chance)
    content = gzip.compress(whole, 1, mtime=0)
    content = content if chance.random() < 0.5 else damaged(content, chance)
    said_of(place / "x.gz", content, lambda path: read_idx(path, 3))


@chances(300)
def test_a_damaged_npz_file(place, chance):
    said_of(place / "x.npz", damaged(ARCHIVE, chance), lambda path: npz.read_npz(path, "x"))


@chances(200)
def test_an_npz_file_whose_members_are_damaged(place, chance):
    with zipfile.ZipFile(place / "x.npz", "w") as archive:
        member = damaged(saved(np.lib.format.write_array, PIXELS), chance)
        archive.writestr(chance.choice(("x.npy", "x.npy", "../x.npy", "/x.npy", "x")), member)
    content = (place / "x.npz").read_bytes()
    (place / "x.npz").unlink()
    said_of(place / "x.npz", content, lambda path: npz.read_npz(path, "x"))


SPRITES = sprites()
ORIGINAL = archive_of(SPRITES)


def loaded(root: Path, file: bytes) -> None:
    load(at_hand(root, file), "all", limit=50, library=Library.at(root), device="cpu")


@chances(150)
def test_a_damaged_original(project, chance):
    """Its sha256 is right all the same."""
    said = refusal(lambda: loaded(project, damaged(ORIGINAL, chance)))
    assert said is None or said.startswith(f"{project}/datasets/sprites/original.npz: "), said


@chances(150)
def test_an_original_whose_arrays_are_damaged(project, chance):
    arrays = {name: array.copy() for name, array in SPRITES.items()}
    name = chance.choice([*arrays])
    flat = arrays[name].reshape(-1).view(np.uint8)
    flat[chance.randrange(len(flat))] = chance.randrange(256)
    said = refusal(lambda: loaded(project, archive_of(arrays)))
    assert said is None or f"array {name!r}, " in said, said


@chances(150)
def test_a_damaged_picture(place, chance):
    read = webp.tiles
    said_of(place / "x.webp", damaged(PICTURE, chance), lambda path: read({"a": path}, "a/1", None))


@chances(300)
def test_damaged_weights(place, weights, chance):
    said_of(place / "x.safetensors", damaged(weights, chance), lambda path: store.load(path, "cpu"))


@chances(200)
def test_weights_with_another_header(place, weights, chance):
    size = struct.unpack("<Q", weights[:8])[0]
    header = json.dumps(mutated(json.loads(weights[8 : 8 + size]), chance)).encode()
    content = struct.pack("<Q", len(header)) + header + weights[8 + size :]
    said_of(place / "x.safetensors", content, lambda path: store.load(path, "cpu"))


# Bombs: files of some kilobytes that say, or hold, gigabytes.


def peak(call) -> float:
    """MiB that numpy, and Python's own objects, took at the most."""
    import tracemalloc

    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def zeros(mebibytes: int) -> bytes:
    """So many MiB of zeros, gzipped twice over: the stream itself is compressed piece by piece."""
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as file:
        file.write(idx((1, 2, 2), b""))
        for _ in range(mebibytes):
            file.write(bytes(2**20))
    return stream.getvalue()


def test_a_gzip_bomb_takes_no_more_memory_than_its_header_says(place):
    path = place / "x.gz"
    path.write_bytes(zeros(200))
    lines = []
    assert peak(lambda: lines.append(refusal(lambda: read_idx(path, 3)))) < 4
    assert "found more" in lines[0]
    path.unlink()


def bomb(mebibytes: int, declared: int | None = None) -> bytes:
    """An archive whose member inflates to so many MiB and says that it has `declared` bytes."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w", force_zip64=True) as member,
    ):
        for _ in range(mebibytes):
            member.write(bytes(2**20))
    content = stream.getvalue()
    if declared is not None:
        size = struct.pack("<I", mebibytes * 2**20)
        assert content.count(size) >= 1
        content = content.replace(size, struct.pack("<I", declared))
    return content


def test_a_zip_bomb_is_refused_by_its_declared_size_and_bounded_by_it(place, monkeypatch):
    path = place / "x.npz"
    path.write_bytes(bomb(100))
    monkeypatch.setattr(npz, "CAP", 10 * 2**20)
    lines = []
    assert peak(lambda: lines.append(refusal(lambda: npz.read_npz(path, "x")))) < 4
    assert "declares 104857600 bytes; expected at most 10485760" in lines[0]
    path.write_bytes(bomb(100, declared=2**20))
    assert peak(lambda: lines.append(refusal(lambda: npz.read_npz(path, "x")))) < 8
    assert "not a whole .npz file (Bad CRC-32" in lines[1]
    path.unlink()


def test_a_picture_that_declares_a_gigapixel_is_refused_before_it_is_drawn(place):
    """The header of a lossless WebP has 14 bits for either side."""
    path, side = place / "x.webp", 16384
    chunk = b"\x2f" + struct.pack("<I", (side - 1) | (side - 1) << 14) + bytes(3)
    body = b"WEBPVP8L" + struct.pack("<I", len(chunk)) + chunk
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    lines = []
    used = peak(lambda: lines.append(refusal(lambda: webp.tiles({"a": path}, "a/1", None))))
    assert used < 4
    assert lines[0] is not None
    path.unlink()


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_trap_in_whatever_file_is_never_sprung(place, tmp_path):
    sprung = tmp_path / "sprung"
    trap = pickle.dumps(Trap(sprung))
    array = saved(np.save, np.array([Trap(sprung)], object), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("archive/data.pkl", trap)
        archive.writestr("x.npy", array)
    readers = {
        "x.gz": lambda path: read_idx(path, 3),
        "x.npz": lambda path: npz.read_npz(path, "x"),
        "x.webp": lambda path: webp.tiles({"a": path}, "a/1", None),
        "x.safetensors": lambda path: store.load(path, "cpu"),
    }
    contents = (trap, gzip.compress(trap), array, (tmp_path / "a.zip").read_bytes())
    for name, read in readers.items():
        for content in contents:
            assert said_of(place / name, content, read) is not None
    assert not sprung.exists()
    with pytest.raises(FileExistsError):  # the trap does work
        _ = pickle.loads(trap), pickle.loads(trap)
