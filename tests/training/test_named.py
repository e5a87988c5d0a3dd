"""That modules and groups which hold no parameter of the model are refused when runs are planned."""

import pytest
from project import ROOT

from ae.errors import UserError
from ae.spec import Descent, Group
from ae.spec.read import read_spec
from ae.spec.tiers import cells
from ae.training.named import check_named
from ae.training.plan import builder, plan

SHAPE = (28, 28)


def cell(spec, run, tier="smoke"):
    found = cells(read_spec(ROOT / "benchmarks" / f"{spec}.toml"), tier, where="a spec")
    return next(c for c in found if c.name == run)


def changed(cell, stage, **keys):
    """The run with these keys of a stage, or of its first phase where it has any."""
    own = cell.train.stages[stage]
    if own.phases and "modules" not in keys:
        keys = {"phases": (own.phases[0].model_copy(update=keys), *own.phases[1:])}
    stages = {**cell.train.stages, stage: own.model_copy(update=keys)}
    return cell.model_copy(update={"train": cell.train.model_copy(update={"stages": stages})})


def message(cell):
    with pytest.raises(UserError) as caught:
        check_named(cell, builder(cell, SHAPE))
    return str(caught.value)


def hinton():
    return cell("hinton2006-deep-autoencoder", "ae-30")


def grouped(cell, stage, *matches):
    optimizer = cell.train.stages[stage].optimizer
    groups = tuple(Group(match=match, lr=0.1) for match in matches)
    return changed(cell, stage, optimizer=optimizer.model_copy(update={"groups": groups}))


def test_what_a_spec_names_of_its_models_is_there():
    check_named(hinton(), builder(hinton(), SHAPE))


def test_a_module_that_is_not_there_is_named_with_run_stage_and_what_there_is():
    wrong = changed(hinton(), "rbm-1", modules=("encoder.0", "encoder.7"))
    line = message(wrong)
    assert line.startswith(
        "[[run]] 'ae-30': stage 'rbm-1': modules: 'encoder.7' holds no parameter; "
        f"{wrong.model['class']} has "
    )
    assert len(line.splitlines()) == 1


def test_the_beginning_of_a_modules_name_is_none():
    """`encoder.1` is not in `encoder.10`, nor `enc` in `encoder`."""
    assert "modules: 'enc' holds no parameter" in message(
        changed(hinton(), "rbm-1", modules=("enc",))
    )


def test_a_group_that_matches_no_parameter_is_refused():
    assert message(grouped(hinton(), "rbm-1", "weigth")).startswith(
        "[[run]] 'ae-30': stage 'rbm-1': groups: match 'weigth' is in the name of no parameter left: none "
        "that it trains has it; "
    )


def test_a_group_matches_parameters_that_its_own_step_trains():
    assert "match 'encoder.1'" in message(grouped(hinton(), "rbm-1", "weight", "encoder.1"))


def test_a_group_whose_parameters_another_takes_has_none():
    check_named(grouped(hinton(), "rbm-1", "weight", "bias"), builder(hinton(), SHAPE))
    line = message(grouped(hinton(), "rbm-1", "encoder", "encoder.0.weight"))
    assert "match 'encoder.0.weight' is in the name of no parameter left: groups before it" in line


def test_a_phase_is_named_with_its_stage():
    own = cell("makhzani2016-adversarial", next_run("makhzani2016-adversarial"))
    name = next(n for n in own.train.use if phased(own, n))
    stage = own.train.stages[name]
    phase = stage.phases[0].model_copy(update={"modules": ("nobody",)})
    wrong = changed(own, name, modules=stage.modules, phases=(phase, *stage.phases[1:]))
    assert f"stage {name!r}, phase {phase.name!r}: modules: 'nobody' holds" in message(wrong)


def phased(cell, name):
    stage = cell.train.stages[name]
    return isinstance(stage, Descent) and bool(stage.phases)


def next_run(spec):
    found = cells(read_spec(ROOT / "benchmarks" / f"{spec}.toml"), "smoke", where="a spec")
    return next(c.name for c in found if any(phased(c, n) for n in c.train.use))


def test_planning_refuses_it():
    wrong = changed(hinton(), "rbm-1", modules=("encoder.7",))
    with pytest.raises(UserError, match=r"'encoder\.7' holds no parameter"):
        plan([wrong], {wrong.data.name: SHAPE}, {wrong.name: "data"})


def test_a_model_that_cannot_be_built_is_left_to_the_dry_step():
    def broken():
        raise RuntimeError("no such width")

    check_named(hinton(), broken)
