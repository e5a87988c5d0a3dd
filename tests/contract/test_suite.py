"""The contract suite: silent on every model of ours, and in words on each fault that it is for."""

import re
import warnings

import pytest
from zoo import CLASSES, ZOO

from ae.contract.subject import Subject
from ae.contract.suite import findings, subject_of
from ae.errors import UserError

SAID = {
    "DrawsItself": r"broken\.py:\d+: `return .*randn_like.*`: objective draws random numbers itself",
    "DropsOut": r"broken\.py:\d+: `return dropout.*`: objective draws random numbers itself",
    "TakesItem": r"item\(\)`: objective makes a number of a tensor",
    "Branches": r"code if code\.mean\(\) > 0 .*objective asks a tensor what to do",
    "Selects": r"objective makes a shape that depends on the data",
    "MeanLoss": r"^objective: loss has the shape \(\) for a batch of 6: one number an example",
    "LosesUpdate": r"^objective: the update of the buffer 'mean' is lost: `self\.mean = \.\.\.`",
    "KeepsTensor": r"^`self\.last` keeps a tensor that is no parameter and no buffer",
    "NoDraws": r"^the constructor sets no `draws`",
    "UndeclaredNoise": r"^objective takes the noise 'more'; `draws` declares noise$",
    "IdleNoise": r"^objective takes no noise 'noise', which `draws` declares$",
    "IdleParameter": r"^the parameter 'forgotten' never learns: objective gives it no gradient$",
    "SweptAttribute": r"^`sweeps` names 'weight', but the model ",
    "SameSeed": r"^the constructor sets a seed itself \(`torch\.manual_seed`\)",
    "PythonsRandom": r"^objective gives another loss when it is called again",
    "ReturnsPair": r"^objective returns tuple; expected `Objective\(loss, parts, adversaries\)`$",
    "UnknownAdversary": r"^objective: found the adversary 'critic'; `adversaries` .* names none$",
    "WrongWidth": "objective has widths that do not fit each other",
    "RemakesItself": r"^reconstruct\(\.\.\.\) of a stack is not what the model computes by itself$",
    "WeighsByItself": r"^log_weights\(\.\.\.\) of a stack is not what the model computes by itself$",
    "TakesGradients": r"objective takes gradients itself",
}


def said(name, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [str(one) for one in findings(subject_of(f"broken:{name}", arguments, 7, 3))]


@pytest.mark.parametrize("name", SAID)
def test_what_is_wrong_is_said_in_the_contracts_words(name):
    found = said(name)
    assert len(found) == 1, found
    assert re.search(SAID[name], found[0]), found[0]


def test_a_sound_model_passes():
    assert said("Sound", hidden=3, weight=0.1) == []


@pytest.mark.parametrize("name", ZOO)
def test_every_model_of_ours_passes(name):
    entry = ZOO[name]
    subject = Subject(
        entry.kind, entry.arguments, entry.stages, entry.sweep, entry.features, CLASSES
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [str(one) for one in findings(subject)] == []


@pytest.mark.parametrize(
    ("path", "arguments", "text"),
    [
        ("broken:Sound", {"hiden": 3}, "Sound takes no argument 'hiden'; it takes hidden, weight"),
        ("denoising.DAE", {"hidden": 3}, "DAE needs the argument 'corruption'"),
        ("broken:nothing", {}, "nothing"),
        ("nowhere_at_all:VAE", {}, "nowhere_at_all"),
        ("denoising:DAE", {}, "denoising"),
    ],
)
def test_a_class_that_is_not_there_and_wrong_arguments_are_a_users_mistake(path, arguments, text):
    with pytest.raises(UserError, match=text):
        subject_of(path, arguments, 7, 3)
