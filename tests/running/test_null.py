"""The null run: one step a stage, in a folder of its own, and what it says of each claim."""

import math

import pytest
from project import SPEC, make, run

from ae.records.entries import RunRecord
from ae.records.record import Record
from ae.running.null import null_requests, null_verdicts, put_to_it
from ae.running.state import Request
from ae.spec.read import read_spec

METRIC = "squared_error"


@pytest.fixture(scope="module")
def null(tmp_path_factory) -> tuple[object, Record]:
    project = make(tmp_path_factory.mktemp("null"))
    return project, run(project, untrained=True)[1]


def altered(record: Record, low: float, high: float, **keys: object) -> Record:
    """The record with these values of the claim's two runs, and keys of the claim."""

    def of(one: RunRecord) -> RunRecord:
        value = {"plain": low, "noisy": high}.get(one.name)
        if value is None:
            return one
        values = [value + 0.001 * seed for seed in one.seeds]
        return one.model_copy(update={"metrics": {METRIC: values}})

    (claim,) = record.spec["claim"]
    spec = {**record.spec, "claim": [{**claim, **keys}]}
    return record.model_copy(update={"runs": [of(r) for r in record.runs], "spec": spec})


def standing(record: Record) -> str:
    (found,) = null_verdicts(record)
    assert found.fault == (found.standing in ("survives", "idle"))
    return found.standing


def test_every_member_has_taken_one_step_in_a_folder_of_its_own(null):
    project, record = null
    assert [r.steps for r in record.runs] == [1, 1, 1]
    assert (project / "results" / "tiny2020-dae" / "smoke+untrained" / "record.json").exists()
    assert not (project / "results" / "tiny2020-dae" / "smoke").exists()


def test_members_of_a_null_run_are_no_others(null):
    """A trained run beside it begins anew, and so the other way round."""
    project, record = null
    trained = run(project)[1]
    assert all(r.steps > 1 for r in trained.runs)
    first, second = (r.runs[0].metrics[METRIC] for r in (record, trained))
    assert all(a > b for a, b in zip(first, second, strict=True))


def test_a_claim_that_holds_untrained_survives(null):
    _, record = null
    assert standing(altered(record, 1.0, 9.0)) == "survives"
    assert standing(altered(record, 9.0, 1.0)) == "tests training"


def test_a_reason_is_needed_and_has_to_be_true(null):
    _, record = null
    why = {"untrained": "noise hurts any net", "primary": False}
    assert standing(altered(record, 1.0, 9.0, **why)) == "explained"
    assert standing(altered(record, 9.0, 1.0, **why)) == "idle"


def test_a_control_may_hold(null):
    _, record = null
    assert standing(altered(record, 1.0, 9.0, control=True, primary=False)) == "control"


def test_a_control_that_fails_excuses_nothing(null):
    """Its claims are not valid then, but they hold without training all the same."""
    _, record = null
    found = altered(record, 1.0, 9.0)
    (claim,) = found.spec["claim"]
    failing = {**claim, "id": "reversed", "lower": "noisy", "higher": "plain", "control": True}
    found = found.model_copy(
        update={"spec": {**found.spec, "claim": [claim, {**failing, "primary": False}]}}
    )
    first, second = null_verdicts(found)
    assert (first.verdict.word, second.verdict.word) == ("INVALID", "SHORT")
    assert (first.standing, second.standing) == ("survives", "control")


def test_what_one_step_has_not_is_not_measured(null):
    _, record = null
    runs = [
        r.model_copy(
            update={
                "metrics": {METRIC: [math.nan] * len(r.seeds)},
                "unmeasured": {METRIC: dict.fromkeys(r.seeds, "one point")},
            }
        )
        for r in record.runs
    ]
    assert standing(record.model_copy(update={"runs": runs})) == "not measured"


def test_a_closed_form_is_what_it_is(null):
    _, record = null
    train = {**record.spec["train"], "use": []}
    tiers = {**record.spec["tier"], "smoke": {}}
    spec = {**record.spec, "train": train, "tier": tiers}
    assert standing(altered(record.model_copy(update={"spec": spec}), 1.0, 9.0)) == "closed form"


def test_a_curve_of_one_point_ends_no_null_run(tmp_path):
    """A mean over a window of a curve is a fault of the spec, unless there is one step alone."""
    project = make(tmp_path)
    path = project / "benchmarks" / SPEC.name
    window = '{ function = "curves.change", part = "loss", early = [0.0, 0.3], late = [0.9, 1.0], unit = "", better = "lower" }'
    text = path.read_text().replace("[measure]", f"[measure]\nfall = {window}")
    path.write_text(text)
    record = run(project, untrained=True)[1]
    assert record.runs[0].unmeasured["fall"]
    assert math.isfinite(record.runs[0].metrics[METRIC][0])


def test_only_what_is_put_to_it_is_run(tmp_path):
    from project import settings

    project = make(tmp_path)
    path = project / "benchmarks" / SPEC.name
    assert put_to_it(read_spec(path), "smoke", "x") == ("noise-hurts",)
    (request,) = null_requests([Request(path, settings(project))])
    assert (request.settings.untrained, request.settings.claims) == (True, ("noise-hurts",))
    path.write_text(path.read_text().replace("primary = true", "control = true"))
    assert null_requests([Request(path, settings(project))]) == []
