"""A record is read whole, or refused by what does not fit: place, found, expected."""

import copy
import json
import math
from pathlib import Path

import pytest
from project import ROOT

from ae.errors import UserError
from ae.records.entries import Curve, RunRecord
from ae.records.record import read, write
from ae.running.folder import finish, held, stage
from ae.spec.read import digest_of

GIVEN = json.loads(Path(__file__).parents[1].joinpath("tracked-record.json").read_text())
PUBLISHED = ROOT / "reports" / "published"
OUTSIDE = "String should match pattern"


def changed(steps, value):
    """The given record with another value at that place; without it where there is none."""
    tree = copy.deepcopy(GIVEN)
    place = tree
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = value
    return tree


@pytest.mark.parametrize(
    ("steps", "value", "said"),
    [
        (("name",), "../x", f"name: found '../x'; {OUTSIDE}"),
        (("name",), "x" * 101, "name: found 'xxx"),
        (("tier",), "tiny", "tier: found 'tiny'; Input should be 'paper', 'quick' or 'smoke'"),
        (("started",), "soon", "started: Invalid isoformat string: 'soon'"),
        (("seconds",), -1, "seconds: found -1; Input should be greater than or equal to 0"),
        (("seconds",), float("nan"), "seconds: found nan; Input should be a finite number"),
        (("figures", 0, "image"), "../a.png", f"figures.0.image: found '../a.png'; {OUTSIDE}"),
        (("figures", 0, "arrays"), ".npz", f"figures.0.arrays: found '.npz'; {OUTSIDE}"),
        (("runs", 0, "seeds"), [3, 3], "runs.0: seed 3 is given more than once"),
        (("runs", 0, "diverged"), {"7": "x"}, "runs.0: diverged: found 7, which is none of"),
        (("runs", 0, "metrics", "error"), [1.5], "'metrics.error': found 1; expected 2, one a"),
        (("runs", 0, "curves", 0, "steps"), [1], "curves.0: found 3 points; expected 1, one a"),
        (("runs", 0, "curves", 0, "values"), [], "loss': found 0; expected 2, one a seed"),
        (("runs", 1, "name"), "k-25", "the file: run 'k-25' is given more than once"),
        (("spec", "paper", "year"), float("nan"), "spec: [paper]: year: found nan; expected a fin"),
        (("extra",), 1, "extra: Extra inputs are not permitted"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, steps, value, said):
    path = tmp_path / "record.json"
    path.write_text(json.dumps(changed(steps, value)))
    with pytest.raises(UserError) as caught:
        read(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: not a record of schema 1: ")
    assert said in line
    assert line.isprintable()
    assert len(line) < 700


def test_a_spec_without_the_records_runs_is_of_another_format(tmp_path):
    path = tmp_path / "record.json"
    path.write_text(json.dumps(changed(("runs", 0, "name"), "k-26")))
    with pytest.raises(UserError, match=r"of another format \(it has no run 'k-26'\); run `ae run"):
        _ = read(path).meaning


def test_a_record_that_names_files_elsewhere_moves_and_removes_none(tmp_path):
    """It used to remove `../kept` when the next record took its place."""
    (tmp_path / "kept").write_text("mine")
    folder = tmp_path / "folder"
    new = read(Path(__file__).parents[1].joinpath("tracked-record.json"))
    with held(folder):
        (folder / "record.json").write_text(json.dumps(changed(("figures", 0, "image"), "../kept")))
        finish(stage(folder).parent, new, "work", {})
    assert (tmp_path / "kept").read_text() == "mine"
    assert read(folder / "record.json").digest == new.digest


def test_a_record_reads_back_as_it_was_written(tmp_path):
    record = read(Path(__file__).parents[1].joinpath("tracked-record.json"))
    write(record, tmp_path / "record.json")
    again = read(tmp_path / "record.json")
    assert again.model_dump_json() == record.model_dump_json()


def test_a_list_of_numbers_takes_one_line_and_strings_stay_as_they_are(tmp_path):
    record = read(Path(__file__).parents[1].joinpath("tracked-record.json"))
    odd = record.model_copy(update={"source": "[\n1,\n2\n]"})
    write(odd, tmp_path / "record.json")
    assert read(tmp_path / "record.json").source == odd.source
    lines = (tmp_path / "record.json").read_text(encoding="utf-8").splitlines()
    seeds = ", ".join(map(str, record.runs[0].seeds))
    assert f'   "seeds": [{seeds}],' in lines


def test_a_thinned_curve_keeps_the_means_over_the_steps_that_it_joins():
    curve = Curve(
        stage="train",
        part="loss",
        steps=[1, 4, 6, 8, 9],
        examples=[10, 40, 60, 80, 90],
        values=[[8.0, 4.0, 1.0, 3.0, 7.0], [1.0, math.nan, 2.0, 2.0, 3.0]],
    )
    thin = curve.thinned(3)
    assert (thin.steps, thin.examples) == ([4, 8, 9], [40, 80, 90])
    assert thin.values[0] == [5.0, 2.0, 7.0]  # (8 + 3 x 4) / 4, (2 x 1 + 2 x 3) / 4
    assert thin.values[1] == pytest.approx([math.nan, 2.0, 3.0], nan_ok=True)
    assert curve.thinned(5) == curve
    assert len(curve.thinned(1).steps) == 1


def test_a_metric_by_seed_is_nan_where_the_seed_diverged_or_its_value_is_no_number():
    run = RunRecord(
        name="a",
        label="a",
        seeds=[7, 3, 5, 1, 2],
        stack="",
        diverged={3: "loss is NaN"},
        metrics={"m": [1.5, 2.5, math.inf, -1e61, math.nan]},
        curves=[],
        parameters=1,
        steps=1,
        seconds=1.0,
    )
    values = run.values("m")
    assert list(values) == [7, 3, 5, 1, 2]
    assert values[7] == 1.5
    assert all(math.isnan(values[seed]) for seed in (3, 5, 1, 2))
    assert run.finite("m") == {7: 1.5}
    assert run.values("n") == {}


def test_a_record_is_outdated_by_what_changes_in_its_own_tier():
    record = read(PUBLISHED / "kingma2014-vae/paper/record.json")
    spec = record.meaning
    record = record.model_copy(update={"spec_digest": digest_of(spec)})

    def changed(**fields):
        return record.outdated(spec.model_copy(update=fields))

    def shifted(*tiers):
        return tuple(
            c.model_copy(update={"statement": "Another."}) if tuple(c.tiers) == tiers else c
            for c in spec.claim
        )

    def longer(tier):
        return {**spec.tier, tier: spec.tier[tier].model_copy(update={"data": {"limit": 7}})}

    assert not record.outdated(spec)
    assert not changed(tier=longer("quick"))
    assert changed(tier=longer("paper"))
    assert not changed(claim=shifted("quick"))
    assert changed(claim=shifted("paper"))
    assert changed(data=spec.data.model_copy(update={"limit": 7}))
    assert changed(claim=spec.claim[1:])
    wider = tuple(c.model_copy(update={"tiers": ("paper", "smoke")}) for c in spec.claim)
    assert not changed(
        claim=tuple(w if "paper" in c.tiers else c for c, w in zip(spec.claim, wider, strict=True))
    )
    elsewhere = spec.measure[0].model_copy(update={"name": "other", "tiers": ("quick",)})
    assert not changed(measure=(*spec.measure, elsewhere))
    assert changed(measure=spec.measure[1:])
