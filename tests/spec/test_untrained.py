"""The spec of a null run: one step of every stage of descent, and all else as it was."""

from pathlib import Path

import pytest

from ae.spec import Cell, Descent, Spec
from ae.spec.read import read_spec
from ae.spec.tiers import cells
from ae.spec.untrained import descends, untrained

FOLDER = Path(__file__).parents[2] / "benchmarks"
SPECS = {  # with schedules of buffers, phases, watches, closed forms, refreshes, many stages
    name: FOLDER / f"{name}.toml"
    for name in (
        "makhzani2014-k-sparse",
        "grattarola2018-ccm-aae",
        "tomczak2022-digits",
        "lucas2019-linear-vae",
        "xie2016-dec",
        "vincent2010-stacked-denoising",
    )
}


def quick(name: str) -> tuple[Spec, Spec, dict[str, Cell], dict[str, Cell]]:
    """A spec and that of its null run, with their runs in the quick tier."""
    spec = read_spec(SPECS[name])
    null = untrained(spec, "quick", name)
    before, after = ({c.name: c for c in cells(s, "quick", where=name)} for s in (spec, null))
    return spec, null, before, after


@pytest.mark.parametrize("name", SPECS)
def test_only_the_length_of_training_is_another(name):
    spec, null, before, after = quick(name)
    assert before.keys() == after.keys()
    for run, cell in before.items():
        mine = after[run]
        assert (mine.data, mine.model, mine.train.seeds, mine.train.use) == (
            cell.data, cell.model, cell.train.seeds, cell.train.use,
        )  # fmt: skip
        for stage in cell.train.use:
            old, new = cell.train.stages[stage], mine.train.stages[stage]
            if not isinstance(old, Descent):
                assert new == old
                continue
            assert new.epochs < 1e-6
            alike = {"epochs", "schedules", "phases", "watch"}
            assert new.model_dump(exclude=alike) == old.model_dump(exclude=alike)
            assert {w.every for w in new.watch.values()} <= {1}
            assert [p.name for p in new.phases] == [p.name for p in old.phases]
    assert null.claim == spec.claim
    assert cells(null, "paper", where=name) == cells(spec, "paper", where=name)


def test_a_buffer_has_its_last_value_from_the_first_step_and_a_rate_its_full_one():
    _, _, before, after = quick("makhzani2014-k-sparse")
    old = before["ft-k-25"].train.stages
    assert [s.key for s in old["pretrain"].schedules] == ["buffer:annealed"]
    assert [s.key for s in old["finetune"].schedules] == ["lr"]
    new = after["ft-k-25"].train.stages
    (held,) = new["pretrain"].schedules
    assert (held.key, held.kind, held.at, held.values) == ("buffer:annealed", "step", (0,), (1.0,))
    assert new["finetune"].schedules == ()


def test_what_a_run_says_of_a_stage_stays():
    """A tier's override for one run beside that of the null run."""
    spec = read_spec(SPECS["makhzani2014-k-sparse"])
    own = spec.tier["quick"]
    said = {"train": {"stages": {"pretrain": {"batch": 7}}}, "data": {"test_limit": 9}}
    changed = own.model_copy(update={"run": {**own.run, "k-25": said}})
    spec = spec.model_copy(update={"tier": {**spec.tier, "quick": changed}})
    (cell,) = [
        c for c in cells(untrained(spec, "quick", "x"), "quick", where="x") if c.name == "k-25"
    ]
    stage = cell.train.stages["pretrain"]
    assert isinstance(stage, Descent)
    assert (stage.batch, cell.data.test_limit, stage.epochs < 1e-6) == (7, 9, True)


def test_a_run_of_closed_forms_does_not_descend():
    _, _, before, _ = quick("lucas2019-linear-vae")
    assert not descends(before["aligned"])
    assert descends(before["descent"])
