"""What `ae new` writes is sound and is what was asked for; what cannot be written is one line."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from project import ROOT

from ae.check import check_all
from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.errors import OutsideError, UserError
from ae.library import Library
from ae.spec.read import read_spec
from ae.spec.tiers import cells
from ae.starter.begin import Beginning
from ae.starter.images import image_file

NAME = "doe2026-vae"


@pytest.fixture
def lab(tmp_path, monkeypatch) -> Library:
    """An empty folder beside what comes with the project."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return Library(ROOT, tmp_path, tmp_path / "results", (tmp_path,))


def begin(lab: Library, name: str = NAME) -> Beginning:
    return Beginning(name, lab.home, lab)


def saved(path: Path, **arrays) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, 5, 4), np.uint8)


def written(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_spec_and_a_model_to_begin_with_are_sound(lab):
    begun = begin(lab).anew()
    assert begun.model == "doe2026_vae:VAE"
    assert written(lab.home) == [f"benchmarks/{NAME}.toml", "doe2026_vae.py"]
    assert check_all(lab) == []
    spec = read_spec(lab.spec(NAME))
    assert (spec.paper.authors, spec.paper.year) == ("Doe", 2026)
    for tier, sizes in (("paper", ("all", "all")), ("quick", (5000, 1000)), ("smoke", (200, 50))):
        for cell in cells(spec, tier, where=NAME):
            assert (cell.data.limit, cell.data.test_limit) == sizes


def test_images_become_a_data_set_with_its_last_sixth_to_test(lab, tmp_path_factory):
    x, y = pictures(60), np.arange(60, dtype=np.uint8) % 7
    path = saved(tmp_path_factory.mktemp("data") / "Faces.npz", images=x, labels=y)
    begun = begin(lab).anew(image_file(path))
    assert [p.name for p in begun.files[2:]] == ["Faces.npz", "faces.toml"]
    assert check_all(lab) == []
    manifest = find_manifest("faces", lab)
    assert (manifest.shape, manifest.classes) == ((5, 4), 7)
    parts = {"train": (x[:50], y[:50]), "test": (x[50:], y[50:])}
    for split, (images, labels) in parts.items():
        data = load(manifest, split, limit="all", library=lab, device="cpu")
        np.testing.assert_array_equal(data.x.numpy(), images.reshape(len(images), -1))
        np.testing.assert_array_equal(data.y.numpy(), labels)
    cell = cells(read_spec(lab.spec(NAME)), "quick", where=NAME)[0]
    assert (cell.data.limit, cell.data.test_limit) == (50, 10)
    assert cell.train.stages["main"].batch == 50


def test_one_goes_on_from_a_paper_with_a_copy_of_its_model(lab):
    origin = lab.spec("vincent2008")
    begun = begin(lab, "doe2026-dae").going_on(origin)
    assert begun.model == "doe2026_dae:DAE"
    model = (lab.home / "doe2026_dae.py").read_bytes()
    assert model == (ROOT / "ae" / "models" / "denoising.py").read_bytes()
    own, theirs = read_spec(lab.spec("doe2026-dae")), read_spec(origin)
    assert own.model["class"] == "doe2026_dae:DAE"
    assert own.claim == theirs.claim
    kinds = {c.model["class"] for c in cells(own, "paper", where="own")}
    assert kinds == {"doe2026_dae:DAE", "stacked_denoising.SDAE"}
    assert check_all(lab) == []


def test_all_classes_of_the_models_file_are_the_copys(lab):
    (lab.home / "nets.py").write_bytes((ROOT / "ae" / "models" / "relaxed_vae.py").read_bytes())
    begin(lab).anew()
    spec = lab.spec(NAME)
    text = spec.read_text().replace('class = "doe2026_vae:VAE"\nhidden = 256\nlatent = 8\nbeta = 1.0',
        'class = "nets:RelaxedBernoulliVAE"\nhidden = [9]\nlatent = 8\ntemperature = 1.0')  # fmt: skip
    spec.write_text(text.replace("model.beta", "model.temperature"))
    begin(lab, "doe2027-vae").going_on(spec)
    copied = read_spec(lab.spec("doe2027-vae"))
    assert copied.model["class"] == "doe2027_vae:RelaxedBernoulliVAE"
    assert (lab.home / "doe2027_vae.py").read_bytes() == (lab.home / "nets.py").read_bytes()


def test_in_a_checkout_the_model_is_one_of_the_projects(tmp_path):
    for part in ("ae", "benchmarks"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    library = Library.at(tmp_path)
    begun = Beginning(NAME, tmp_path, library).anew()
    assert begun.model == "doe2026_vae.VAE"
    assert (tmp_path / "ae" / "models" / "doe2026_vae.py").is_file()
    assert check_all(library) == []


def test_a_model_that_needs_its_neighbours_stays_where_it_is(lab):
    (lab.home / "nets").mkdir()
    (lab.home / "nets" / "__init__.py").touch()
    text = (ROOT / "ae" / "starter" / "model.py").read_text()
    (lab.home / "nets" / "own.py").write_text("from .other import nothing\n")
    (lab.home / "nets" / "other.py").write_text("nothing = 0\n")
    (lab.home / "nets" / "own.py").write_text(text + "\nfrom .other import nothing  # noqa\n")
    begin(lab).anew()
    spec = lab.spec(NAME)
    spec.write_text(spec.read_text().replace("doe2026_vae:VAE", "nets.own:VAE"))
    begun = begin(lab, "doe2027-vae").going_on(spec)
    assert begun.model == ""
    assert read_spec(lab.spec("doe2027-vae")).model["class"] == "nets.own:VAE"
    assert not (lab.home / "doe2027_vae.py").exists()


def test_nothing_that_is_there_is_written_over_and_nothing_is_left_of_a_refusal(
    lab, tmp_path_factory
):
    begin(lab).anew()
    before = written(lab.home)
    for name, said in (
        (NAME, f"benchmarks/{NAME}.toml: is there already"),
        ("kingma2014-vae", "benchmarks/kingma2014-vae.toml: is there already"),
        ("VAE", "spec 'VAE': expected <first author><year>-<model>"),
        ("../doe2026-vae", "expected <first author><year>-<model>"),
    ):
        with pytest.raises(UserError, match=said):
            begin(lab, name).anew()
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "doe2028_vae.py").touch()
    sys.path.append(str(elsewhere))
    try:
        with pytest.raises(UserError, match="Python has a module 'doe2028_vae' already"):
            begin(lab, "doe2028-vae").anew()
    finally:
        sys.path.remove(str(elsewhere))
    assert written(lab.home) == before


def test_images_that_are_none_are_named(tmp_path):
    for name, error, said, arrays in (
        ("a.npz", OutsideError, "images", {"pictures": pictures(9)}),
        ("b.npz", OutsideError, "images", {"images": pictures(9) / 255}),
        ("c.npz", UserError, r"shape \(5, 5, 4\); expected", {"images": pictures(5)}),
        ("d.npz", UserError, r"shape \(9,\); expected", {"images": pictures(9)[:, 0, 0]}),
        ("e f.npz", UserError, "expected a name of letters", {"images": pictures(9)}),
    ):
        with pytest.raises(error, match=said):
            image_file(saved(tmp_path / name, **arrays))


def test_a_data_set_of_that_name_is_not_hidden(lab, tmp_path):
    path = saved(tmp_path / "mnist.npz", images=pictures(9))
    with pytest.raises(UserError, match="there is a data set 'mnist' already"):
        begin(lab).anew(image_file(path))
