"""MISA's losses by hand, and which codes see which view."""

from itertools import combinations

import pytest
import torch

from ae.maths.moments import moment_discrepancy, overlap
from ae.models.base import Batch
from ae.models.misa import MISA

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
WEIGHTS = {"similarity": 0.7, "difference": 0.2, "reconstruction": 1.3}


@pytest.fixture
def model():
    torch.manual_seed(5)
    return MISA(12, views=3, width=8, heads=2, levels=4, **WEIGHTS)


@pytest.fixture
def batch():
    g = torch.Generator().manual_seed(6)
    return Batch(torch.rand(20, 12, generator=g), torch.randint(256, (20,), generator=g))


def test_the_loss_is_the_weighed_sum_of_its_parts(model, batch):
    found = model.objective(batch, {})
    total = found.parts["task"] + sum(w * found.parts[name] for name, w in WEIGHTS.items())
    torch.testing.assert_close(found.loss, total)


def test_each_part_by_hand(model, batch):
    parts = model.objective(batch, {}).parts
    u, shared, private = model.codes(batch.x)
    torch.testing.assert_close(parts["task"], (model.predict(batch.x) - (batch.y % 4 - 1.5)) ** 2)
    pairs = [*combinations(range(3), 2)]
    alike = sum(moment_discrepancy(shared[:, a], shared[:, b], 5) for a, b in pairs) / 3
    torch.testing.assert_close(parts["similarity"], alike.expand(20))
    apart = sum(overlap(private[:, i], shared[:, i]) for i in range(3))
    apart = apart + sum(overlap(private[:, a], private[:, b]) for a, b in pairs)
    torch.testing.assert_close(parts["difference"], apart.expand(20))
    errors = [
        ((model.restore[i](shared[:, i] + private[:, i]) - u[:, i]) ** 2).mean(-1) for i in range(3)
    ]
    torch.testing.assert_close(parts["reconstruction"], sum(errors) / 3)


def test_a_view_has_its_features_and_codes_to_itself(model, batch):
    changed = batch.x.clone()
    changed[:, 4:8] += 1
    for before, after in zip(model.codes(batch.x), model.codes(changed), strict=True):
        assert torch.equal(before[:, [0, 2]], after[:, [0, 2]])
        assert (before[:, 1] != after[:, 1]).any()
    assert torch.equal(model.codes(batch.x).shared, model.shared(batch.x))
    assert torch.equal(model.codes(batch.x).private, model.private(batch.x))


def test_views_with_equal_features_share_the_shared_code_alone(model, batch):
    with torch.no_grad():
        for layer in model.project[1:]:
            layer.weight.copy_(model.project[0].weight)
            layer.bias.copy_(model.project[0].bias)
    u, shared, private = model.codes(batch.x[:, :4].repeat(1, 3))
    torch.testing.assert_close(u[:, 0], u[:, 2])
    torch.testing.assert_close(shared[:, 0], shared[:, 2])
    assert not torch.allclose(private[:, 0], private[:, 2])
    torch.testing.assert_close(u.mean(-1), torch.zeros(20, 3))
    torch.testing.assert_close(u.var(-1, correction=0), torch.ones(20, 3), rtol=0.01, atol=0)


def test_views_have_as_many_numbers():
    with pytest.raises(ValueError, match="features 13: expected a multiple of the 3 views"):
        MISA(13, views=3, width=8, heads=2, levels=4, **WEIGHTS)
