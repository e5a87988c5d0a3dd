"""The original file of a rendered set: the same examples in the same order, or one line."""

import hashlib
import os
import re
import tracemalloc
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from command import ae
from originals import FILE, SIZE, at_hand, content, described, saved

from ae.data import original
from ae.data.dataset import Dataset, load
from ae.data.files import fetch
from ae.data.manifest import find_manifest, read_manifest
from ae.data.places import cache_folder, locate
from ae.errors import MissingData, OutsideError, UserError
from ae.library import Library

ROOT = Path(__file__).parents[2]


@pytest.fixture
def arrays():
    return content()


def both(root, manifest, device="cpu", **keys) -> tuple[Dataset, Dataset]:
    """The set from its file, and rendered."""
    rendered = manifest.model_copy(update={"original": None})
    keys = {"limit": "all", **keys}
    found = [
        load(m, "all", library=Library.at(root), device=device, **keys)
        for m in (manifest, rendered)
    ]
    assert (found[0].images is None, found[1].images is None) == (False, True)
    return found[0], found[1]


def alike(real: Dataset, rendered: Dataset) -> None:
    """Every way to an example gives the same of both."""
    count = len(rendered.x)
    assert torch.equal(real.x, rendered.x)
    assert torch.equal(real.y, rendered.y)
    assert (real.available, real.shape, real.features, real.labelled, real.split) == (
        rendered.available,
        rendered.shape,
        rendered.features,
        rendered.labelled,
        rendered.split,
    )
    assert list(real.factors) == list(rendered.factors)
    for name, places in rendered.factors.items():
        assert torch.equal(real.factors[name], places)
    index = torch.arange(count, device=real.x.device)
    for some in (index, index.flip(0)[: count // 2 * 2].reshape(2, -1), index[3:4]):
        ours, theirs = real.batch(some), rendered.batch(some)
        assert ours.x.dtype == theirs.x.dtype
        assert torch.equal(ours.x, theirs.x)
        assert torch.equal(ours.y, theirs.y)
        assert torch.equal(real.clean(some), rendered.clean(some))
    places = real.x.flip(0)
    assert torch.equal(real.render(places), rendered.render(places))


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"limit": 10},
        {"only": (2,)},
        {"only": (0, 2), "limit": 30},
        {"labelled": 5, "limit": 50},
    ],
    ids=str,
)
@pytest.mark.parametrize("kept", [True, False])
def test_the_set_from_its_file_is_the_set_that_is_rendered(root, arrays, monkeypatch, keys, kept):
    manifest = at_hand(root, saved(arrays))
    if not kept:
        monkeypatch.setattr("ae.data.dataset.KEPT", 0)
    real, rendered = both(root, manifest, **keys)
    assert real.keeps == rendered.keeps == kept
    alike(real, rendered)
    assert real.sha256 != rendered.sha256


def test_images_whose_bits_do_not_fill_their_last_byte_are_the_same(root):
    manifest = at_hand(root, saved(content(15)), 15)
    real, rendered = both(root, manifest)
    assert real.images.shape == (SIZE, 29)
    alike(real, rendered)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_the_set_on_the_gpu_is_the_set_that_is_rendered_there(root, arrays, monkeypatch):
    monkeypatch.setattr("ae.data.dataset.KEPT", 0)
    alike(*both(root, at_hand(root, saved(arrays)), "cuda"))


def test_a_row_is_found_by_its_latents_wherever_it_is(root, arrays):
    order = np.random.default_rng(0).permutation(SIZE)
    manifest = at_hand(root, saved({name: array[order] for name, array in arrays.items()}))
    alike(*both(root, manifest))


def test_blocks_of_a_few_rows_are_put_together(root, arrays, monkeypatch):
    manifest = at_hand(root, saved(arrays))
    monkeypatch.setattr("ae.data.npz.BLOCK", 7 * 256)
    alike(*both(root, manifest))


def test_pixels_are_those_of_the_file_where_the_renderer_differs(root, arrays, monkeypatch):
    monkeypatch.setattr("ae.data.dataset.KEPT", 0)
    changed = {name: array.copy() for name, array in arrays.items()}
    changed["imgs"][::4, 0, 15] ^= 1  # the last of the first row
    real, rendered = both(root, at_hand(root, saved(changed)))
    index = torch.arange(SIZE)
    row = np.ravel_multi_index(tuple(real.x.numpy().T), (3, 2, 3, 4, 4))
    differ = real.clean(index) != rendered.clean(index)
    np.testing.assert_array_equal(differ.any(1).numpy(), row % 4 == 0)
    assert differ.nonzero()[:, 1].unique().tolist() == [15]
    said = re.search(
        r"by the renderer, (\d+) of the first 200 are drawn exactly", real.manifest.note
    )
    assert said is not None
    assert int(said[1]) == int((row[:200] % 4 > 0).sum())


def test_an_example_takes_a_bit_a_pixel_and_the_plan_knows(root, arrays, monkeypatch):
    manifest = at_hand(root, saved(arrays))
    real, rendered = both(root, manifest)
    assert (real.row, rendered.row) == (5 + 32 + 256, 5 + 256)
    assert real.row * SIZE == sum(t.nbytes for t in (real.x, real.images, real._kept))
    monkeypatch.setattr("ae.data.dataset.KEPT", 0)
    assert (real.row, rendered.row) == (5 + 32, 5)


def test_a_set_says_which_of_the_two_it_is(root, arrays):
    manifest = at_hand(root, saved(arrays))
    real, _ = both(root, manifest)
    sha256 = hashlib.sha256((root / "datasets/sprites" / FILE).read_bytes()).hexdigest()
    assert real.origin == f"the original file, sha256 {sha256}"
    assert (real.manifest.licence, real.manifest.citation) == ("the original's", "nobody")
    assert real.manifest.note == (
        f"The original file, sha256 {sha256}; no image is re-rendered, whatever a deviation says of "
        "that. Of the images that its latents give by the renderer, 200 of the first 200 are drawn "
        "exactly, 0 pixels are off on average. Of old."
    )
    (root / "datasets/sprites" / FILE).unlink()
    rendered = load(manifest, "all", limit=9, library=Library.at(root), device="cpu")
    assert rendered.origin == "re-rendered, for the original file is not at hand"
    assert (rendered.manifest.licence, rendered.manifest.note) == ("made anew", "Re-rendered.")
    assert (
        load(
            find_manifest("mnist", Library.at(ROOT)),
            "test",
            limit=1,
            library=Library.at(ROOT),
            device="cpu",
        ).origin
        == ""
    )


def test_the_digest_without_the_file_is_that_of_a_set_that_never_had_one(root, arrays):
    manifest = at_hand(root, saved(arrays))
    (root / "datasets/sprites" / FILE).unlink()
    never = load(
        manifest.model_copy(update={"original": None}),
        "all",
        limit="all",
        library=Library.at(root),
        device="cpu",
    )
    assert (
        load(manifest, "all", limit="all", library=Library.at(root), device="cpu").sha256
        == never.sha256
    )


def test_what_a_worker_is_sent_has_the_images(root, arrays, monkeypatch):
    monkeypatch.setattr("ae.data.dataset.KEPT", 0)
    real, _ = both(root, at_hand(root, saved(arrays)))
    (root / "datasets/sprites" / FILE).unlink()
    there = Dataset(**{f.name: getattr(real, f.name) for f in fields(real)})
    index = torch.arange(SIZE)
    assert torch.equal(there.clean(index), real.clean(index))
    assert torch.equal(
        replace(real, images=real.images.flip(0)).clean(index), real.clean(index.flip(0))
    )


# What is refused, and that nothing of it is run.


def wrong(name, place, value):
    def change(arrays):
        arrays[name][place] = value

    return change


def swapped(arrays):
    arrays["classes"][:, 4:] = arrays["classes"][:, :3:-1]
    arrays["values"][:, 4:] = arrays["values"][:, :3:-1]


def other(name, function):
    def change(arrays):
        arrays[name] = function(arrays[name])

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("imgs"), "no array 'imgs'; it holds classes, values"),
        (lambda a: a.pop("values"), "no array 'values'; it holds imgs, classes"),
        (
            other("imgs", lambda x: x.astype(bool)),
            "array 'imgs' is of type '|b1' and shape (288, 16, 16), in the order of C, 73728 bytes; exp",
        ),
        (other("imgs", lambda x: x[:-1]), "shape (287, 16, 16), in the order of C, 73472 bytes; exp"),
        (other("imgs", lambda x: x[:, :-1]), "shape (288, 15, 16), in the order of C, 69120 bytes"),
        (other("imgs", np.asfortranarray), "in the order of F, 73728 bytes; expected"),
        (other("classes", lambda x: x.astype(np.int32)), "array 'classes' is of type '<i4'"),
        (other("classes", lambda x: x[:, 1:]), "array 'classes' is of type '<i8' and shape (288, 5)"),
        (other("values", lambda x: x.astype(np.float32)), "array 'values' is of type '<f4'"),
        (wrong("imgs", (17, 3, 4), 2), "array 'imgs', image 17: found the value 2; expected 0 and 1"),
        (wrong("imgs", slice(255), 255), "image 0: found the value 255; expected 0 and 1"),
        (wrong("classes", (5, 1), 3), "array 'classes', row 5: found 3 for 'shape'; expected 0 to 2"),
        (wrong("classes", (5, 0), -1), "row 5: found -1 for 'color'; expected 0 to 0"),
        (wrong("classes", (6, 5), 2**62), f"row 6: found {2**62} for 'y'; expected 0 to 3"),
        (
            wrong("values", (9, 2), 0.6),
            "array 'values', row 9: found 0.6 for 'scale'; expected 0.5, for 'classes' says 0",
        ),
        (wrong("values", (9, 0), np.nan), "row 9: found nan for 'color'; expected 1, for 'classes'"),
        (wrong("values", (9, 0), np.inf), "row 9: found inf for 'color'"),
        (wrong("classes", (0, 5), 1), "row 0: found 0 for 'y'; expected 0.333333, for 'classes' says 1"),
        (
            lambda a: [a[n].__setitem__(7, a[n][3]) for n in ("classes", "values")],
            "array 'classes', row 7: found the latents of row 3 again; expected every combination once",
        ),
        (swapped, "its images are not those of its latents: of the images that these give, "),
        (other("imgs", lambda x: 1 - x), "its images are not those of its latents: "),
        (other("imgs", lambda x: np.roll(x, 1, 1)), "are off on average; expected at most 1.28"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_its_manifest_says_is_refused(root, arrays, change, message):
    change(arrays)
    manifest = at_hand(root, saved(arrays))
    with pytest.raises(OutsideError) as caught:
        load(manifest, "all", limit=250, library=Library.at(root), device="cpu")
    said = str(caught.value)
    assert said.startswith(f"{root / 'datasets/sprites' / FILE}: ")
    assert message in said
    assert said.isprintable()


def test_half_a_file_and_one_of_another_sha256_are_refused(root, arrays):
    file = saved(arrays)
    path = root / "datasets/sprites" / FILE
    for part, words in ((file[: len(file) // 2], "not a whole .npz file"), (b"", "not a whole")):
        with pytest.raises(OutsideError, match=words):
            load(at_hand(root, part), "all", limit=9, library=Library.at(root), device="cpu")
    manifest = at_hand(root, file)
    path.write_bytes(file[:-1] + b"x")
    with pytest.raises(OutsideError) as caught:
        load(manifest, "all", limit=9, library=Library.at(root), device="cpu")
    assert re.fullmatch(
        rf"{re.escape(str(path))}: expected sha256 {hashlib.sha256(file).hexdigest()}, found \w{{64}}; "
        "remove the file and run `ae fetch`",
        str(caught.value),
    )


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_pickled_metadata_are_left_alone(root, arrays, tmp_path):
    sprung = tmp_path / "sprung"
    np.savez_compressed(tmp_path / "a.npz", metadata=np.array([Trap(sprung)], object), **arrays)
    alike(*both(root, at_hand(root, (tmp_path / "a.npz").read_bytes())))
    assert not sprung.exists()
    with np.load(tmp_path / "a.npz", allow_pickle=True) as opened:
        opened["metadata"]
    assert sprung.exists()  # the trap does work


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('name = "y"\nfirst = 0.0', 'name = "z"\nfirst = 0.0', "[original]: latent: found shape (3), "),
        ("last = 2.0\ncount = 3\n\n[[original.latent]]", "last = 2.0\ncount = 2\n\n[[original.latent]]", "orientation (2), x (4), y (4); expected the factors and how many values they"),
        ('images = "imgs"', 'image = "imgs"', "unknown key 'image'"),
        ('sha256 = "', 'sha256 = "0', "expected a sha256"),
    ],
)  # fmt: skip
def test_a_manifest_whose_original_cannot_be_is_refused(root, right, wrong, message):
    path = described(root, "0" * 64)
    text = path.read_text()
    assert right in text
    at = text.rindex(right)
    path.write_text(text[:at] + wrong + text[at + len(right) :])
    with pytest.raises(UserError) as caught:
        read_manifest(path)
    assert message in str(caught.value)


def test_an_original_belongs_to_a_set_that_is_rendered(root, tiny):
    tiny()
    text = described(root, "0" * 64).read_text()
    part = text[text.index("[original]") : text.index("[splits")]
    path = root / "datasets" / "tiny.toml"
    path.write_text(path.read_text().replace("[splits", f"{part}\n[splits", 1))
    with pytest.raises(UserError, match=r"\[original\] belongs to a set with \[\[factor\]\]"):
        read_manifest(path)


# Memory: what is kept, whatever the file unpacks to.


def test_memory_is_a_bit_a_pixel_of_what_is_asked_for(root):
    side, counts = 64, {"shape": 3, "scale": 4, "orientation": 4, "x": 16, "y": 32}
    size = 3 * 4 * 4 * 16 * 32
    manifest = find_manifest("dsprites", Library.at(ROOT))
    factor, latent = (
        tuple(f.model_copy(update={"count": counts.get(f.name, 1)}) for f in table)
        for table in (manifest.factor, manifest.original.latent)
    )
    classes = np.stack(np.unravel_index(np.arange(size), [c.count for c in latent]), -1)
    steps = np.array([(c.last - c.first) / max(1, c.count - 1) for c in latent])
    path = cache_folder() / "dsprites" / manifest.original.basename
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("imgs.npy", "w") as member:
            header = {"descr": "|u1", "fortran_order": False, "shape": (size, side, side)}
            np.lib.format.write_array_header_1_0(member, header)
            for row in range(0, size, 512):
                images = np.zeros((512, side, side), np.uint8)
                images[:, 0, :16] = np.arange(row, row + 512)[:, None] >> np.arange(16) & 1
                member.write(images.tobytes())
        values = np.array([c.first for c in latent]) + steps * classes
        for name, array in (("classes", classes), ("values", values)):
            with archive.open(f"latents_{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, version=(1, 0))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    file = manifest.original.model_copy(update={"sha256": sha256, "latent": latent})
    manifest = manifest.model_copy(update={"factor": factor, "original": file})
    places = classes[::-1, 1:].astype(np.uint8)
    for count in (size, 100):
        tracemalloc.start()
        _, found = original.images(manifest, places[:count], Library.at(root))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found.shape == (count, side**2 // 8)
        rows = np.unpackbits(found[:, :2], axis=1) @ (1 << np.arange(16))
        np.testing.assert_array_equal(rows, np.arange(size)[::-1][:count])
        assert not found[:, 2:].any()
        assert most < count * side**2 // 8 + 64 * size + 8 * 2**20 < size * side**2 / 4


# Getting it.


def test_a_run_never_downloads_the_original_and_fetch_does(root, arrays, mirror):
    file = saved(arrays)
    mirror.answers["/a"] = lambda handler: handler.reply(200, file)
    sha256 = hashlib.sha256(file).hexdigest()
    manifest = read_manifest(described(root / "datasets", sha256, mirrors=(mirror.url("/a"),)))
    assert load(manifest, "all", limit=9, library=Library.at(root), device="cpu").images is None
    with pytest.raises(MissingData, match="it was not looked for on mirrors"):
        fetch(manifest, Library.at(root), offline=True)
    assert mirror.seen == []
    heard = []
    assert fetch(manifest, Library.at(root), progress=lambda *told: heard.append(told)) == [
        cache_folder() / "sprites" / FILE
    ]
    assert heard[-1] == (FILE, len(file), len(file))
    assert load(manifest, "all", limit=9, library=Library.at(root), device="cpu").images is not None
    assert (
        locate(manifest, manifest.original, Library.at(root)) == cache_folder() / "sprites" / FILE
    )


def test_a_download_of_unknown_size_that_breaks_off_goes_on(root, arrays, mirror):
    file = saved(arrays)

    def ranged(handler) -> None:
        first = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        handler.reply(206, file[first:])

    def cut(handler) -> None:
        handler.server.answers["/a"] = ranged
        handler.reply(200, file[:512], Content_Length=str(len(file)))

    mirror.answers["/a"] = cut
    sha256 = hashlib.sha256(file).hexdigest()
    manifest = read_manifest(described(root / "datasets", sha256, mirrors=(mirror.url("/a"),)))
    assert fetch(manifest, Library.at(root))[0].read_bytes() == file
    assert mirror.seen == [("/a", None), ("/a", "bytes=512-")]


def test_a_mirror_that_sends_without_end_is_left(root, mirror, monkeypatch):
    monkeypatch.setattr("ae.data.files.MOST", 1000)
    mirror.answers["/a"] = lambda handler: handler.reply(200, bytes(5000))
    manifest = read_manifest(described(root / "datasets", "0" * 64, mirrors=(mirror.url("/a"),)))
    with pytest.raises(MissingData, match="sends more than the 1000 bytes expected"):
        fetch(manifest, Library.at(root))
    assert not list(cache_folder().rglob("*.part"))


def test_the_command_says_which_of_the_two_a_run_would_use(root, arrays):
    described(root / "datasets", hashlib.sha256(saved(arrays)).hexdigest())
    (root / "benchmarks").mkdir()
    (root / "benchmarks" / "any2020-spec.toml").touch()
    (root / "ae").symlink_to(ROOT / "ae")
    everything = {**os.environ, "PYTHONPATH": str(ROOT)}

    code, out, err = ae(root, "fetch", "--offline", only=everything)
    assert (code, err) == (0, "")
    assert out.startswith(
        "sprites: re-rendered, for the original file is not at hand: data set 'spri"
    )
    code, out, err = ae(root, "fetch", "sprites", only=everything)
    assert (code, out) == (3, "")
    assert "it has no mirror" in err
    assert err.endswith("ae: not at hand: the original of sprites\n")
    at_hand(root, saved(arrays))
    code, out, err = ae(root, "fetch", "--offline", "sprites", only=everything)
    assert (code, err) == (0, "")
    assert re.fullmatch(r"sprites: the original file, sha256 \w{64} verified\n", out)


# The file itself, where somebody has it.


@pytest.fixture(scope="module")
def real():
    manifest = find_manifest("dsprites", Library.at(ROOT))
    if locate(manifest, manifest.original, Library.at(ROOT)) is None:
        pytest.skip(f"{manifest.original.basename} is not on this machine")
    return load(manifest, "all", limit="all", library=Library.at(ROOT), device="cpu")


def test_how_many_images_of_the_file_are_drawn_exactly(real, capsys):
    index = torch.arange(5000)
    off = (real.render(real.x[index]) != real.clean(index)).sum(1)
    with capsys.disabled():
        print(f"\n{(off == 0).sum()} of 5000 exact, {off.sum()} pixels off, at most {off.max()}")
    assert (off == 0).double().mean() > 0.6
    assert off.sum() < 5000
