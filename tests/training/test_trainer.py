"""The trainer against plain PyTorch, and against itself interrupted."""

import math

import pytest
import torch
from pydantic import ValidationError
from torch import nn
from zoo import FEATURES, VARIED, ZOO, stage

from ae.errors import UserError
from ae.models.base import Autoencoder, Batch, Draw, Objective
from ae.models.deep_autoencoder import DeepAutoencoder
from ae.models.denoising import DAE
from ae.spec import Schedule
from ae.training.batches import Source
from ae.training.optimizers import build, clip, scheduled
from ae.training.stack import Stack, derive, generator
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "Adam": {"lr": 0.01, "betas": [0.8, 0.99]},
    "AdamW": {"lr": 0.01, "weight_decay": 0.1},
    "Adagrad": {"lr": 0.1, "lr_decay": 0.01, "initial_accumulator_value": 0.1},
    "RMSprop": {"lr": 0.01, "alpha": 0.9, "momentum": 0.5},
    "RMSprop, centred": {"lr": 0.01, "alpha": 0.9, "centered": True},
    "Adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
    "Adamax": {"lr": 0.01},
}


def kind(name):
    """The optimiser's class: what follows a comma tells one set of arguments from another."""
    return name.partition(",")[0]


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
    protocol = stage(optimizer={"class": kind(name), **OPTIMIZERS[name]}, epochs=4)
    stack = Stack([Linear, Linear], [5, 6])
    plain = []
    for i in range(2):
        model = Linear()
        model.load_state_dict({k: v[i].clone() for k, v in stack.tensors().items()})
        plain.append((model, getattr(torch.optim, kind(name))(model.parameters(), **settings)))
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
        sets = training.steps.own.roles[""].param_groups
        rates.append(sorted(round(g["lr"], 6) for g in sets))
    assert rates == [[0.1, 0.5], [0.066667, 0.333333], [0.033333, 0.166667]]


def test_a_buffer_can_follow_a_schedule():
    schedule = {"key": "buffer:corruption", "kind": "linear", "at": [0, 2], "values": [0.0, 0.6]}
    training = Training(Stack([dae], [0]), [stage(schedules=[schedule])], data())
    seen = [float(training.stack.buffers["corruption"][0]) for _ in training.run()]
    assert seen == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.6, 0.6])


CUTS = [  # of the varied ones test_cuda_graph.py cuts each in its middle, too
    *(pytest.param(name, 8, id=name) for name in ZOO if name not in VARIED),
    *(pytest.param(name, 2, id=f"{name}-often", marks=pytest.mark.nightly) for name in ZOO),
]


@pytest.mark.parametrize(("name", "apart"), CUTS)
def test_a_resumed_training_ends_bit_for_bit_as_one_never_interrupted(name, apart):
    entry = ZOO[name]

    def fresh():
        return Training(
            Stack([entry.build()] * 2, [3, 1]), entry.stages, data(features=entry.features)
        )

    whole = fresh()
    progress = finish(whole)
    states, first = {}, fresh()
    for cut, _ in enumerate(first.run(), 1):  # what it does afterwards must not matter to a state
        if cut % apart == 1 and cut < len(progress):
            states[cut] = {k: v.clone() for k, v in first.state().items()}
    assert list(states) == list(range(1, len(progress), apart))
    for cut, state in states.items():
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


def indices(order, remainder, epochs=2, batch=20, examples=47):
    """The examples of each step of a stack of two seeds."""
    seen = []

    def source(index):
        seen.append(index.clone())
        return Batch(torch.zeros(*index.shape, FEATURES))

    keys = {"batch": batch, "epochs": epochs, "order": order, "remainder": remainder}
    progress = finish(
        Training(Stack([dae, dae], [0, 1]), [stage(**keys)], Source(examples, source))
    )
    return seen, progress


@pytest.mark.parametrize("order", ["shuffled", "stored", "batches"])
def test_a_remainder_that_is_kept_is_a_smaller_batch_of_its_own(order):
    seen, progress = indices(order, "kept")
    assert [one.shape[1] for one in seen] == [20, 20, 7] * 2
    for epoch in (torch.cat(seen[:3], 1), torch.cat(seen[3:], 1)):
        assert all(row.sort().values.tolist() == list(range(47)) for row in epoch)
    assert [p.examples for p in progress] == [20, 40, 47, 67, 87, 94]


def test_a_smaller_last_batch_counts_as_a_step_of_its_own_mean():
    """One epoch of three steps of plain SGD on a quadratic, the last over 16 of 32 examples."""
    keys = {"batch": 40, "epochs": 1, "remainder": "kept", "order": "stored"}
    stack = Stack([Linear], [5])
    model = Linear()
    model.load_state_dict({k: v[0].clone() for k, v in stack.tensors().items()})
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    finish(Training(stack, [stage(optimizer={"class": "SGD", "lr": 0.1}, **keys)], data()))
    for index in torch.arange(96).split(40):
        optimizer.zero_grad()
        model.objective(data().batch(index), {}).loss.mean().backward()
        optimizer.step()
    for key, value in model.state_dict().items():
        torch.testing.assert_close(stack.tensors()[key][0], value)


def test_examples_can_come_as_they_are_stored():
    seen, _ = indices("stored", "dropped")
    expected = [list(range(20)), list(range(20, 40))] * 2
    assert [[row.tolist() for row in one] for one in seen] == [[e, e] for e in expected]


def test_batches_of_the_same_examples_can_come_in_another_order():
    seen, _ = indices("batches", "dropped", epochs=3, batch=10, examples=47)
    firsts = torch.stack([one[:, 0] for one in seen], 1)
    assert all((row.diff() == 1).all() for one in seen for row in one)
    for seed in firsts:
        epochs = seed.view(3, 4)
        assert [sorted(e.tolist()) for e in epochs] == [[0, 10, 20, 30]] * 3
    assert firsts.unique(dim=0).shape == firsts.shape


def test_curves_have_the_points_that_a_stage_asks_for():
    keys = {"batch": 32, "epochs": 50, "points": [7, 50]}
    progress = finish(Training(Stack([dae], [0]), [stage(**keys)], data()))
    points = [p.step for p in progress if p.parts is not None]
    assert points == sorted({*range(3, 151, 3), 7, 50})


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


class Trio(Autoencoder):
    """(w - y)^2 for w; a phase trains the critic d by (d - 3 w)^2, another w again by (w - d)^2."""

    def __init__(self):
        super().__init__()
        self.w = nn.Linear(1, 1, bias=False)
        self.critic = nn.Linear(1, 1, bias=False)
        for module in (self.w, self.critic):
            nn.init.constant_(module.weight, 1.0)
        self.draws = {"own": Draw("normal", ())}

    def draws_for(self, objective, layer):
        return {} if objective == "objective" else self.draws

    def _terms(self, batch):
        return self.w.weight[0, 0], self.critic.weight[0, 0], batch.y.to(batch.x)

    def objective(self, batch, noise):
        w, _, y = self._terms(batch)
        return Objective((w - y) ** 2, {"label": y})

    def discrimination(self, batch, noise):
        w, d, _ = self._terms(batch)
        return Objective((d - 3 * w) ** 2 + 0 * noise["own"], {"noise": noise["own"]})

    def confusion(self, batch, noise):
        w, d, y = self._terms(batch)
        return Objective((w - d) ** 2 + 0 * y, {"label": y})


def phase(name, objective, module, lr=0.1, momentum=0.0, **keys):
    optimizer = {"class": "SGD", "lr": lr, "momentum": momentum}
    table = {"name": name, "objective": objective, "modules": [module], "optimizer": optimizer}
    return {**table, **keys}


def phased(*phases, **keys):
    optimizer = {"class": "SGD", "lr": 0.1, "momentum": 0.5}
    return stage(optimizer=optimizer, modules=["w"], batch=32, phases=list(phases), **keys)


DISCRIMINATE = phase("judge", "discrimination", "critic", lr=0.05, momentum=0.9)
CONFUSE = phase("deceive", "confusion", "w", lr=0.02)


def test_phases_step_in_order_each_with_an_optimiser_of_its_own():
    """Two steps by hand: each phase sees what those before it changed, and has its own velocity."""
    source = Source(64, lambda index: Batch(torch.zeros(*index.shape, 1), torch.zeros_like(index)))
    stack = Stack([Trio, Trio], [0, 1])
    progress = finish(Training(stack, [phased(DISCRIMINATE, CONFUSE, epochs=1)], source))
    w = d = 1.0
    own = judge = 0.0
    judged = []
    for _ in range(2):
        own = 0.5 * own + 2 * w
        w -= 0.1 * own
        judged.append((d - 3 * w) ** 2)
        judge = 0.9 * judge + 2 * (d - 3 * w)
        d -= 0.05 * judge
        w -= 0.02 * 2 * (w - d)
    assert stack.tensors()["w.weight"].flatten().tolist() == pytest.approx([w, w])
    assert stack.tensors()["critic.weight"].flatten().tolist() == pytest.approx([d, d])
    assert [p.parts["judge_loss"][0].item() for p in progress] == pytest.approx(judged)
    assert {"loss", "label", "judge_noise", "deceive_label"} <= set(progress[0].parts)


def test_a_phase_may_follow_schedules_of_its_own():
    halved = [{"key": "lr", "kind": "step", "at": [0, 1], "values": [1.0, 0.5]}]
    training = Training(
        Stack([Trio], [0]), [phased({**CONFUSE, "schedules": halved}, epochs=2)], data()
    )
    rates = []
    for _ in training.run():
        own, other = training.steps.own.roles[""], training.steps.phases["deceive"].roles[""]
        rates.append((own.param_groups[0]["lr"], other.param_groups[0]["lr"]))
    assert rates == [(0.1, 0.02)] * 3 + [(0.1, 0.01)] * 3


def labelled_source(seen):
    y = torch.where(torch.arange(96) % 9 == 4, torch.arange(96), -1)

    def batch(index):
        seen.append(index.clone())
        return Batch(torch.zeros(*index.shape, 1), y[index])

    return Source(96, batch, None, lambda seed: y >= 0)


def test_a_phase_may_see_labelled_examples_by_themselves_each_as_often():
    seen = []
    stack = Stack([Trio, Trio], [0, 1])
    protocol = phased({**CONFUSE, "labelled": 5}, epochs=4)
    finish(Training(stack, [protocol], labelled_source(seen)))
    for seed in range(2):
        shown = [index[seed] for index in seen[1::2]]
        assert [len(index) for index in shown] == [5] * 12
        assert all(index.remainder(9).eq(4).all() for index in shown)
        for first, second in zip(shown[::2], shown[1::2], strict=True):  # 2 x 5 of 11 an epoch
            assert len({*first.tolist(), *second.tolist()}) == 10
        assert torch.cat([index[seed] for index in seen[0:6:2]]).unique().numel() == 96
    assert not torch.equal(seen[1][0], seen[1][1])


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 7])
def test_a_phased_training_resumes_bit_for_bit(cut):
    def start():
        phases = (DISCRIMINATE, {**CONFUSE, "labelled": 5})
        return Training(
            Stack([Trio] * 3, [4, 5, 4]), [phased(*phases, epochs=4)], labelled_source([])
        )

    whole, first, second = start(), start(), start()
    finish(whole)
    for _ in zip(range(cut), first.run(), strict=False):
        pass
    second.load({k: v.clone() for k, v in first.state().items()})
    finish(second)
    for key, tensor in whole.stack.tensors().items():
        assert torch.equal(tensor, second.stack.tensors()[key]), key


def test_one_phased_member_equals_itself_among_others():
    protocol = phased(DISCRIMINATE, {**CONFUSE, "labelled": 5}, epochs=2)
    together = Stack([Trio] * 3, [4, 5, 6])
    finish(Training(together, [protocol], labelled_source([])))
    alone = Stack([Trio], [5])
    finish(Training(alone, [protocol], labelled_source([])))
    for key, tensor in alone.tensors().items():
        assert torch.equal(tensor[0], together.tensors()[key][1]), key


def test_names_of_phases_are_unique():
    with pytest.raises(ValidationError, match="phases: the name 'deceive' is given more than once"):
        phased(CONFUSE, CONFUSE)
