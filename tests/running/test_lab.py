"""A lab's folder beside what comes with `ae`: found by all commands, run, recorded, kept apart."""

import os
import re

import command
import lab
import pytest
from project import SPEC, make

from ae.records.record import read

RUN = ("run", lab.NAME, "--tier", "smoke", "--jobs", "1")  # in a worker
HERE = (*RUN[:-1], "0")


def ae(here, *arguments, **more):
    """Run the command in a folder from which no module is imported."""
    return command.ae(here, *arguments, here=False, **more)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The lab, an empty folder, and a record that was made there of the lab's paper."""
    whole = tmp_path_factory.mktemp("lab")
    theirs, here = lab.lay(whole / "theirs", SPEC.read_text()), whole / "here"
    here.mkdir()
    code, out, err = ae(here, *RUN, "--no-pdf", "--no-track", "--include", str(theirs))
    assert code == 0, err
    assert "noise-hurts" in out
    return theirs, here


@pytest.mark.slow
def test_a_labs_paper_is_run_with_the_labs_code_and_images(folders):
    theirs, here = folders
    record = read(here / "results" / lab.NAME / "smoke" / "record.json")
    assert {d.name for d in record.data} == {"flickering"}
    assert [d.examples for d in record.data] == [96, 32]
    assert {m for run in record.runs for m in run.metrics} == {"largest", "squared_error"}
    assert [f.name for f in record.figures] == ["filters"]
    assert not (theirs / "results").exists()
    assert (here / "results" / "report" / "index.html").exists()


@pytest.mark.slow
def test_a_record_says_whose_code_it_rests_on(folders):
    _, here = folders
    record = read(here / "results" / lab.NAME / "smoke" / "record.json")
    assert [c.name for c in record.foreign] == [
        "doelab.data:faces",
        "doelab.data:flicker",
        "doelab.data:same",
        "doelab.measures:largest",
        "doelab.nets:DAE",
        "doelab.pictures:weights",
    ]
    assert {(c.distribution, c.version) for c in record.foreign} == {("", "")}
    assert len({c.sha256 for c in record.foreign}) == len(record.foreign)
    page = (here / "results" / "report" / f"{lab.NAME}-smoke.html").read_text()
    words = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    sha256 = next(c.sha256 for c in record.foreign if c.name == "doelab.nets:DAE")
    assert f"code of doelab.nets:DAE in a folder, source {sha256}" in words


@pytest.mark.slow
def test_all_commands_see_an_included_folder(folders, tmp_path):
    theirs, here = folders
    include = ("--include", str(theirs))
    code, out, _ = ae(here, "list", *include)
    assert code == 0
    assert {lab.NAME, "kingma2014-vae"} <= {line.split()[0] for line in out.splitlines() if line}
    assert "smoke: recorded" in out
    assert ae(here, "check", *include)[:2] == (0, "all specs and manifests are sound\n")
    code, out, _ = ae(here, "fetch", "faces", "--offline", *include)
    assert (code, out) == (0, "faces: 1 files, sha256 verified\n")
    code, out, _ = ae(here, *RUN, "--plan", AE_INCLUDE=os.pathsep.join([str(here), str(theirs)]))
    assert code == 0
    assert "nothing to train" in out
    small = make(tmp_path)  # of one spec: to list all that come with `ae` takes seconds
    code, out, err = ae(small, "list", "--results", str(here / "results"))
    assert (code, lab.NAME in out, err) == (0, False, "")
    code, _, err = ae(here, *RUN)
    assert code == 2
    assert f"no spec '{lab.NAME}'" in err


@pytest.mark.slow
def test_the_labs_own_results_are_reported_from_elsewhere(folders, tmp_path):
    _, here = folders
    code, _, err = ae(tmp_path, "report", "--no-pdf", "--include", str(here))
    assert (code, err) == (0, "")
    assert (tmp_path / "results" / "report" / f"{lab.NAME}-smoke.html").exists()
    again = ("--results", str(here / "results"), "--out", str(tmp_path / "out"))
    code, _, err = ae(tmp_path, "report", "--no-pdf", *again, "--include", str(here))
    assert (code, err) == (0, "")
    code, _, err = ae(here, "report", "--no-pdf", "--against", str(here / "results"), *again)
    assert (code, err) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("layers", "1.0 * x", "2.0 * x", "code: doelab.layers.scale"),
        ("data", "0.01 * normal", "0.02 * normal", "data was"),
    ],
)
def test_a_change_of_code_that_the_model_reaches_is_seen(folders, file, old, new, said):
    theirs, here = folders
    path = theirs / "doelab" / f"{file}.py"
    before = path.read_text()
    path.write_text(before.replace(old, new))
    try:
        code, out, _ = ae(here, *HERE, "--plan", "--include", str(theirs))
    finally:
        path.write_text(before)
    assert code == 0
    assert f"trained before, but not with this: plain: {said}" in out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("nets", "import nothing_like_it", r"'doelab.nets:DAE': cannot be imported: No module"),
        ("nets", "1 / 0", r"'doelab.nets:DAE': .*nets.py:1: ZeroDivisionError: division by zero"),
        (
            "data",
            "1 / 0",
            r"data set '(faces|flickering)': decode: 'doelab.data:\w+': cannot be imp",
        ),
        ("nets", "class DAE: ...", r"benchmarks/doe2026-dae.toml: .*nets: DAE is no model"),
    ],
)
def test_code_of_a_lab_that_does_not_do_is_one_line(folders, tmp_path, file, text, said):
    theirs = lab.lay(tmp_path / "theirs", SPEC.read_text())
    path = theirs / "doelab" / f"{file}.py"
    path.write_text(f"{text}\n" + ("" if text.startswith("class") else path.read_text()))
    code, _, err = ae(tmp_path, *RUN, "--no-track", "--include", str(theirs))
    assert code == 2, err
    (line,) = [line for line in err.splitlines() if line.startswith("ae:")]
    assert re.search(said, line), line


def test_an_included_folder_that_is_not_there_is_one_line(tmp_path):
    for option, more in ((("--include", "nowhere"), {}), ((), {"AE_INCLUDE": "nowhere"})):
        code, _, err = ae(tmp_path, "list", *option, **more)
        name = option[0] if option else "AE_INCLUDE"
        assert (code, err) == (2, f"ae: {name}: found no folder 'nowhere'\n")
