"""Where things are: a checkout, an installed package, a lab's folders; names that are there twice."""

import os
import sys
from pathlib import Path

import pytest

from ae import library as places
from ae.errors import UserError
from ae.library import Library

SPECS = ("hinton2006-deep-autoencoder", "hinton2012-dropout", "kingma2014-vae")


def lay(folder: Path, *specs: str, sets: tuple[str, ...] = (), package: bool = False) -> Path:
    """A folder of a library; with a `package` it is a checkout."""
    for name in ("benchmarks", "datasets", *(["ae"] if package else [])):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name in specs:
        (folder / "benchmarks" / f"{name}.toml").write_text("")
    for name in sets:
        (folder / "datasets" / f"{name}.toml").write_text("")
    return folder


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """What an installed package brings, and an empty folder in which a person is."""
    share = lay(tmp_path / "site-packages" / "ae" / "share", *SPECS, sets=("mnist",))
    (share / "reports" / "baseline").mkdir(parents=True)
    (share / "reports" / "baseline" / "kingma2014-vae.json").write_text("")
    monkeypatch.setattr(places, "SHARE", share)
    monkeypatch.setattr(places, "BUILT_IN", share)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return share


def refused(call) -> str:
    with pytest.raises(UserError) as caught:
        call()
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_in_a_checkout_everything_is_the_checkouts_from_any_folder_of_it(tmp_path, monkeypatch):
    root = lay(tmp_path / "checkout", *SPECS, package=True)
    (root / "docs" / "deep").mkdir(parents=True)
    monkeypatch.chdir(root / "docs" / "deep")
    found = Library.here()
    assert (found.built_in, found.home, found.results) == (root, root, root / "results")
    assert found.included == ()
    assert found.package == root / "ae"
    assert found.baseline("kingma2014-vae", new=True).parent == root / "reports" / "baseline"


def test_elsewhere_it_is_the_packages_and_results_go_where_one_is(installed):
    found = Library.here()
    here = Path.cwd()
    assert (found.built_in, found.home, found.results) == (installed, here, here / "results")
    assert found.included == (here,)
    assert found.package == places.PACKAGE
    assert [p.stem for p in found.specs()] == list(SPECS)
    assert found.manifest("mnist") == installed / "datasets" / "mnist.toml"


def test_results_may_go_anywhere(installed, tmp_path):
    assert Library.here(tmp_path / "kept").results == tmp_path / "kept"
    assert Library.here().with_results(tmp_path / "else").all_results()[0] == tmp_path / "else"


def test_a_labs_folder_without_code_of_the_project_is_no_checkout(installed):
    lay(Path.cwd(), "doe2026-vae", sets=("faces",))
    found = Library.here()
    assert found.built_in == installed
    assert found.spec("doe2026-vae") == Path.cwd() / "benchmarks" / "doe2026-vae.toml"
    assert found.manifest("faces") == Path.cwd() / "datasets" / "faces.toml"


def test_included_folders_stand_beside_each_counts_once(installed, tmp_path):
    lab = lay(tmp_path / "lab", "doe2026-vae")
    (tmp_path / "other").symlink_to(lab)
    found = Library.here(include=[lab, tmp_path / "other", Path("."), lab])
    assert [f.resolve() for f in found.included] == [lab, Path.cwd()]
    assert [p.stem for p in found.specs()] == sorted([*SPECS, "doe2026-vae"])
    results = [p.resolve() for p in found.all_results()]
    assert results == [Path.cwd() / "results", lab / "results"]


@pytest.mark.parametrize(("kind", "word"), [("benchmarks", "spec"), ("datasets", "data set")])
def test_a_name_that_is_there_twice_is_one_line(installed, tmp_path, kind, word):
    lab = lay(tmp_path / "lab")
    (installed / kind / "same2020-name.toml").write_text("")
    (lab / kind / "same2020-name.toml").write_text("")
    found = Library.here(include=[lab])
    said = refused(found.specs if word == "spec" else found.manifests)
    first, second = (f / kind / "same2020-name.toml" for f in (installed, lab))
    assert said == f"{word} 'same2020-name' is there twice: {first} and {second}; rename one"


def test_a_spec_is_found_by_its_name_a_beginning_that_is_its_alone_or_a_path(installed, tmp_path):
    found = Library.here()
    for name in ("kingma2014-vae", "kingma2014-vae.toml", "kingma2014", "k"):
        assert found.spec(name).stem == "kingma2014-vae"
    lone = tmp_path / "lone.toml"
    lone.write_text("")
    assert found.spec(str(lone)) == lone


def test_a_whole_name_counts_before_those_that_begin_with_it(installed):
    (installed / "benchmarks" / "kingma2014-vae-frey-face.toml").write_text("")
    assert Library.here().spec("kingma2014-vae").stem == "kingma2014-vae"


def test_a_beginning_of_several_names_lists_them(installed):
    assert refused(lambda: Library.here().spec("hinton")) == (
        "spec 'hinton': 2 names begin so: hinton2006-deep-autoencoder, hinton2012-dropout; give "
        "more of one"
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("hintn2006", " (did you mean 'hinton2006-deep-autoencoder'?)"),
        ("hinton2006-dep-autoencoder", " (did you mean 'hinton2006-deep-autoencoder'?)"),
        ("kigma", " (did you mean 'kingma2014-vae'?)"),
        ("zzz", ""),
        ("", ""),
        ("a\nb", ""),
    ],
)
def test_a_misspelt_name_or_beginning_says_the_nearest(installed, name, hint):
    assert refused(lambda: Library.here().spec(name)) == (
        f"{installed / 'benchmarks'}: no spec {name!r}{hint}; there are {', '.join(SPECS)}"
    )


def test_an_unknown_data_set_says_where_was_looked(installed, tmp_path):
    lab = lay(tmp_path / "lab", sets=("faces",))
    assert refused(lambda: Library.here(include=[lab]).manifest("mnits")) == (
        f"{installed / 'datasets'}, {lab / 'datasets'}: no data set 'mnits' (did you mean 'mnist'?); "
        "there are faces, mnist"
    )


def test_nothing_is_written_into_an_installed_package(installed, tmp_path):
    lab = lay(tmp_path / "lab", "doe2026-vae")
    found, name = Library.here(include=[lab]), "kingma2014-vae"
    mine = Path.cwd() / "reports" / "baseline" / f"{name}.json"
    assert found.baseline(name) == installed / "reports" / "baseline" / f"{name}.json"
    assert found.baseline(name, new=True) == mine
    mine.parent.mkdir(parents=True)
    mine.write_text("")
    assert found.baseline(name) == mine
    assert found.review(name, new=True).is_relative_to(Path.cwd())
    own = lab / "reports" / "baseline" / "doe2026-vae.json"
    assert found.baseline("doe2026-vae") == found.baseline("doe2026-vae", new=True) == own


def test_published_records_are_the_labs_own_where_the_package_brings_none(installed, tmp_path):
    lab = lay(tmp_path / "lab", "doe2026-vae")
    (lab / "reports" / "published").mkdir(parents=True)
    found = Library.here(include=[lab])
    assert found.published == [lab / "reports" / "published"]
    place = lab / "reports" / "published" / "doe2026-vae" / "quick" / "record.json"
    assert found.published_record("doe2026-vae", "quick") == place


def test_modules_of_included_folders_come_after_all_others(installed, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", ["first", "last"])
    lab = lay(tmp_path / "lab")
    for _ in range(2):
        Library.here(include=[lab]).importable()
    assert sys.path == ["first", "last", str(lab), os.getcwd()]


def test_paths_are_shown_from_the_folder_that_they_are_in(installed, tmp_path):
    found = Library.here()
    assert str(found.shown(installed / "benchmarks" / "a.toml")) == "benchmarks/a.toml"
    assert str(found.shown(Path.cwd() / "benchmarks" / "b.toml")) == "benchmarks/b.toml"
    assert found.shown(tmp_path / "else" / "c.toml") == tmp_path / "else" / "c.toml"
