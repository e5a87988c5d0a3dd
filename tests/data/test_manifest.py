"""Manifests: what they may hold, what is said of those that do not, and the ones that are here."""

import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ae.data.manifest import find_manifest, find_source, find_split, read_manifest
from ae.errors import UserError
from ae.library import Library, near
from ae.toml.file import shown

ROOT = Path(__file__).parents[2]
DATASETS = ROOT / "datasets"
FILES = (DATASETS / "mnist.toml").read_text()
DERIVED = (DATASETS / "mnist-rot.toml").read_text()
GENERATED = (DATASETS / "rectangles.toml").read_text()


def message(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_manifest(path)
    return str(caught.value)


def test_a_manifest_is_named_after_its_file_and_says_what_the_file_says(tmp_path):
    (tmp_path / "digits.toml").write_text(FILES)
    manifest = read_manifest(tmp_path / "digits.toml")
    assert (manifest.name, manifest.shape, manifest.classes) == ("digits", (28, 28), 10)
    assert manifest.file[2].basename == "t10k-images-idx3-ubyte.gz"
    assert (manifest.file[2].bytes, manifest.file[2].sha256[:8]) == (1648877, "8d422c7b")
    assert manifest.splits["test"].labels == "test-labels"


def test_every_embedded_file_has_the_size_that_its_manifest_says():
    for file in find_manifest("mnist", Library.at(DATASETS.parent)).file:
        assert (DATASETS / "mnist" / file.basename).stat().st_size == file.bytes


@pytest.mark.parametrize(
    ("base", "right", "wrong", "expected"),
    [
        (
            FILES,
            "classes = 10",
            "clases = 10",
            "unknown key 'clases' (did you mean 'classes'?); it may",
        ),
        (FILES, "title", 'name = "mnist"\ntitle', "name: the file's name is the data set's; leave"),
        (FILES, "shape = [28, 28]", "shape = [28.5]", "shape: found [28.5]; expected a list, each"),
        (FILES, "shape = [28, 28]", "shape = []", "shape: found []; expected a list, each item"),
        (
            FILES,
            '"idx.digits"',
            '"../idx.digits"',
            "decode: found '../idx.digits'; expected 'file.function' of ae/data",
        ),
        (
            FILES,
            'images = "train-images"',
            'images = "train-image"',
            "split 'train': no file 'train-image' (did you mean 'train-images'?)",
        ),
        (
            FILES,
            'images = "train-images"\n',
            "",
            "[splits.train]: found labels; expected images and labels, or images, or pieces",
        ),
        (
            FILES,
            'images = "train-images"\n',
            'images = "train-images"\ncount = 5\n',
            "[splits.train]: found one of first and count; expected both or neither",
        ),
        (
            FILES,
            'images = "train-images"\n',
            'images = "trai-images/x"\n',
            "split 'train': no file 'trai-images' (did you mean 'train-images'?)",
        ),
        (
            DERIVED,
            "[splits.train]\n",
            "[splits.train]\nfirst = 1\ncount = 5\n",
            "[splits.train]: first and count are of files; pieces have their own",
        ),
        (
            FILES,
            'images = "train-images"\nlabels = "train-labels"',
            'pieces = [{ split = "test", first = 0, count = 1 }]',
            "split 'train' is that of a derived set; this set is filed: expected images and labels",
        ),
        (
            FILES,
            "bytes = 4542",
            "bytes = 0",
            "[[file]] 'test-labels': bytes: found 0; expected a whole number of at least 1",
        ),
        (
            FILES,
            "f7ae60f9",
            "F7ae60f9",
            "04aec6'; expected a sha256: 64 digits of 0-9 and a-f",
        ),
        (
            FILES,
            'name = "test-labels"\n',
            'name = "test-images"\n',
            "two [[file]] tables have the name 'test-images'",
        ),
        (
            FILES,
            "MNIST/raw/t10k-labels-idx1",
            "MNIST/labels/t10k-images-idx3",
            "two [[file]] tables have the basename 't10k-images-idx3-ubyte.gz'",
        ),
        (FILES, "[splits.test]", '[splits."a/b"]', "[splits]: key 'a/b': expected a name of"),
        (DERIVED, "seed = 2007\n", "", "a set without [[file]] has a 'seed', and no other has"),
        (
            DERIVED,
            'derives = "mnist"\n',
            "",
            "split 'train' is that of a derived set; this set is generated: expected count",
        ),
        (
            GENERATED,
            "count = 1000\n",
            "",
            "found nothing; expected images and labels, or images, or",
        ),
        (GENERATED, "count = 1000\n", "count = 0\n", "count: found 0; expected a whole number of"),
        (FILES, "title", 'derives = "x"\ntitle', "found both 'derives' and [[file]]; expected one"),
        (DERIVED, "count = 10000 ", "count = 0 ", "count: found 0; expected a whole number of at"),
        (DERIVED, "first = 0, count = 10000", "first = -1, count = 1", "first: found -1; expected"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path, base, right, wrong, expected):
    assert base.count(right) == 1
    said = message(tmp_path / "set.toml", base.replace(right, wrong))
    assert said.startswith(f"{tmp_path / 'set.toml'}: ")
    assert expected in said
    assert said.isprintable()


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../mnist.toml",
        "a/../../b",
        "a/..",
        "a\\b",
        "a//b",
        "a/",
        "",
        ".",
        ".ssh/config",
        "~/x",
        "a b",
        "a\\nb",
        "a" * 201,
    ],
)
def test_a_file_stays_within_its_folder(tmp_path, path):
    inner = path.replace("\\b", "\\\\b")
    text = FILES.replace("MNIST/raw/t10k-labels-idx1-ubyte.gz", inner)
    said = message(tmp_path / "set.toml", text)
    assert "[[file]] 'test-labels': path: found " in said
    assert "; expected a relative path of letters, digits and" in said
    assert said.isprintable()


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://host/x",
        "https:///x",
        "https://host",
        "http://user:word@host/x",
        "http://[::1/x",
        "http://host:99999/x",
        "http://host/a b",
        "http://host/ä",
    ],
)
def test_a_mirror_is_a_plain_web_address(tmp_path, url):
    right = "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz"
    said = message(tmp_path / "set.toml", FILES.replace(right, url))
    assert "[[file]] 'test-labels': mirrors: found " in said
    assert "; expected an address http(s)://host/... in plain characters" in said
    assert said.isprintable()


@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [
        (
            "MNIST/raw/t10k-labels-idx1-ubyte.gz",
            "a\\u0000b",
            "path: found the control character U+0000",
        ),
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz",
            "http://host/\\r\\nX-Header: 1",
            "mirrors.0: found the control character U+000D",
        ),
    ],
)
def test_a_control_character_is_named_before_anything_else(tmp_path, right, wrong, found):
    said = message(tmp_path / "set.toml", FILES.replace(right, wrong))
    assert f"[[file]] 'test-labels': {found}; expected text that can be shown" in said
    assert said.isprintable()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mnits", " (did you mean 'mnist'?)"),
        ("../datasets/mnist", ""),
        ("\0\n", ""),
        ("q" * 5000, ""),
    ],
)
def test_an_unknown_data_set_is_answered_with_those_there_are(name, hint):
    with pytest.raises(UserError) as caught:
        find_manifest(name, Library.at(DATASETS.parent))
    known = ", ".join(sorted(p.stem for p in DATASETS.glob("*.toml")))
    expected = f"{near(DATASETS)}: no data set {shown(name)}{hint}; there are {known}"
    assert str(caught.value) == expected


def test_an_unknown_split_is_answered_with_those_there_are():
    with pytest.raises(UserError) as caught:
        find_split(find_manifest("mnist", Library.at(DATASETS.parent)), "tset")
    assert str(caught.value) == (
        "data set 'mnist': no split 'tset' (did you mean 'test'?); there are train, test"
    )


def test_every_set_has_a_row_in_the_readme():
    readme = (DATASETS / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| set |") :].split("\n\n")[0].splitlines()[2:]
    named = [name for row in table for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(path.stem for path in DATASETS.glob("*.toml"))


def test_what_no_mirror_has_is_said_to_be_at_an_address():
    """A recipe is printed alone, without the manifest that it stands in."""
    for path in DATASETS.glob("*.toml"):
        for file in (f for f in read_manifest(path).file if not f.mirrors):
            assert "://" in (file.recipe or ""), path.stem
            assert not re.search(r"\b(above|below)\b", file.recipe), path.stem


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ('derives = "mnist"', 'derives = "set"', "derives: 'set' derives itself; expected a set"),
        ('derives = "mnist"', 'derives = "mnits"', "no data set 'mnits' (did you mean 'mnist'?)"),
        (
            'split = "test"',
            'split = "valid"',
            "set.toml: [splits.test]: pieces: data set 'mnist': no split 'valid'; there are train",
        ),
    ],
)
def test_a_source_has_files_and_the_splits_that_are_asked_of_it(tmp_path, right, wrong, expected):
    library, folder = Library.at(tmp_path), tmp_path / "datasets"
    folder.mkdir()
    (folder / "mnist.toml").write_text(FILES)
    (folder / "set.toml").write_text(DERIVED)
    assert find_source(find_manifest("set", library), library).name == "mnist"
    (folder / "set.toml").write_text(DERIVED.replace(right, wrong))
    with pytest.raises(UserError) as caught:
        find_source(find_manifest("set", library), library)
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()


def test_reading_a_manifest_loads_neither_torch_nor_numpy():
    code = (
        "import sys; sys.modules['torch'] = sys.modules['numpy'] = None\n"
        "import pathlib, ae.data.manifest, ae.check\n"
        "print(ae.data.manifest.read_manifest(pathlib.Path('datasets/mnist.toml')).classes)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, timeout=60
    )
    assert done.stdout == b"10\n"


def test_a_name_with_a_tab_is_listed_on_one_line(tmp_path):
    text = FILES.replace('name = "train-labels"', 'name = "\\train-labels"')
    found = message(tmp_path / "set.toml", text)
    assert r"'\train-labels'" in found.partition("there are")[2]
    assert found.isprintable()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([FILES, DERIVED, GENERATED]), st.randoms(use_true_random=False))
def test_a_mutated_manifest_is_read_or_refused_in_one_line(text: str, chance: random.Random):
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        i = chance.randrange(len(lines))
        at = chance.randint(0, len(lines[i]))
        lines[i] = chance.choice(
            [
                "",
                lines[chance.randrange(len(lines))],
                lines[i][:at] + chance.choice('"\\[]{}=\n\x00\x7f9-.ä') + lines[i][at:],
                lines[i][:at] + lines[i][at + 1 :],
                f"{lines[i].partition('=')[0]} = {chance.choice(['-1', '1e99', '[]', '{}', '1979-05-27', 'true', '[[[]]]', '9' * 30])}",
            ]
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "set.toml")
        path.write_text("\n".join(lines))
        said = f"{path}: "
        try:
            assert read_manifest(path).splits
        except UserError as error:
            said = str(error)
        assert said.startswith(f"{path}: ")
        assert said.isprintable(), said
