"""Which examples a step sees: mixed, those with labels apart, or those alone; and calls between."""

import pytest
import torch
from torch import nn
from zoo import FEATURES, stage

from ae.models.base import Autoencoder, Batch, Draw, Objective
from ae.training.batches import Batches, Source, apart
from ae.training.noise import NoiseSource
from ae.training.stack import Stack
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

CPU = torch.device("cpu")


def source(examples=60, shown=12):
    """Example i has the pixels i; each seed is told the labels of others."""
    x = torch.arange(examples, dtype=torch.float64).unsqueeze(-1).expand(-1, FEATURES)
    y = torch.arange(examples) % 3

    def told(seed):
        order = torch.randperm(examples, generator=torch.Generator().manual_seed(seed))
        return torch.zeros(examples, dtype=torch.bool).index_fill(0, order[:shown], True)

    return Source(examples, lambda index: Batch(x[index], y[index]), told=told)


def batches(seeds, **more):
    given = source(**more)
    return Batches(given, NoiseSource(seeds, "cpu", "noise"), CPU), given


def protocol(**keys):
    return stage(batch=4, **keys)[1]


@pytest.mark.parametrize(
    ("shown", "others", "size", "expected"),
    [
        # Six others for each: the second batch, and every seventh from there, is of the labelled.
        (3, 18, 3, "oLoooooo"[:7]),
        (2, 4, 1, "oLooLo"),
        (4, 4, 2, "oLoL"),
        (4, 0, 2, "LL"),
        (0, 4, 2, "oo"),
        (6, 2, 2, "LLLo"),
        (3, 7, 2, "oLoo"),  # the rest of either kind is dropped
    ],
)
def test_labelled_batches_are_spread_over_the_others(shown, others, size, expected):
    order = apart(torch.arange(shown), torch.arange(100, 100 + others), size)
    kinds = [set((part >= 100).tolist()) for part in order.split(size)]
    assert all(len(kind) == 1 for kind in kinds)
    assert "".join("o" if kind == {True} else "L" for kind in kinds) == expected
    assert order[order < 100].tolist() == list(range(shown // size * size))
    assert (order[order >= 100] - 100).tolist() == list(range(others // size * size))


def test_apart_is_as_in_the_program_that_it_is_after():
    """50,000 images, 3,000 of them labelled, batches of 200: batches 1, 17, 33, ... are labelled."""
    order = apart(torch.zeros(3000), torch.ones(47000), 200).view(-1, 200)[:, 0]
    assert order.eq(0).nonzero().flatten().tolist() == list(range(1, 1 + 16 * 15, 16))
    assert len(order) == 250


def test_each_seed_sees_its_own_labels_and_no_others():
    given, plain = batches([5, 6, 5])
    assert given.labelled == 12
    batch = given.at(given.index(protocol(), 0))
    for row, seed in enumerate([5, 6, 5]):
        index = batch.x[row, :, 0].long()
        expected = torch.where(plain.told(seed)[index], index % 3, -1)
        assert torch.equal(batch.y[row], expected)
    assert torch.equal(batch.y[0], batch.y[2])
    assert torch.equal(given.all().y, torch.arange(60) % 3)
    for member, seed in enumerate([5, 6, 5]):
        seen = given.all_of(member).y
        assert torch.equal(seen >= 0, plain.told(seed))


@pytest.mark.parametrize(("order", "steps"), [("shuffled", 15), ("apart", 15), ("labelled", 3)])
def test_an_epoch_has_every_example_that_it_should_once(order, steps):
    given, plain = batches([5, 6])
    kind = protocol(order=order)
    assert given.per_epoch(kind) == steps
    epochs = [[given.index(kind, e * steps + i).clone() for i in range(steps)] for e in range(2)]
    for rows in (torch.cat(epoch, 1) for epoch in epochs):
        for row, seed in zip(rows, (5, 6), strict=True):
            told = plain.told(seed).nonzero().flatten()
            wanted = told if order == "labelled" else torch.arange(60)
            assert torch.equal(row.sort().values, wanted)
    if order == "apart":
        shares = [plain.told(5)[index[0]].double().mean() for index in epochs[0]]
        assert [float(s) for s in shares] == [float(i in (1, 6, 11)) for i in range(15)]
    assert not torch.equal(epochs[0][0], epochs[1][0])


def test_a_set_whose_labels_are_all_shown_has_no_other_kind():
    given, _ = batches([5], shown=60)
    assert given.labelled == 60
    assert given.per_epoch(protocol(order="labelled")) == 15
    assert given.at(given.index(protocol(order="apart"), 0)).y.min() >= 0


def test_too_few_labelled_examples_for_a_batch_are_said():
    given, _ = batches([5], shown=3)
    with pytest.raises(ValueError, match="batch 4 exceeds the 3 labelled examples"):
        given.per_epoch(protocol(order="labelled"))


class Counter(Autoencoder):
    """Counts the times that it saw everything, and keeps what it drew when it was fitted."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(1))
        self.register_buffer("seen", torch.zeros(()))
        self.register_buffer("total", torch.zeros(()))
        self.register_buffer("drawn", torch.zeros(3))
        self.draws = {}

    def draws_for(self, objective, layer):
        return {"at": Draw("uniform", (3,))} if objective == "fit" else {}

    def look(self, x):
        self.seen.add_(1)
        self.total.copy_(x[:, 0].sum())

    def fit(self, x, noise):
        self.drawn.copy_(noise["at"][0])

    def objective(self, batch, noise):
        return Objective((self.w - batch.x[:, 0]) ** 2, {"seen": self.seen.expand(len(batch.x))})


def test_a_method_sees_the_training_set_before_the_first_step_and_every_so_many():
    keys = {"epochs": 1, "refresh": {"call": "look", "every": 4}}
    training = Training(Stack([Counter] * 2, [5, 6]), [stage(batch=4, **keys)], source())
    seen = [float(training.stack.buffers["seen"][1]) for _ in training.run()]
    assert seen == [1 + i // 4 for i in range(15)]
    assert training.stack.buffers["total"].tolist() == [59 * 30] * 2


@pytest.mark.parametrize("cut", [3, 4, 5])
def test_a_resumed_training_calls_it_where_one_never_interrupted_does(cut):
    keys = {"epochs": 1, "refresh": {"call": "look", "every": 4}}
    make = lambda: Training(Stack([Counter], [5]), [stage(batch=4, **keys)], source())
    first, second = make(), make()
    run = first.run()
    for _ in range(cut):
        next(run)
    second.load({k: v.clone() for k, v in first.state().items()})
    list(second.run())
    assert float(second.stack.buffers["seen"][0]) == 4.0


def test_a_fit_may_draw_and_equal_seeds_draw_alike():
    from ae.spec import Fit

    stages = [("fit", Fit(fit="fit"))]
    stack = Stack([Counter] * 3, [5, 6, 5])
    list(Training(stack, stages, source()).run())
    first, other, again = stack.buffers["drawn"]
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    alone = Stack([Counter], [6])
    list(Training(alone, stages, source()).run())
    assert torch.equal(alone.buffers["drawn"][0], other)
