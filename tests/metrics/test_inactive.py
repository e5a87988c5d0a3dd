"""The likelihood without inactive units, against a model that never had them."""

import math

import pytest
import torch

from ae.metrics import inactive, likelihood
from ae.models.iwae import IWAE
from ae.training.stack import Stack

FEATURES = 6
ASKED = {"split": "test", "examples": 50, "samples": 40, "threshold": 0.01, "units_from": 20}


def build():
    return IWAE(FEATURES, hidden=[5, 4], latent=[3, 2], samples=1)


@pytest.fixture
def trained(run):
    """Three seeds: of the first nothing is inactive, of the second a unit of each layer.

    What the second seed's inactive units have in their posteriors is not what they have in the prior,
    and the decoder reads them: leaving them out changes something. The third diverged.
    """
    torch.manual_seed(0)
    stack = Stack([build] * 3, range(3))
    with torch.no_grad():
        for name, tensor in stack.parameters.items():
            tensor.mul_(3.0 if name.endswith("weight") else 1.0)
        for head, unit, size in (("encoder.0", 1, 3), ("encoder.1", 0, 2)):
            for half in (unit, unit + size):
                stack.parameters[f"{head}.4.weight"][1, half] = 0
            stack.parameters[f"{head}.4.bias"][1, unit] = 0.7
        stack.parameters["decoder.0.0.bias"][2] = math.nan
    x = torch.rand(30, FEATURES).round()
    return run(stack, x, shape=(2, 3))


def test_without_its_inactive_units_a_model_is_the_one_that_never_had_them(trained, run):
    found = inactive.removal(trained, **ASKED, codes=["encode_first", "encode"])
    assert found[0] == 0.0
    assert math.isnan(found[2])
    stack = trained.stack.select([1])
    with torch.no_grad():
        stack.call("remove", torch.tensor([[1.0, 0, 1]]), torch.tensor([[0.0, 1]]))
    pruned = run(stack, trained.test.x, shape=(2, 3))
    sizes = {"split": "test", "examples": 50, "samples": 40}
    (less,) = likelihood.nll(pruned, **sizes)
    whole = likelihood.nll(trained, **sizes)[1]
    assert found[1] == pytest.approx(less - whole, rel=1e-12)
    assert abs(found[1]) > 0.01


def test_only_the_layers_that_are_asked_about_lose_units(trained):
    both = inactive.removal(trained, **ASKED, codes=["encode_first", "encode"])
    first = inactive.removal(trained, **ASKED, codes=["encode_first"])
    assert first[1] not in (0.0, both[1])
    lower = ASKED | {"threshold": -1.0}  # every variance is above it
    assert inactive.removal(trained, **lower, codes=["encode_first", "encode"])[:2] == [0.0, 0.0]


def test_the_model_itself_is_left_as_it_was(trained):
    before = {name: t.clone() for name, t in trained.stack.tensors().items()}
    inactive.removal(trained, **ASKED, codes=["encode_first", "encode"])
    for name, tensor in trained.stack.tensors().items():
        assert torch.equal(tensor.nan_to_num(7.0), before[name].nan_to_num(7.0)), name
