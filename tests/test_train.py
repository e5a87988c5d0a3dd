"""The trainer against plain PyTorch, and against itself interrupted."""

import math

import pytest
import torch
from torch import nn
from zoo import FEATURES, ZOO, stage

from ae.batches import Source
from ae.errors import UserError
from ae.models.base import Autoencoder, Batch, Objective
from ae.models.deep_autoencoder import DeepAutoencoder
from ae.models.denoising import DAE
from ae.optimize import build, clip, scheduled
from ae.seeds import Stack, derive, generator
from ae.spec import Schedule
from ae.train import Training

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "Adam": {"lr": 0.01, "betas": [0.8, 0.99]},
    "AdamW": {"lr": 0.01, "weight_decay": 0.1},
    "Adagrad": {"lr": 0.1, "lr_decay": 0.01, "initial_accumulator_value": 0.1},
    "RMSprop": {"lr": 0.01, "alpha": 0.9, "momentum": 0.5},
    "Adamax": {"lr": 0.01},
}


def data(examples=96, features=FEATURES):
    x = torch.rand(examples, features, generator=torch.Generator().manual_seed(9))
    y = torch.randint(3, (examples,), generator=torch.Generator().manual_seed(8))
    return Source(examples, lambda index: Batch(x[index], y[index]))


def dae():
    return DAE(FEATURES, hidden=11, corruption=0.25)


def finish(training):
    return list(training.run())


class Linear(Autoencoder):
    """A linear autoencoder, deterministic, so that a plain loop can follow it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(FEATURES, FEATURES)
        self.draws = {}

    def objective(self, batch, noise):
        return Objective(((self.layer(batch.x) - batch.x) ** 2).sum(-1), {})


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimiser_does_what_torch_does_in_a_plain_loop(name):
    settings = {k: tuple(v) if isinstance(v, list) else v for k, v in OPTIMIZERS[name].items()}
    protocol = stage(optimizer={"class": name, **OPTIMIZERS[name]}, epochs=4)
    stack = Stack([Linear, Linear], [5, 6])
    plain = []
    for i in range(2):
        model = Linear()
        model.load_state_dict({k: v[i].clone() for k, v in stack.tensors().items()})
        plain.append((model, getattr(torch.optim, name)(model.parameters(), **settings)))
    finish(Training(stack, [protocol], data()))
    source = data()
    for seed, (model, optimizer) in zip((5, 6), plain, strict=True):
        order = generator(seed, "order")
        for _ in range(4):
            for index in torch.randperm(96, generator=order).split(32):
                optimizer.zero_grad()
                model.objective(source.batch(index), {}).loss.mean().backward()
                optimizer.step()
    for i, (model, _) in enumerate(plain):
        for key, value in model.state_dict().items():
            torch.testing.assert_close(stack.tensors()[key][i], value, rtol=1e-9, atol=1e-12)


def test_noise_and_order_come_from_the_seed_alone():
    assert derive(3, "noise") != derive(3, "order") != derive(4, "order")
    first = generator(3, "noise").get_state()
    assert torch.equal(first, generator(3, "noise").get_state())


def test_clipping_is_per_seed_and_equals_torchs():
    grads = [torch.randn(3, 4, 5), 10 * torch.randn(3, 7)]
    alone = []
    for i in range(3):
        parameters = [nn.Parameter(torch.zeros_like(g[i])) for g in grads]
        for parameter, g in zip(parameters, grads, strict=True):
            parameter.grad = g[i].clone()
        nn.utils.clip_grad_norm_(parameters, 2.0)
        alone.append([p.grad for p in parameters])
    clip(grads, 2.0)
    for i in range(3):
        for g, expected in zip(grads, alone[i], strict=True):
            torch.testing.assert_close(g[i], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "at", "values", "epoch", "expected"),
    [
        ("step", (0, 5), (0.5, 0.9), 4.99, 0.5),
        ("step", (0, 5), (0.5, 0.9), 5.0, 0.9),
        ("linear", (0, 10), (1.0, 0.0), 2.5, 0.75),
        ("linear", (2, 10), (1.0, 0.0), 1.0, 1.0),
        ("cosine", (0, 10), (1.0, 0.0), 5.0, 0.5),
        ("cosine", (0, 10), (1.0, 0.0), 2.5, (1 + math.sqrt(0.5)) / 2),
        ("exponential", (0, 10), (1.0, 0.01), 5.0, 0.1),
        ("exponential", (0, 10), (1.0, 0.01), 20.0, 0.01),
    ],
)
def test_schedules_pass_through_known_values(kind, at, values, epoch, expected):
    schedule = Schedule(key="lr", kind=kind, at=at, values=values)
    assert scheduled(schedule, epoch) == pytest.approx(expected, abs=1e-12)


def test_an_adversary_may_have_averages_of_its_own():
    groups = [{"match": "discriminator.", "lr": 1e-4, "betas": [0.5, 0.9]}]
    optimizer = {"class": "Adam", "lr": 1e-3, "groups": groups}
    _, protocol = stage(optimizer=optimizer)
    tensors = {name: torch.zeros(1, 2) for name in ("encoder.0.weight", "discriminator.0.bias")}
    made = build(protocol.optimizer, tensors)
    assert [(g["lr"], tuple(g["betas"])) for g in made.param_groups] == [
        (1e-3, (0.9, 0.999)),
        (1e-4, (0.5, 0.9)),
    ]


def test_a_learning_rate_schedule_multiplies_each_groups_rate():
    groups = [{"match": "bias", "lr": 0.5}]
    protocol = stage(
        optimizer={"class": "SGD", "lr": 0.1, "groups": groups},
        schedules=[{"key": "lr", "kind": "linear", "at": [0, 1], "values": [1.0, 0.0]}],
        epochs=1,
    )
    training = Training(Stack([dae], [0]), [protocol], data())
    rates = []
    for _ in training.run():
        sets = training.optimizers.roles[""].param_groups
        rates.append(sorted(round(g["lr"], 6) for g in sets))
    assert rates == [[0.1, 0.5], [0.066667, 0.333333], [0.033333, 0.166667]]


def test_a_buffer_can_follow_a_schedule():
    schedule = {"key": "buffer:corruption", "kind": "linear", "at": [0, 2], "values": [0.0, 0.6]}
    training = Training(Stack([dae], [0]), [stage(schedules=[schedule])], data())
    seen = [float(training.stack.buffers["corruption"][0]) for _ in training.run()]
    assert seen == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.6, 0.6])


@pytest.mark.parametrize("name", ZOO)
def test_a_resumed_training_ends_bit_for_bit_as_one_never_interrupted(name):
    entry = ZOO[name]

    def fresh():
        return Training(
            Stack([entry.build()] * 2, [3, 1]), entry.stages, data(features=entry.features)
        )

    whole = fresh()
    progress = finish(whole)
    for cut in range(1, len(progress), 2):
        first = fresh()
        run = first.run()
        for _ in range(cut):
            next(run)
        state = {k: v.clone() for k, v in first.state().items()}
        for _ in run:  # what the first does afterwards must not matter to the saved state
            pass
        second = fresh()
        second.load(state)
        rest = finish(second)
        for key, tensor in whole.stack.tensors().items():
            assert torch.equal(tensor, second.stack.tensors()[key]), (cut, key)
        for mine, theirs in zip(rest, progress[cut:], strict=True):
            assert (mine.stage, mine.step) == (theirs.stage, theirs.step)
            for part, value in (mine.parts or {}).items():
                assert torch.equal(value, theirs.parts[part])


def test_a_diverging_seed_keeps_its_nan_to_itself():
    def broken():
        model = dae()
        model.weight.data.fill_(math.nan)
        return model

    healthy = Stack([dae, dae], [3, 1])
    mixed = Stack([dae, broken, dae], [3, 7, 1])
    last = None
    for stack in (healthy, mixed):
        for progress in Training(stack, ZOO["denoising"].stages, data()).run():
            last = progress.parts or last
    assert last["loss"].isnan().tolist() == [False, True, False]
    for key, tensor in healthy.tensors().items():
        assert torch.equal(tensor, mixed.tensors()[key][[0, 2]])


def test_a_parameter_that_the_objective_does_not_use_is_named():
    stack = Stack([lambda: DeepAutoencoder(FEATURES, hidden=[5], latent=2, init=0.1)], [0])
    protocol = stage(objective="contrastive_divergence", layer=0)
    with pytest.raises(UserError, match=r"contrastive_divergence.*encoder\.1\.weight.*modules"):
        finish(Training(stack, [protocol], data()))


def test_the_incomplete_last_batch_is_dropped_and_every_example_is_seen_once_an_epoch():
    seen = []

    def batch(index):
        seen.append(index.clone())
        return Batch(torch.zeros(*index.shape, FEATURES))

    finish(Training(Stack([dae, dae], [0, 1]), [stage(batch=20, epochs=2)], Source(47, batch)))
    assert len(seen) == 4
    for epoch in (torch.cat(seen[:2], 1), torch.cat(seen[2:], 1)):
        assert all(row.unique().numel() == 40 for row in epoch)
    assert not torch.equal(seen[0][0], seen[0][1])


class Duel(Autoencoder):
    """loss (w - d)^2 for w; the adversary d minimises (d - 3 w)^2."""

    adversaries = ("critic",)

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(1))
        self.critic = nn.Linear(1, 1, bias=False)
        self.critic.weight.data.fill_(2.0)
        self.draws = {}

    def objective(self, batch, noise):
        d = self.critic.weight[0, 0]
        ones = torch.ones(len(batch.x))
        return Objective((self.w - d) ** 2 * ones, {}, {"critic": (d - 3 * self.w) ** 2 * ones})


@pytest.mark.parametrize(
    ("update", "critic"),
    # w: 1 - 0.1 * 2 (1 - 2) = 1.2.  d: 2 - 0.1 * 2 (2 - 3 w), by the old w or by the new one.
    [("simultaneous", 2 - 0.2 * (2 - 3.0)), ("alternating", 2 - 0.2 * (2 - 3.6))],
)
def test_an_adversary_follows_its_own_loss(update, critic):
    protocol = stage(optimizer={"class": "SGD", "lr": 0.1}, batch=96, epochs=1, update=update)
    stack = Stack([Duel, Duel], [0, 1])
    progress = finish(Training(stack, [protocol], data()))
    assert stack.tensors()["w"].flatten().tolist() == pytest.approx([1.2, 1.2])
    assert stack.tensors()["critic.weight"].flatten().tolist() == pytest.approx([critic] * 2)
    assert progress[-1].parts["critic_loss"].tolist() == pytest.approx([1.0, 1.0])


def test_curves_are_means_over_all_steps_since_the_last_point():
    losses = []

    class Spy(Linear):
        def objective(self, batch, noise):
            out = super().objective(batch, noise)
            return Objective(out.loss, {"first_pixel": batch.x[:, 0]})

    source = data(examples=320)

    def batch(index):
        found = source.batch(index)
        losses.append(found.x[0, :, 0].mean())
        return found

    progress = finish(Training(Stack([Spy], [0]), [stage(epochs=10)], Source(320, batch)))
    points = [p for p in progress if p.parts is not None]
    assert [p.step for p in points] == list(range(2, 101, 2))
    for i, point in enumerate(points):
        expected = torch.stack(losses[2 * i : 2 * i + 2]).mean()
        torch.testing.assert_close(point.parts["first_pixel"][0], expected)
