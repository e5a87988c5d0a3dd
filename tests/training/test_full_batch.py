"""L-BFGS over a stack against torch's and scipy's, one member against several, and interrupted."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import nn
from zoo import FEATURES, stage

from ae.errors import UserError
from ae.models.base import Autoencoder, Batch, Draw, Objective
from ae.training.batches import Source
from ae.training.stack import Stack
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

LBFGS = {"class": "LBFGS", "lr": 1.0, "history_size": 7}


def protocol(epochs=12, **optimizer):
    return stage(batch="all", epochs=epochs, optimizer={**LBFGS, **optimizer})


def data(examples=50):
    g = torch.Generator().manual_seed(9)
    x = torch.rand(examples, FEATURES, generator=g)
    y = torch.randint(3, (examples,), generator=g)
    return Source(examples, lambda index: Batch(x[index], y[index]))


class Tied(Autoencoder):
    """A sigmoid autoencoder with a penalty on the mean activity of the whole batch."""

    def __init__(self, units=5):
        super().__init__()
        self.weight = nn.Parameter(0.3 * torch.randn(units, FEATURES))
        self.bias = nn.Parameter(torch.zeros(FEATURES))
        self.register_buffer("beta", torch.tensor(0.5))
        self.draws = {}

    def objective(self, batch, noise):
        hidden = (batch.x @ self.weight.T).sigmoid()
        error = ((hidden @ self.weight + self.bias - batch.x) ** 2).sum(-1)
        active = ((hidden.mean(0) - 0.2) ** 2).sum()
        return Objective(error + self.beta * active, {"active": active.expand_as(error)})


def plain(seed):
    """The member's model as a plain module."""
    stack = Stack([Tied], [seed])
    model = Tied()
    model.load_state_dict({k: v[0].clone() for k, v in stack.tensors().items()})
    return model


@pytest.mark.parametrize("epochs", [1, 2, 12])
def test_every_member_goes_where_torchs_optimiser_goes(epochs):
    stack = Stack([Tied, Tied], [5, 6])
    points = list(Training(stack, [protocol(epochs, tolerance_change=1e-9)], data()).run())
    assert len(points) == epochs
    for i, seed in enumerate((5, 6)):
        model = plain(seed)
        optimizer = torch.optim.LBFGS(
            model.parameters(),
            history_size=7,
            max_iter=epochs,
            max_eval=10_000,
            line_search_fn="strong_wolfe",
        )

        def closure(model=model, optimizer=optimizer):
            optimizer.zero_grad()
            loss = model.objective(data().batch(torch.arange(50)), {}).loss.mean()
            loss.backward()
            return loss.detach()

        optimizer.step(closure)
        for key, value in model.state_dict().items():
            torch.testing.assert_close(stack.tensors()[key][i], value, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(points[-1].parts["loss"][i], closure())


def test_a_member_ends_where_scipys_optimiser_ends():
    stack = Stack([lambda: Tied(2)], [3])
    *_, last = Training(stack, [protocol(400, history_size=100)], data()).run()
    model = Tied(2)
    shapes = {k: v.shape for k, v in model.named_parameters()}

    def cost(flat):
        parts = torch.tensor(flat).split([s.numel() for s in shapes.values()])
        own = {k: p.view(s) for (k, s), p in zip(shapes.items(), parts, strict=True)}
        model.load_state_dict({**own, "beta": torch.tensor(0.5)})
        loss = model.objective(data().batch(torch.arange(50)), {}).loss.mean()
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        return loss.item(), torch.cat([g.flatten() for g in gradients]).numpy()

    start = torch.cat([p[0].flatten() for p in Stack([lambda: Tied(2)], [3]).parameters.values()])
    best = minimize(
        cost, start.detach().numpy(), jac=True, method="L-BFGS-B", options={"gtol": 1e-9}
    )
    assert float(last.parts["loss"][0]) == pytest.approx(best.fun, rel=1e-6)
    assert best.fun < 0.9 * cost(start.detach().numpy())[0]


class Quadratic(Autoencoder):
    """(w - mean of x)' C (w - mean of x): minimised in as many steps as there are curvatures."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(FEATURES))
        self.register_buffer("curvature", torch.linspace(1.0, 9.0, FEATURES))
        self.draws = {}

    def objective(self, batch, noise):
        far = self.w - batch.x.mean(0)
        return Objective((self.curvature * far**2).sum().expand(len(batch.x)), {})


def test_a_quadratic_is_minimised_and_then_left_alone():
    stack = Stack([Quadratic, Quadratic], [0, 1])
    training = Training(stack, [protocol(200, history_size=50, tolerance_change=0.0)], data())
    seen = [stack.parameters["w"].detach().clone() for _ in training.run()]
    mean = data().batch(torch.arange(50)).x.mean(0)
    torch.testing.assert_close(seen[-1], mean.expand(2, -1), rtol=0, atol=1e-5)
    still = [bool((a == b).all()) for a, b in pairwise(seen)]
    assert True in still
    assert all(still[still.index(True) :])


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_a_seed_trains_the_same_alone_as_among_others(dtype):
    torch.set_default_dtype(dtype)
    together = Stack([Tied] * 3, [3, 1, 4])
    list(Training(together, [protocol()], data()).run())
    for i, seed in enumerate((3, 1, 4)):
        alone = Stack([Tied], [seed])
        list(Training(alone, [protocol()], data()).run())
        for key, tensor in alone.tensors().items():
            assert torch.equal(tensor[0], together.tensors()[key][i])


@pytest.mark.parametrize("cut", [1, 2, 9, 11])
def test_a_resumed_training_ends_bit_for_bit_as_one_never_interrupted(cut):
    whole = Stack([Tied, Tied], [3, 1])
    list(Training(whole, [protocol()], data()).run())
    first = Training(Stack([Tied, Tied], [3, 1]), [protocol()], data())
    run = first.run()
    for _ in range(cut):
        next(run)
    state = {k: v.clone() for k, v in first.state().items()}
    list(run)
    second = Training(Stack([Tied, Tied], [3, 1]), [protocol()], data())
    second.load(state)
    list(second.run())
    for key, tensor in whole.tensors().items():
        assert torch.equal(tensor, second.stack.tensors()[key])


def test_an_arrived_member_stays_arrived_when_training_goes_on():
    make = lambda: Training(Stack([Quadratic], [0]), [protocol(60, history_size=50)], data())
    first = make()
    run = first.run()
    for _ in range(50):
        next(run)
    assert first.steps.whole._arrived == [True]
    second = make()
    second.load(first.state())
    where = second.stack.parameters["w"].detach().clone()
    list(second.run())
    assert torch.equal(where, second.stack.parameters["w"].detach())


def test_a_point_is_evaluated_once():
    """The first of an iteration is where the last one ended."""
    calls = []

    class Spy(Tied):
        def objective(self, batch, noise):
            calls.append(self.weight.detach().clone())
            return super().objective(batch, noise)

    list(Training(Stack([Spy], [2]), [protocol()], data()).run())
    assert all(not torch.equal(a, b) for i, a in enumerate(calls) for b in calls[:i])
    assert 12 < len(calls) < 40


def test_a_member_that_is_lost_keeps_it_to_itself():
    def broken():
        model = Tied()
        model.weight.data.fill_(torch.nan)
        return model

    mixed, healthy = Stack([Tied, broken], [3, 7]), Stack([Tied], [3])
    *_, last = Training(mixed, [protocol()], data()).run()
    list(Training(healthy, [protocol()], data()).run())
    assert last.parts["loss"].isnan().tolist() == [False, True]
    assert torch.equal(mixed.tensors()["weight"][0], healthy.tensors()["weight"][0])


def test_a_loss_that_draws_noise_and_unused_parameters_are_refused():
    class Noisy(Tied):
        def __init__(self):
            super().__init__()
            self.draws = {"z": Draw("normal", (2,))}

    with pytest.raises(UserError, match=r"'objective' of Noisy draws noise, and LBFGS needs"):
        list(Training(Stack([Noisy], [0]), [protocol()], data()).run())

    class Idle(Tied):
        def __init__(self):
            super().__init__()
            self.other = nn.Parameter(torch.zeros(1))

    with pytest.raises(UserError, match=r"does not use the parameter 'other': leave its module"):
        list(Training(Stack([Idle], [0]), [protocol()], data()).run())


def test_other_optimisers_may_take_all_examples_at_once():
    stack = Stack([Tied, Tied], [5, 6])
    adam = {"class": "Adam", "lr": 0.01}
    points = list(Training(stack, [stage(batch="all", epochs=3, optimizer=adam)], data()).run())
    assert [p.examples for p in points] == [50, 100, 150]
    for i, seed in enumerate((5, 6)):
        model = plain(seed)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(3):
            optimizer.zero_grad()
            model.objective(data().batch(torch.arange(50)), {}).loss.mean().backward()
            optimizer.step()
        for key, value in model.state_dict().items():
            np.testing.assert_allclose(stack.tensors()[key][i], value, rtol=1e-9, atol=1e-12)
