"""The baseline's own seeds again: equal to rounding where machine and versions are; else not asked."""

import pytest
from command import ae
from project import make
from tried import BASELINE, ENVIRONMENT, TEN, record

from ae.gate import baseline as baselines
from ae.gate.same import elsewhere, kept, own_seeds, repeated

FIRST = TEN[:2]


def rows(new, old):
    return [(r.run, r.word, r.note) for r in repeated(new, old, "f")]


def test_equal_seeds_agree_and_a_thousandth_is_red():
    old = BASELINE.model_copy(update={"again": kept(record(FIRST))})
    assert rows(record(FIRST), old) == [
        (name, "unchanged", "1 of 1 values agree to rounding")
        for name in ("plain", "noisy", "wide")
    ]
    assert {word for _, word, _ in rows(record(FIRST, move={"wide": 1e-5}), old)} == {"unchanged"}
    (worse,) = [r for r in rows(record(FIRST, move={"wide": 1e-3}), old) if r[1] == "worse"]
    was = old.again.runs["wide"]["squared_error"][0]
    assert worse[0] == "wide"
    assert f"squared_error of seed 100 was {was:.7g}, is {was + 1e-3:.7g}" in worse[2]


def test_a_baseline_of_old_says_and_fails_nothing():
    assert own_seeds(BASELINE) == FIRST
    found = rows(record(FIRST, move={"wide": 1e-3}), BASELINE)
    assert [word for _, word, _ in found] == ["unchanged", "unchanged", "undecided"]
    assert found[2][2].endswith("; trained in other company")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"processor": "B"}, "processor"),
        ({"threads": 2, "device": "H200"}, "device, threads"),
        ({"versions": ENVIRONMENT.versions | {"torch": "2.14.0"}}, "torch"),
        ({}, None),
    ],
)
def test_elsewhere_equal_seeds_need_not_agree(change, what):
    new = record(environment=ENVIRONMENT.model_copy(update=change))
    assert elsewhere(new, BASELINE) == what


@pytest.mark.nightly
def test_the_commands_keep_and_compare_them(tmp_path):
    project = make(tmp_path)
    code, out, err = ae(project, "calibrate", "--jobs", "1")
    assert code == 0, err
    path = project / "reports" / "baseline" / "tiny2020-dae.json"
    old = baselines.read(path)
    assert old.again.seeds == list(FIRST)
    code, out, err = ae(project, "regress", "--jobs", "1", "--all")
    assert code == 0, out + err
    assert out.count("2 of 2 values agree to rounding") + out.count("values agree to") >= 3
    assert "no fingerprint" not in out
    run = old.again.runs["wide"]
    moved = {name: [v * (1 + 1e-4) for v in values] for name, values in run.items()}
    changed = old.again.model_copy(update={"runs": old.again.runs | {"wide": moved}})
    baselines.write(old.model_copy(update={"again": changed}), path)
    code, out, err = ae(project, "regress", "--jobs", "1")
    assert code == 1, out + err
    assert "seeds 100, 101 again" in out
    code, out, err = ae(project, "regress", "--jobs", "1", "--no-same")
    assert code == 0, out + err
