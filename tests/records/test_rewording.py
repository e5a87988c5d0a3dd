"""A record takes the words of today's spec, and those alone."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ae.cli.keep import keep
from ae.records.record import Record, read, write
from ae.records.rewording import reworded
from ae.spec import Spec
from ae.spec.read import digest_of, read_spec
from ae.verdict import judge

ROOT = Path(__file__).parents[2]
NAME = "ding2018-gluon-vae"
SPEC = ROOT / "benchmarks" / f"{NAME}.toml"
PUBLISHED = ROOT / "reports" / "published" / NAME / "paper" / "record.json"


def changed(record: Record, *path: str | int, to: object) -> Record:
    """The record of a spec that says something else in one place."""
    spec = json.loads(json.dumps(record.spec))
    table = spec
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = to
    meaning = Spec.model_validate_json(json.dumps(spec))
    return record.model_copy(update={"spec": spec, "spec_digest": digest_of(meaning)})


def sentences(record: Record) -> list[tuple[str, str, str]]:
    """What is found of each claim."""
    return [(v.id, v.word, v.ours) for v in judge(record)]


@pytest.fixture(scope="module")
def record() -> Record:
    found = read(PUBLISHED)
    assert not found.outdated(read_spec(SPEC))
    return found


@pytest.mark.parametrize(
    "path",
    [
        ("paper", "idea"),
        ("claim", 0, "statement"),
        ("claim", 0, "source"),
        ("claim", 1, "margin_reason"),
        ("claim", 1, "by"),
        ("deviation", 0, "why"),
        ("figure", 0, "caption"),
        ("figure", 0, "paper"),
    ],
)
def test_words_of_another_state_become_todays_and_nothing_else_changes(record, path):
    earlier = changed(record, *path, to="Other words.")
    spec = read_spec(SPEC)
    assert earlier.outdated(spec)
    now = reworded(earlier, spec, SPEC.read_text(encoding="utf-8"))
    assert now == record
    assert not now.outdated(spec)
    assert sentences(now) == sentences(earlier)


def test_a_figures_caption_is_the_specs_of_today(record):
    old = [f.model_copy(update={"caption": "Other words."}) for f in record.figures]
    earlier = changed(record, "figure", 0, "caption", to="Other words.")
    earlier = earlier.model_copy(update={"figures": old})
    now = reworded(earlier, read_spec(SPEC), SPEC.read_text(encoding="utf-8"))
    assert now == record


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("claim", 1, "margin"), 1.0),
        (("claim", 1, "printed"), "171.10"),
        (("claim", 0, "status"), "quoted"),
        (("claim", 0, "primary"), True),
        (("claim", 0, "untrained"), "an untrained network meets it"),
        (("train", "seeds"), [0, 1, 2, 3]),
        (("model", "latent"), 3),
        (("data", "limit"), 100),
        (("measure", 0, "unit"), "bits"),
        (("run", 0, "label"), "Another"),
        (("figure", 0, "arguments"), {"side": 3}),
    ],
)
def test_what_is_trained_measured_or_judged_is_no_word(record, path, to):
    earlier = changed(record, *path, to=to)
    assert reworded(earlier, read_spec(SPEC), "") is None


def test_the_command_rewords_what_means_the_same_and_names_what_does_not(record, tmp_path):
    other = ROOT / "reports" / "published" / "cs182-ae-vae" / "paper" / "record.json"
    folders = [tmp_path / NAME / "paper", tmp_path / "cs182-ae-vae" / "paper"]
    for folder, source in zip(folders, (PUBLISHED, other), strict=True):
        shutil.copytree(source.parent, folder)
    write(changed(record, "claim", 0, "source", to="Other words."), folders[0] / "record.json")
    write(changed(read(other), "claim", 0, "primary", to=True), folders[1] / "record.json")
    done = CliRunner().invoke(keep, ["--words", "--into", str(tmp_path)])
    assert done.output.splitlines()[0] == f"{NAME}, paper tier: has the words of today's spec"
    assert "run again: cs182-ae-vae, paper tier" in str(done.exception)
    assert (folders[0] / "record.json").read_bytes() == PUBLISHED.read_bytes()
    assert read(folders[1] / "record.json").outdated(
        read_spec(ROOT / "benchmarks/cs182-ae-vae.toml")
    )
    again = CliRunner().invoke(keep, ["--words", "--into", str(tmp_path), NAME])
    assert (again.exit_code, again.output) == (0, "")
