"""The k largest linear activities, and nothing else, reach the decoder."""

import pytest
import torch

from ae.models.base import Batch
from ae.models.k_sparse import KSparse

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def model(k=3, most=12):
    made = KSparse(30, hidden=12, k=k, most=most, init=0.3)
    torch.nn.init.normal_(made.hidden_bias)
    torch.nn.init.normal_(made.visible_bias)
    return made


@pytest.mark.parametrize("k", [1, 3, 12])
def test_the_code_holds_the_k_largest_activities(k):
    made, x = model(k), torch.rand(40, 30)
    z, activity = made.encode(x), x @ made.weight.T + made.hidden_bias
    assert (z != 0).sum(-1).tolist() == [k] * 40
    top = activity.topk(k)
    torch.testing.assert_close(z, torch.zeros_like(z).scatter(-1, top.indices, top.values))


def test_a_large_negative_activity_is_not_kept():
    made = KSparse(2, hidden=2, k=1, most=1, init=1.0)
    made.load_state_dict(made.state_dict() | {"weight": torch.tensor([[-9.0, 0.0], [0.0, 1.0]])})
    assert made.encode(torch.ones(1, 2)).tolist() == [[0.0, 1.0]]


def test_the_loss_is_the_squared_error_of_the_kept_units_alone():
    made, x = model(), torch.rand(5, 30)
    values, kept = (x @ made.weight.T + made.hidden_bias).topk(3)
    expected = (
        (torch.einsum("nk,nkp->np", values, made.weight[kept]) + made.visible_bias - x) ** 2
    ).sum(-1)
    torch.testing.assert_close(made.objective(Batch(x), {}).loss, expected)


def test_units_that_are_off_get_no_gradient():
    made, x = model(), torch.rand(1, 30)
    made.objective(Batch(x), {}).loss.sum().backward()
    on = made.encode(x)[0] != 0
    assert (made.hidden_bias.grad != 0).tolist() == on.tolist()
    assert (made.weight.grad.abs().sum(1) != 0).tolist() == on.tolist()


def test_with_every_unit_kept_it_is_the_linear_autoencoder():
    made, x = model(12), torch.rand(5, 30)
    linear = (x @ made.weight.T + made.hidden_bias) @ made.weight + made.visible_bias
    torch.testing.assert_close(made.reconstruct(x), linear)


def test_k_moves_by_its_buffer_and_is_rounded():
    made, x = model(3), torch.rand(5, 30)
    made.k.fill_(4.6)
    assert (made.encode(x) != 0).sum(-1).tolist() == [5] * 5


@pytest.mark.parametrize(("k", "most"), [(0, 12), (5, 4), (13, 13)])
def test_an_impossible_k_is_refused(k, most):
    with pytest.raises(ValueError, match=f"k {k}, most {most}: expected 1 <= k <= most <= hidden"):
        model(k, most)


def test_a_schedule_beyond_the_most_stops_the_run():
    made = model(3, most=4)
    made.k.fill_(5.0)
    with pytest.raises(RuntimeError, match="index 4 is out of bounds"):
        made.encode(torch.rand(2, 30))
