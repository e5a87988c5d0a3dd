"""The fingerprint: what is the same for all seeds exactly, what each draws within its range."""

from pathlib import Path

import pytest
from tried import BASELINE, TEN, judged, record

from ae.gate import baseline as baselines
from ae.gate.calibration import from_record
from ae.gate.fingerprint import changes, condensed

WEIGHT = [0.0501, 0.0498, 0.0503, 0.0499, 0.0500, 0.0497, 0.0502, 0.0496, 0.0504, 0.0495]
APPLIED = {
    "fit/steps": [96],
    "fit/class": ["Adam"],
    "fit/group 0/lr last": [0.003],
    "parameter w/first/deviation": WEIGHT,
    "parameter w/first step": [0.003 - 1e-8 * i for i in range(10)],
    "parameters/digest": [f"{i:016x}" for i in range(10)],
    "fit/noise z/correlation": [0.1] * 10,
}
OWN = APPLIED | {
    "parameter w/first/deviation": [0.0507, 0.0493, 0.05],
    "parameter w/first step": [0.003, 0.0028, 0.003],
    "parameters/digest": ["a", "b", "c"],
    "fit/noise z/correlation": [0.2, 0.2, 0.15],
}


def having(made, applied):
    runs = [run.model_copy(update={"applied": applied}) for run in made.runs]
    return made.model_copy(update={"runs": runs})


def found(**changed):
    """The faults of a record that applied this instead, by what they name, in any of its runs."""
    old = from_record(having(record(TEN), APPLIED))
    new = {k: v for k, v in (OWN | changed).items() if v is not None}
    outcome = judged(having(record(), new), old)
    return {row.what: row.note for row in outcome.rows if row.kind == "structure"}


def test_what_is_applied_likewise_is_no_fault():
    assert found() == {}


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        ({"fit/steps": [95]}, "96 in the baseline, 95 now"),
        ({"fit/class": ["AdamW"]}, "Adam in the baseline, AdamW now"),
        ({"fit/group 0/lr last": [0.009]}, "0.003 in the baseline, 0.009 now"),
        ({"fit/group 0/lr last": [0.003, 0.003, 0.0031]}, "0.003 in the baseline, 0.003 to 0.0031"),
        ({"parameter w/first/deviation": [0.025, 0.025, 0.025]}, "0.0495 to 0.0504 in the baseline"),
        ({"parameter w/first/deviation": [0.05, 0.05, 0.025]}, "0.0495 to 0.0504 in the baseline"),
        ({"parameter w/first step": [0.009, 0.009, 0.009]}, "0.003 to 0.003 in the baseline, 0.009"),
        ({"parameters/digest": ["a", "b", "a"]}, "two seeds drew the same"),
        ({"parameters/digest": ["a"]}, "two seeds drew the same"),
        ({"parameters/digest": ["a", "b", f"{4:016x}"]}, ""),
        ({"fit/noise z/correlation": [1.0, 1.0, 0.1]}, "0.1 in the baseline, 0.1 to 1 now"),
        ({"fit/class": None}, "in the baseline alone: Adam"),
        ({"fit/group 1/lr last": [0.1]}, "not in the baseline: 0.1"),
    ],
)  # fmt: skip
def test_a_change_is_named_with_both_sides(changed, note):
    faults = found(**changed)
    (what,) = changed
    assert faults.keys() == {what}
    assert faults[what].startswith(note)


def test_rounding_is_no_change():
    assert found(**{"fit/group 0/lr last": [0.003 * (1 + 1e-6)]}) == {}


def test_seeds_that_all_begin_alike_may():
    """A model that starts from what was computed, not drawn."""
    same = {"parameters/digest": ["a"]}
    old = condensed([APPLIED | same])
    assert list(changes(OWN | same, old, same_device=True)) == []


@pytest.mark.parametrize("key", ["fit/steps", "fit/noise z/correlation"])
def test_a_list_without_values_agrees_with_its_like_alone(key):
    """No run writes one, but a file may hold it."""
    own, without = {key: [1.0]}, {key: list[float]()}
    assert [k for k, _ in changes(own, without, same_device=True)] == [key]
    assert [k for k, _ in changes(without, own, same_device=True)] == [key]
    assert list(changes(without, without, same_device=True)) == []


def test_elsewhere_what_both_have_is_compared():
    fewer = {k: v for k, v in OWN.items() if "noise" not in k}
    old = condensed([APPLIED])
    assert [k for k, _ in changes(fewer, old, same_device=True)] == ["fit/noise z/correlation"]
    assert list(changes(fewer, old, same_device=False)) == []
    assert len(list(changes(fewer | {"fit/steps": [1]}, old, same_device=False))) == 1


def test_old_records_and_baselines_are_compared_without_and_it_is_said():
    without = having(record(), {})
    outcome = judged(without)
    said = "no fingerprint to compare, in the baseline or in the record, of tiny2020-dae"
    assert (outcome.red, outcome.notes) == (False, [said])
    old = from_record(having(record(TEN), {}))
    assert [run.applied for run in old.runs] == [{}, {}, {}]
    assert not judged(record(), old).red


def test_the_projects_own_baselines_are_read(tmp_path):
    for path in (Path(__file__).parents[2] / "reports" / "baseline").glob("*.json"):
        baselines.read(path)


def test_a_baseline_keeps_ranges_digests_and_ends(tmp_path):
    made = having(record(TEN), APPLIED)
    runs = [
        run.model_copy(update={"ends": {"fit/loss": list(map(float, TEN))}}) for run in made.runs
    ]
    whole = from_record(made.model_copy(update={"runs": runs}))
    assert whole.runs[0].applied["parameter w/first/deviation"] == [0.0495, 0.0504]
    assert len(whole.runs[0].applied["parameters/digest"]) == 10
    assert whole.runs[0].ends["fit/loss"][3] == 103.0
    path = tmp_path / "tiny.json"
    baselines.write(whole, path)
    assert baselines.read(path) == whole


def test_the_end_of_a_term_is_watched_both_ways_and_may_not_vanish():
    def ending(made, values):
        runs = [run.model_copy(update={"ends": values(run)}) for run in made.runs]
        return made.model_copy(update={"runs": runs})

    def loss(run, away=0.0):
        return {"fit/loss": [v * 3 + away for v in run.metrics["squared_error"]]}

    old = from_record(ending(record(TEN), loss))
    assert not judged(ending(record(), loss), old).red
    for away in (-30.0, 30.0):
        worse = judged(ending(record(), lambda run, a=away: loss(run, a)), old).of("worse")
        assert {row.what for row in worse} == {"end of fit/loss"}
    gone = judged(ending(record(), lambda run: {"fit/other": [1.0, 2.0, 3.0]}), old).of("worse")
    assert {row.note for row in gone} == {"in the baseline, and no such term now"}
    assert not judged(record(), BASELINE).red
