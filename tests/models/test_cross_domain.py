"""Halves that are restored by themselves and made of each other; what each stage moves."""

import pytest
import torch

from ae.models.base import Batch
from ae.models.cross_domain import CrossDomain

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


@pytest.fixture
def model():
    torch.manual_seed(1)
    return CrossDomain(12, hidden=[20], latent=6, bridge=20)


@pytest.fixture
def x():
    return torch.rand(9, 12, generator=torch.Generator().manual_seed(2))


def test_a_half_is_restored_by_itself_and_made_of_the_other(model, x):
    changed = x.clone()
    changed[:, :6] = 1 - changed[:, :6]
    before, after = model.reconstruct(x), model.reconstruct(changed)
    assert torch.equal(before[:, 6:], after[:, 6:])
    assert (before[:, :6] != after[:, :6]).all()
    before, after = model.translate(x), model.translate(changed)
    assert torch.equal(before[:, :6], after[:, :6])
    assert (before[:, 6:] != after[:, 6:]).all()


def test_what_is_made_is_what_the_networks_give(model, x):
    first, second = x[:, :6], x[:, 6:]
    there = model.second_decoder(model.there(model.first_encoder(first))).sigmoid()
    back = model.first_decoder(model.back(model.second_encoder(second))).sigmoid()
    torch.testing.assert_close(model.translate(x), torch.cat([back, there], 1))
    found = model.objective(Batch(x), {})
    torch.testing.assert_close(found.parts["second"], ((there - second) ** 2).sum(1))
    torch.testing.assert_close(found.parts["first"], ((back - first) ** 2).sum(1))
    torch.testing.assert_close(found.loss, found.parts["first"] + found.parts["second"])


def test_each_objective_moves_its_own_networks(model, x):
    for objective, still in ((model.reconstruction, {"there", "back"}), (model.objective, set())):
        model.zero_grad()
        objective(Batch(x), {}).loss.sum().backward()
        found = {n.split(".")[0] for n, p in model.named_parameters() if p.grad is None}
        assert found == still


def test_an_odd_number_has_no_halves():
    with pytest.raises(ValueError, match="features 13: expected two halves"):
        CrossDomain(13, hidden=[7], latent=3, bridge=5)
