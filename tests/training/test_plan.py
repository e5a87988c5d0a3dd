"""That a result is not taken for that of other code: every line that runs is in the keys."""

import sys

import pytest
import torch
from project import make, paper
from zoo import VARIED, ZOO

from ae.machine.code import PACKAGE, code_of
from ae.models.base import Batch
from ae.training.batches import Source
from ae.training.key import TRAINER, differences
from ae.training.stack import Stack
from ae.training.trainer import Training

MODULES = {
    str(p): ".".join(p.relative_to(PACKAGE.parent).with_suffix("").parts)
    for p in PACKAGE.rglob("*.py")
}
NO_NUMBER = {  # what runs beside it
    "ae.training.position:Progress",
    "ae.spec.training:Descent",  # a stage's own step, then its phases': what they say is in the key
}


def ran(act) -> set[str]:
    """The functions of `ae` that run meanwhile, as `module:name` of what they stand in."""
    found = set()

    def note(frame, event, argument):
        if event == "call" and (module := MODULES.get(frame.f_code.co_filename)):
            found.add(f"{module}:{frame.f_code.co_qualname.partition('.')[0]}")

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return {name for name in found if "<" not in name}


@pytest.mark.parametrize("name", VARIED)
def test_every_function_that_trains_is_in_the_keys(name):
    entry = ZOO[name]
    kind = entry.kind
    x = torch.rand(96, entry.features)
    y = torch.arange(96) % 3

    def act():
        stack = Stack([entry.build()] * 2, [0, 1])
        source = Source(96, lambda index: Batch(x[index], y[index]))
        for _ in Training(stack, entry.stages, source).run():
            pass

    known = {*code_of(*TRAINER), *code_of(f"{kind.__module__}:{kind.__name__}")}
    assert ran(act) - known <= NO_NUMBER
    assert "ae.training.optimizers:Optimizers" in known


def test_a_helper_of_another_model_is_in_no_key():
    known = code_of("ae.models.vae:VAE")
    assert not any("sticks" in name or "stick_breaking" in name for name in known)
    assert "ae.maths.probability:log_bernoulli" in known


def test_differences_are_said_in_words(tmp_path):
    one = paper(make(tmp_path)).members[0]
    assert differences(one.parts, one.parts) == []
    other = dict(one.parts)
    other["model"] = {**other["model"], "hidden": 13}
    other["seed"] = 7
    other["trainer_code"] = {**other["trainer_code"], "ae.training.stack:Stack": "0"}
    assert differences(one.parts, other) == [
        "model: hidden was 13, is 12",
        "seed was 7, is 0",
        "code: training.stack.Stack",
    ]
