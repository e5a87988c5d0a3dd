"""That runs which train together are told apart by buffers, and by nothing else."""

import math
from functools import partial
from typing import ClassVar

import pytest
import torch
from project import ROOT
from torch import nn
from torch.nn.utils import parametrizations
from zoo import stage

from ae.errors import UserError
from ae.models.base import Autoencoder, Batch, Objective
from ae.spec.read import read_spec
from ae.spec.tiers import cells
from ae.training import plan as planning
from ae.training.batches import Source
from ae.training.plan import stacks
from ae.training.stack import Stack
from ae.training.sweeps import check_sweep, fault, same
from ae.training.trainer import Training

END = (
    "so that runs which differ in it cannot train together; register it as a buffer, or take it "
    "out of `sweeps`"
)


class Weighted(Autoencoder):
    """loss = beta |x - W x|^2, of a beta that subclasses keep as they like."""

    sweeps: ClassVar[frozenset[str]] = frozenset({"beta"})
    built = 0

    def __init__(self, features: int = 4, *, beta: float, sigma: float = 1.0) -> None:
        super().__init__()
        type(self).built += 1
        self.weight = nn.Parameter(torch.randn(features, features))
        self.draws = {}
        self.keep(beta, sigma)

    def keep(self, beta, sigma):
        """Where the numbers go."""
        self.register_buffer("beta", torch.tensor(float(beta)))
        self.register_buffer("sigma", torch.tensor(float(sigma)))

    def objective(self, batch, noise):
        """Weighted squared error."""
        error = self.beta * ((batch.x - batch.x @ self.weight) ** 2).sum(-1)
        return Objective(error, {"error": error})


class Number(Weighted):
    def keep(self, beta, sigma):
        self.beta = beta


class LooseTensor(Weighted):
    def keep(self, beta, sigma):
        self.beta = torch.tensor(float(beta))


class Closure(Weighted):
    def keep(self, beta, sigma):
        self.weigh = lambda x: beta * x


class Default(Weighted):
    def keep(self, beta, sigma):
        def weigh(x, by=beta):
            return by * x

        self.weigh = weigh


class Bound(Weighted):
    def keep(self, beta, sigma):
        self.weigh = partial(torch.mul, beta)


class Layer(Weighted):
    def keep(self, beta, sigma):
        self.act = nn.Sequential(nn.LeakyReLU(beta))


class Hidden(Weighted):
    def keep(self, beta, sigma):
        layer = nn.BatchNorm1d(4)
        layer.running_mean += beta
        self.layers = [layer]  # in a plain list: not a submodule, and no buffer of the model


class Nested(Weighted):
    def keep(self, beta, sigma):
        self.settings = {"weights": (1.0, [beta])}


class Started(Weighted):
    def keep(self, beta, sigma):
        self.register_buffer("beta", torch.tensor(float(beta)))
        nn.init.normal_(self.weight, std=beta)


class Shaped(Weighted):
    def keep(self, beta, sigma):
        self.register_buffer("beta", torch.full((int(beta),), beta))


class Ignored(Weighted):
    def keep(self, beta, sigma):
        self.register_buffer("sigma", torch.tensor(float(sigma)))


class Rounded(Weighted):
    def keep(self, beta, sigma):
        self.register_buffer("beta", torch.tensor(float(int(beta))))


class Beside(Weighted):
    """A buffer that is right, and a copy of the number that is not."""

    def keep(self, beta, sigma):
        super().keep(beta, sigma)
        self.also = beta


LIES = {
    Number: "keeps it outside its buffers, as self.beta",
    LooseTensor: "keeps it outside its buffers, as self.beta",
    Closure: "keeps it outside its buffers, as self.weigh",
    Default: "keeps it outside its buffers, as self.weigh",
    Bound: "keeps it outside its buffers, as self.weigh",
    Layer: "keeps it outside its buffers, as self.act.0.negative_slope",
    Hidden: "keeps it outside its buffers, as self.layers",
    Nested: "keeps it outside its buffers, as self.settings",
    Started: "keeps it outside its buffers, as the parameter self.weight",
    Shaped: "keeps it outside its buffers, as the shape or type of self.beta",
    Beside: "keeps it outside its buffers, as self.also",
    Ignored: "keeps it in no buffer",
}


def runs(*values):
    return [(f"beta-{v}", {"beta": v}) for v in values]


@pytest.mark.parametrize("kind", LIES, ids=lambda kind: kind.__name__)
def test_a_lie_is_refused_with_the_argument_and_the_place(kind):
    with pytest.raises(UserError) as caught:
        check_sweep(kind, {"features": 3}, runs(1.0, 5.0))
    assert (
        str(caught.value) == f"[[run]] 'beta-5.0': model.beta: {kind.__name__} {LIES[kind]}, {END}"
    )


def test_two_values_that_come_to_one_buffer_are_refused_wherever_they_stand():
    check_sweep(Rounded, {}, runs(1.0, 2.0, 3.0))
    with pytest.raises(UserError, match=r"'beta-2\.5': model\.beta: Rounded keeps it in no buffer"):
        check_sweep(Rounded, {}, runs(1.0, 2.0, 2.5, 3.0))


class Honest(Weighted):
    """All that a model may hold without harm."""

    def keep(self, beta, sigma):
        super().keep(beta, sigma)
        self.register_buffer("unset", torch.tensor(math.nan))
        self.limit, self.dtype, self.device = math.nan, torch.float32, torch.device("cpu")
        self.act = parametrizations.weight_norm(nn.Linear(3, 3))  # of a class that is made anew
        self.by_method, self.sentinel = self.objective, object()
        self.seen = {"nan": math.nan, "self": self}
        self.list = [self.seen]
        self.seen["list"] = self.list
        self.plain = [nn.Linear(2, 2), nn.LeakyReLU(0.1)]
        self.f = lambda x: self.limit * x


def test_what_is_equal_or_a_buffer_is_accepted():
    check_sweep(Honest, {"features": 5}, runs(1.0, 2.0, 4.0))
    assert fault(Honest(beta=1.0), Honest(beta=1.0)) is not None  # other weights: no seed


def test_of_two_arguments_the_one_that_lies_is_named():
    class Half(Weighted):
        sweeps = frozenset({"beta", "sigma"})

        def keep(self, beta, sigma):
            self.register_buffer("beta", torch.tensor(float(beta)))
            self.sigma = sigma

    both = [("a", {"beta": 1.0, "sigma": 1.0}), ("b", {"beta": 2.0, "sigma": 3.0})]
    with pytest.raises(UserError) as caught:
        check_sweep(Half, {}, both)
    assert str(caught.value) == (
        f"[[run]] 'b': model.sigma: Half keeps it outside its buffers, as self.sigma, {END}"
    )
    check_sweep(Weighted, {}, both)


def test_arguments_that_only_go_together_are_named_together():
    class Together(Weighted):
        def keep(self, beta, sigma):
            if beta != sigma:
                raise ValueError("beta is sigma")
            self.beta = beta

    both = [("a", {"beta": 1.0, "sigma": 1.0}), ("b", {"beta": 2.0, "sigma": 2.0})]
    with pytest.raises(UserError, match=r"'b': model\.beta, sigma: Together keeps it outside"):
        check_sweep(Together, {}, both)


def test_one_member_a_value_is_built_and_none_where_nothing_is_swept():
    for given, built in ((runs(1.0, 1.0, 1.0), 0), (runs(1.0, 2.0, 1.0, 2.0, 3.0), 3)):
        Weighted.built = 0
        check_sweep(Weighted, {}, given)
        assert Weighted.built == built


def test_the_check_draws_nothing_from_the_global_generator():
    before = torch.get_rng_state()
    check_sweep(Weighted, {}, runs(1.0, 2.0))
    assert torch.equal(before, torch.get_rng_state())


def test_what_the_check_is_for(exact_arithmetic):
    """Two runs of a model that keeps beta as a float train alike, both with the first one's."""
    x = torch.rand(32, 4)
    losses = {}
    for kind in (Weighted, Number):
        stack = Stack([lambda k=kind, b=b: k(beta=b) for b in (1.0, 1000.0)], [1, 1])
        source = Source(32, lambda index: Batch(x[index]))
        first = next(p for p in Training(stack, [stage()], source).run() if p.parts)
        losses[kind] = first.parts["loss"]
    torch.testing.assert_close(losses[Weighted][1], 1000 * losses[Weighted][0])
    assert torch.equal(losses[Number][1], losses[Number][0])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (math.nan, math.nan, True),
        ([1, (2, {3})], [1, (2, {3})], True),
        ([1, (2, {3})], [1, (2, {4})], False),
        ({"a": torch.tensor([1.0, math.nan])}, {"a": torch.tensor([1.0, math.nan])}, True),
        (torch.tensor([1.0]), torch.tensor([1.0], dtype=torch.float64), False),
        (torch.tensor([1.0]), torch.tensor([[1.0]]), False),
        (torch.ones(2, dtype=torch.int64), torch.ones(2, dtype=torch.int64), True),
        (torch.tensor([True]), torch.tensor([False]), False),
        (nn.ReLU, nn.Tanh, False),
        ("a", None, False),
        ([1], [1, 2], False),
        ({"a": 1}, {"b": 1}, False),
    ],
)
def test_values_are_compared_all_the_way_down(one, other, expected):
    assert same(one, other) is expected


def planned(kind, monkeypatch, *betas):
    """Runs of a spec that differ in beta alone, planned with a model of that class."""
    monkeypatch.setattr(planning, "model_class", lambda path: kind)
    first = cells(read_spec(ROOT / "tests" / "tiny2014-vae.toml"), "quick", where="")[0]
    found = [
        first.model_copy(update={"name": f"beta-{b}", "model": {"class": "vae.VAE", "beta": b}})
        for b in betas
    ]
    shapes, data = {first.data.name: [2, 2]}, {cell.name: "digest" for cell in found}
    monkeypatch.setattr(planning, "code_name", lambda path: "ae.models.vae:VAE")
    return planning.plan(found, shapes, data)


def test_a_spec_whose_model_lies_is_refused_when_it_is_planned(monkeypatch):
    with pytest.raises(UserError) as caught:
        planned(Number, monkeypatch, 1.0, 1000.0)
    assert str(caught.value) == (
        "[[run]] 'beta-1000.0': model.beta: Number keeps it outside its buffers, as self.beta, "
        f"{END}"
    )
    alone = planned(Number, monkeypatch, 1.0)
    assert {m.run for m in alone} == {"beta-1.0"}
    both = planned(Weighted, monkeypatch, 1.0, 1000.0)
    (stack,) = stacks(both, lambda member: 1000)
    assert [cell.name for cell in stack.cells] == ["beta-1.0", "beta-1000.0"]
