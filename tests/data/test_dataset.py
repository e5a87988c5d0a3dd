"""Splits as tensors: the published facts of MNIST, limits, batches, and what is refused."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ae.data.dataset import load
from ae.data.manifest import find_manifest, read_manifest
from ae.errors import OutsideError, UserError
from ae.library import Library

ROOT = Path(__file__).parents[2]
TRAIN = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.fixture
def take(root):
    def run(manifest, split="train", limit="all", only="all", labelled="all"):
        return load(
            manifest,
            split,
            limit=limit,
            library=Library.at(root),
            device="cpu",
            only=only,
            labelled=labelled,
        )

    return run


def refused(kind, call) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize(("split", "counts"), [("train", TRAIN), ("test", TEST)])
def test_the_embedded_mnist_is_the_published_one(split, counts, monkeypatch):
    monkeypatch.delenv("AE_DATA", raising=False)
    data = load(
        find_manifest("mnist", Library.at(ROOT)),
        split,
        limit="all",
        library=Library.at(ROOT),
        device="cpu",
    )
    assert data.x.shape == (sum(counts), 784)
    assert (data.available, data.shape) == (sum(counts), (28, 28))
    assert torch.bincount(data.y).tolist() == counts
    if split == "train":
        pixels = torch.arange(256) / 255
        share = torch.bincount(data.x.flatten()).double() / data.x.numel()
        mean = (share * pixels).sum()
        std = (share * (pixels - mean) ** 2).sum().sqrt()
        assert (round(mean.item(), 4), round(std.item(), 4)) == (0.1307, 0.3081)


def test_a_limit_takes_the_first_and_digests_what_is_used(tiny, embed, take):
    manifest = tiny()
    embed()
    whole, first = take(manifest), take(manifest, limit=1)
    assert whole.x.tolist() == [[0, 51], [102, 255]]
    assert whole.y.tolist() == [7, 3]
    assert (first.x.tolist(), first.y.tolist(), first.available) == ([[0, 51]], [7], 2)
    assert first.sha256 == hashlib.sha256(b"\x00\x33" + b"\x07" + bytes(7)).hexdigest()
    both = b"\x00\x33\x66\xff" + b"\x07" + bytes(7) + b"\x03" + bytes(7)
    assert whole.sha256 == hashlib.sha256(both).hexdigest()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_batch_is_floats_of_0_to_1_by_index(tiny, embed, take, dtype):
    manifest = tiny()
    embed()
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        data = take(manifest)
        batch = data.batch(torch.tensor([[1, 0], [0, 0]]))
    finally:
        torch.set_default_dtype(before)
    expected = torch.tensor([[[0.4, 1], [0, 0.2]], [[0, 0.2], [0, 0.2]]], dtype=dtype)
    torch.testing.assert_close(batch.x, expected, rtol=0, atol=1e-7)
    assert batch.y.tolist() == [[3, 7], [7, 7]]
    assert data.x.tolist() == [[0, 51], [102, 255]]


def test_an_unknown_split_and_a_limit_beyond_it_are_refused(tiny, embed, take):
    manifest = tiny()
    embed()
    assert refused(UserError, lambda: take(manifest, "tran")) == (
        "data set 'tiny': no split 'tran' (did you mean 'train'?); there are train"
    )
    assert refused(UserError, lambda: take(manifest, limit=3)) == (
        "data set 'tiny', split 'train': limit 3 exceeds its 2 examples"
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"shape": (2, 1)}, "examples have shape (1, 2); its manifest says (2, 1)"),
        ({"classes": 7}, "found the label 7; its manifest says 7 classes, from 0"),
        (
            {"decode": "idx.digit"},
            "decode: 'idx.digit': cannot be imported: module 'ae.data.idx' has no attribute 'digit'",
        ),
        (
            {"decode": "ids.digits"},
            "decode: 'ids.digits': cannot be imported: No module named 'ae.data.ids'",
        ),
    ],
)
def test_data_that_are_not_what_the_manifest_says_are_refused(tiny, embed, take, change, expected):
    manifest = tiny().model_copy(update=change)
    embed()
    assert refused(UserError, lambda: take(manifest)) == f"data set 'tiny': {expected}"


def test_a_damaged_file_stops_it(tiny, embed, take):
    manifest = tiny()
    embed({"x": b"damaged", "y": b"damaged"})
    assert "x.gz: expected " in refused(OutsideError, lambda: take(manifest))


def derived(root, pieces: str):
    text = (ROOT / "datasets/mnist-basic.toml").read_text()
    text = text[: text.index("[splits")].replace('derives = "mnist"', 'derives = "tiny"')
    path = root / "datasets/picked.toml"
    path.write_text(f"{text.replace('[28, 28]', '[1, 2]')}[splits.train]\npieces = [{pieces}]\n")
    return read_manifest(path)


def test_pieces_are_joined_in_their_order(root, tiny, embed, take):
    tiny()
    embed()
    last_first = (
        '{ split = "train", first = 1, count = 1 }, { split = "train", first = 0, count = 1 }'
    )
    data = take(derived(root, last_first))
    assert (data.x.tolist(), data.y.tolist()) == ([[102, 255], [0, 51]], [3, 7])
    assert take(derived(root, last_first), limit=1).x.tolist() == [[102, 255]]


def test_a_piece_that_the_source_does_not_have_is_refused(root, tiny, embed, take):
    tiny()
    embed()
    manifest = derived(root, '{ split = "train", first = 1, count = 2 }')
    assert refused(UserError, lambda: take(manifest)) == (
        "data set 'tiny', split 'train': a derived set asks for examples up to 3; it has 2"
    )


def test_only_some_classes_are_taken_and_counted(tiny, embed, take):
    manifest = tiny()
    embed()
    three, both = take(manifest, only=(3,)), take(manifest)
    assert (three.x.tolist(), three.y.tolist()) == ([[102, 255]], [3])
    assert (three.split, three.available) == ("train (only 3)", 1)
    assert three.sha256 == hashlib.sha256(bytes([102, 255]) + bytes([3]) + bytes(7)).hexdigest()
    assert take(manifest, only=(7, 3)).sha256 == both.sha256
    assert refused(UserError, lambda: take(manifest, only=(3,), limit=2)) == (
        "data set 'tiny', split 'train (only 3)': limit 2 exceeds its 1 examples"
    )
    assert refused(UserError, lambda: take(manifest, only=(5,))) == (
        "data set 'tiny', split 'train (only 5)': no examples"
    )


def test_a_derived_image_does_not_depend_on_which_classes_are_taken(root):
    manifest = find_manifest("mnist-bg-rand", Library.at(ROOT))
    some = load(manifest, "train", limit=40, library=Library.at(ROOT), device="cpu")
    ones = load(manifest, "train", limit=5, library=Library.at(ROOT), device="cpu", only=(1, 8))
    wanted = torch.isin(some.y, torch.tensor([1, 8]))
    assert wanted.sum() >= 5
    assert torch.equal(ones.x, some.x[wanted][:5])
    assert set(ones.y.tolist()) == {1, 8}


def test_labels_are_shown_first_of_every_class_and_then_second_of_every_class():
    manifest = find_manifest("mnist", Library.at(ROOT))

    def load_600(**how):
        return load(manifest, "train", limit=600, library=Library.at(ROOT), device="cpu", **how)

    whole, some = load_600(), load_600(labelled=57)
    assert torch.equal(some.x, whole.x)
    told = some.y >= 0
    assert torch.equal(some.y[told], whole.y[told])
    assert (some.y[~told] == -1).all()
    assert torch.equal(some.batch(torch.arange(600)).y, some.y)
    assert (whole.y >= 0).all()
    # Five of each class, and the sixth of the seven classes that have theirs first.
    places = [torch.nonzero(whole.y == label)[:, 0].tolist() for label in range(10)]
    sixth = sorted(place[5] for place in places)[:7]
    expected = sorted([i for place in places for i in place[:5]] + sixth)
    assert torch.nonzero(told)[:, 0].tolist() == expected
    fewer = load_600(labelled=50)
    assert torch.bincount(fewer.y[fewer.y >= 0]).tolist() == [5] * 10
    assert (some.y[fewer.y >= 0] >= 0).all()
    assert len({d.sha256 for d in (whole, some, fewer)}) == 3


def test_hidden_labels_are_digested_and_described(tiny, embed, take):
    manifest = tiny()
    embed()
    whole, one = take(manifest), take(manifest, labelled=1)
    assert one.y.tolist() == [7, -1]
    shown = b"\x00\x33\x66\xff" + b"\x07" + bytes(7) + b"\xff" * 8
    assert one.sha256 == hashlib.sha256(shown).hexdigest()
    assert (whole.described, one.described) == ("train", "train (1 labelled)")
    assert take(manifest, labelled=2).sha256 == whole.sha256
    assert take(manifest, only=(3,), labelled=1).described == "train (only 3) (1 labelled)"
    assert refused(UserError, lambda: take(manifest, labelled=3)) == (
        "data set 'tiny', split 'train': labelled 3 exceeds the 2 examples"
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_set_on_the_gpu_is_the_one_on_the_cpu(tiny, embed, root, take):
    manifest = tiny()
    embed()
    here = take(manifest)
    there = load(manifest, "train", limit="all", library=Library.at(root), device="cuda")
    assert torch.equal(there.x.cpu(), here.x)
    assert replace(there, x=here.x, y=here.y) == here


def test_a_generated_set_takes_no_file_and_a_limit_beyond_it_is_refused(root, take):
    (root / "datasets/r.toml").write_text((ROOT / "datasets/rectangles.toml").read_text())
    manifest = read_manifest(root / "datasets/r.toml")
    data = take(manifest, "valid", 3)
    assert (data.x.shape, data.y.shape, data.available) == ((3, 784), (3,), 200)
    assert torch.equal(take(manifest, "valid").x[:3], data.x)
    assert refused(UserError, lambda: take(manifest, "valid", 201)) == (
        "data set 'r', split 'valid': limit 201 exceeds its 200 examples"
    )
