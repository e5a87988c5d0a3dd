"""The recorded step against the plain one; recording itself needs CUDA."""

import functools
import math

import pytest
import torch
from test_trainer import OPTIMIZERS, dae, kind
from torch._subclasses.fake_tensor import FakeTensorMode
from zoo import CLASSES, VARIED, ZOO, stage

from ae.models.base import Batch
from ae.spec import Descent
from ae.training.batches import Source
from ae.training.cuda_graph import CaptureError, StaticStep, captured, obstacle
from ae.training.optimizers import FUSED, Optimizers, build
from ae.training.stack import Stack
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("one_thread")
EXAMPLES = 96
SEEDS = [3, 1, 3]  # equal seeds share their noise and their order
SCHEDULES = [
    {"key": "lr", "kind": "cosine", "at": [0, 20], "values": [1.0, 0.1]},
    {"key": "momentum", "kind": "step", "at": [0, 2, 9], "values": [0.0, 0.5, 0.9]},
    {"key": "buffer:corruption", "kind": "linear", "at": [0, 20], "values": [0.0, 0.6]},
]
needs_cuda = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"),
]


def data(features, device="cpu", examples=EXAMPLES):
    g = torch.Generator().manual_seed(9)
    x = torch.rand(examples, features, generator=g).to(device)
    y = torch.randint(CLASSES, (examples,), generator=g).to(device)
    return Source(examples, lambda index: Batch(x[index], y[index]))


def unrecorded(step):
    """What `captured` does, but for the recording."""
    step.rehearse(2)
    return step.run


def refused(step):
    """Recording that fails halfway, and leaves the generators somewhere else."""
    step.rehearse(2)
    for g in step.generators:
        torch.rand(5, generator=g, device=g.device)
    raise CaptureError("no graphs today")


def training(name, capture=None, device="cpu", steps=30):
    """A training of a zoo's model, at least so many steps long."""
    entry = ZOO[name]
    descents = sum(isinstance(s, Descent) for _, s in entry.stages)
    share = math.ceil(steps / max(1, descents))

    def long(s):
        batches = 1 if s.batch == "all" else EXAMPLES // s.batch
        return s.model_copy(update={"epochs": float(math.ceil(share / batches))})

    stages = [(n, long(s) if isinstance(s, Descent) else s) for n, s in entry.stages]
    stack = Stack([entry.build()] * len(SEEDS), SEEDS, device)
    return Training(stack, stages, data(entry.features, device), capture=capture)


def protocol(capture=None, **keys):
    keys = {"optimizer": {"class": "SGD", "lr": 0.1, "momentum": 0.0}, "epochs": 12, **keys}
    source = data(dae().weight.shape[1])
    return Training(Stack([dae] * 3, SEEDS), [stage(**keys)], source, capture=capture)


def run(one):
    """What a training tells, run to its end, and its tensors then."""
    return list(one.run()), one.stack.tensors()


@functools.cache
def plain(name, steps):
    """What the plain training of a zoo's model tells, and its tensors at the end."""
    return run(training(name, steps=steps))


def same(mine, theirs):
    """A training, run to its end, agrees in every bit of weights and curves with another that was."""
    return agrees(*run(mine), theirs)


def agrees(mine_progress, tensors, theirs):
    """What a training told, perhaps from its middle on, and its tensors are another's, bit for bit."""
    their_progress, expected = theirs
    missed = len(their_progress) - len(mine_progress)
    for a, b in zip(mine_progress, their_progress[missed:], strict=True):
        assert (a.stage, a.step, a.parts is None) == (b.stage, b.step, b.parts is None)
        for part, value in (a.parts or {}).items():
            assert torch.equal(value, b.parts[part]), (a.stage, a.step, part)
    for key, tensor in expected.items():
        assert torch.equal(tensors[key], tensor), key
    return their_progress


@pytest.mark.parametrize("steps", [9, pytest.param(100, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("name", VARIED)
def test_the_static_step_equals_the_plain_one_and_resumes_in_the_middle_bit_for_bit(name, steps):
    whole = training(name, unrecorded, steps=steps)
    cut, told, state = whole.total // 2 + 1, [], None
    for progress in whole.run():
        told.append(progress)
        if len(told) == cut:
            state = {k: v.clone() for k, v in whole.state().items()}
    progress = agrees(told, whole.stack.tensors(), plain(name, steps))
    in_closed_form = not any(isinstance(s, Descent) for _, s in ZOO[name].stages)
    assert len(progress) >= steps or in_closed_form
    assert state is not None or in_closed_form
    for capture in (unrecorded, None):
        if state is not None:
            second = training(name, capture, steps=steps)
            second.load(state)
            same(second, plain(name, steps))


def test_schedules_and_clipping_are_the_same_and_a_new_momentum_is_recorded_anew():
    recordings = []

    def capture(step):
        recordings.append(step)
        return unrecorded(step)

    def both(**keys):
        same(protocol(capture, clip=0.05, **keys), run(protocol(clip=0.05, **keys)))

    both(schedules=SCHEDULES)
    recordings.clear()  # on the CPU a rate is a number, too
    both(schedules=SCHEDULES[1:])
    assert len(recordings) == 3


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rehearsal_leaves_no_trace(name):
    keys = {"optimizer": {"class": kind(name), **OPTIMIZERS[name]}, "epochs": 3}
    one = protocol(unrecorded, **keys)
    next(iter(one.run()))
    before = one.state()
    assert len([k for k in before if k.startswith("steps/")]) >= 3
    one._static.rehearse(3)
    for key, tensor in one.state().items():
        assert torch.equal(tensor, before[key]), key
    same(protocol(unrecorded, **keys), run(protocol(**keys)))


def test_a_rehearsal_that_fails_is_undone():
    one = protocol(unrecorded)
    next(iter(one.run()))
    before = one.state()

    def fails(index):
        one._step(index)
        raise ZeroDivisionError

    static = one._static
    broken = StaticStep(fails, static.index, {}, tensors=one._tensors, generators=static.generators)
    with pytest.raises(ZeroDivisionError):
        broken.rehearse(1)
    for key, tensor in one.state().items():
        assert torch.equal(tensor, before[key]), key


def test_where_recording_fails_training_goes_on_as_the_plain_one_and_says_why():
    one = protocol(refused, schedules=SCHEDULES)
    same(one, run(protocol(schedules=SCHEDULES)))
    assert one.reason == "no graphs today"


def test_recording_may_fail_in_the_middle():
    count = 0

    def later(step):
        nonlocal count
        count += 1
        return (unrecorded if count < 2 else refused)(step)

    same(protocol(later, schedules=SCHEDULES), run(protocol(schedules=SCHEDULES)))
    assert count == 2


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"update": "alternating"}, "its updates alternate"),
        ({"schedules": SCHEDULES}, None),
        (
            {"schedules": [SCHEDULES[1] | {"kind": "linear", "at": [0, 1], "values": [0.5, 0.9]}]},
            "its 'momentum' changes at every step",
        ),
    ],
)
def test_what_cannot_be_recorded_is_named_before_it_is_tried(keys, reason):
    one = protocol(unrecorded, epochs=1, **keys)
    assert obstacle(one.stages[0][1], even=True) == reason
    list(one.run())
    assert one.reason == reason


class Recorder:
    """Stands in for `torch.cuda`: streams that do nothing, a graph that fails with `error`."""

    def __init__(self, error):
        self.error, self.registered = error, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        raise self.error

    def wait_stream(self, other):
        pass

    def register_generator_state(self, generator):
        self.registered.append(generator)


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (RuntimeError("operation not permitted\nmore"), CaptureError, "^operation not permitted$"),
        (torch.OutOfMemoryError("tried to allocate"), torch.OutOfMemoryError, "allocate"),
    ],
)
def test_an_error_of_the_recording_is_one_line_and_a_lack_of_memory_stays_one(
    monkeypatch, error, raised, message
):
    recorder = Recorder(error)
    for name in ("current_stream", "Stream", "CUDAGraph"):
        monkeypatch.setattr(torch.cuda, name, lambda: recorder)
    idle = Recorder(None)
    idle.__class__ = type("Idle", (Recorder,), {"__exit__": lambda *_: None})
    monkeypatch.setattr(torch.cuda, "stream", lambda _: idle)
    monkeypatch.setattr(torch.cuda, "graph", lambda _: recorder)
    one = protocol(unrecorded)
    next(iter(one.run()))
    with pytest.raises(raised, match=message):
        captured(one._static)
    assert recorder.registered == one.noise.generators


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_on_cuda_rates_and_steps_live_on_the_device(name, monkeypatch):
    rates = []
    for kernel in ("sgd", "adam", "adamw", "adagrad"):  # those of CUDA are not there to be called
        monkeypatch.setattr(torch, f"_fused_{kernel}_", lambda *_, lr, **__: rates.append(lr))
    _, descent = stage(
        optimizer={
            "class": kind(name),
            **OPTIMIZERS[name],
            "groups": [{"match": "bias", "lr": 0.5}],
        }
    )
    with FakeTensorMode():
        parameters = {k: torch.zeros(2, 32, device="cuda") for k in ("weight", "bias")}
        for p in parameters.values():
            p.grad = torch.zeros_like(p)
        optimizer = build(descent.optimizer, parameters)
        for group in optimizer.param_groups:
            assert group["lr"].device.type == "cuda"
            assert group["lr"].dtype == torch.float32
            assert isinstance(group["initial_lr"], float)
        optimizer.step()
        tensors = [t for state in optimizer.state.values() for t in state.values()]
        assert {t.device.type for t in [*tensors, *rates]} == {"cuda"}
        assert len(rates) == (2 if kind(name) in FUSED else 0)


def test_a_tensors_rate_is_filled_in_place_and_other_numbers_are_reported_stale():
    one = protocol(optimizer={"class": "AdamW", "lr": 0.1, "weight_decay": 0.0})
    next(iter(one.run()))
    (group,) = one.steps.own.roles[""].param_groups
    group["lr"] = rate = torch.tensor(0.1)
    assert one.steps.own.set("lr", 0.5) is False
    assert group["lr"] is rate
    assert float(rate) == pytest.approx(0.05)
    assert one.steps.own.set("weight_decay", 0.25) is True
    assert one.steps.own.set("weight_decay", 0.25) is False


def test_loaded_optimiser_state_goes_to_the_parameters_device():
    one = protocol(optimizer={"class": "Adam", "lr": 0.1}, epochs=1)
    next(iter(one.run()))
    state = one.steps.own.state()
    with FakeTensorMode(allow_non_fake_inputs=True) as fake:
        stack = one.stack
        stack.storage = {k: torch.zeros(s.shape, device="cuda") for k, s in stack.storage.items()}
        optimizers = Optimizers(stack, one.stages[0][1])
        optimizers.load({k: fake.from_tensor(t) for k, t in state.items()})
        assert {t.device.type for t in optimizers.tensors().values()} == {"cuda"}
        assert any(k.endswith("/step") for k in optimizers.tensors())


class TestOnCuda:
    """The graph against the same step run kernel by kernel; the tolerance is for atomics."""

    pytestmark = needs_cuda

    @pytest.mark.parametrize("name", ZOO)
    def test_the_graph_takes_the_same_steps(self, name):
        eager, graph = (training(name, c, "cuda", steps=100) for c in (unrecorded, None))
        a, b = list(eager.run()), list(graph.run())
        assert graph.reason is None
        for mine, theirs in zip(a, b, strict=True):
            for part, value in (mine.parts or {}).items():
                torch.testing.assert_close(value, theirs.parts[part], rtol=1e-4, atol=1e-5)
        for key, tensor in eager.stack.tensors().items():
            torch.testing.assert_close(graph.stack.tensors()[key], tensor, rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_every_optimiser_can_be_recorded(self, name):
        keys = {"optimizer": {"class": kind(name), **OPTIMIZERS[name]}, "epochs": 3}
        source = data(dae().weight.shape[1], "cuda")
        eager, graph = (
            Training(Stack([dae] * 3, SEEDS, "cuda"), [stage(**keys)], source, capture=c)
            for c in (unrecorded, None)
        )
        list(eager.run()), list(graph.run())
        assert graph.reason is None
        for key, tensor in eager.stack.tensors().items():
            torch.testing.assert_close(graph.stack.tensors()[key], tensor, rtol=1e-4, atol=1e-5)

    def test_schedules_reach_the_graph(self):
        source = data(dae().weight.shape[1], "cuda")
        sgd = {"class": "SGD", "lr": 0.1, "momentum": 0.0}
        keys = {"optimizer": sgd, "epochs": 12, "schedules": SCHEDULES, "clip": 0.05}
        eager, graph = (
            Training(Stack([dae] * 3, SEEDS, "cuda"), [stage(**keys)], source, capture=c)
            for c in (unrecorded, None)
        )
        list(eager.run()), list(graph.run())
        assert graph.reason is None
        for key, tensor in eager.stack.tensors().items():
            torch.testing.assert_close(graph.stack.tensors()[key], tensor, rtol=1e-4, atol=1e-5)

    def test_a_step_that_waits_for_the_host_falls_back_and_says_so(self):
        source = data(dae().weight.shape[1], "cuda")

        def batch(index):
            index.sum().item()
            return source.batch(index)

        slow = Training(Stack([dae] * 3, SEEDS, "cuda"), [stage()], Source(96, batch))
        fast = Training(Stack([dae] * 3, SEEDS, "cuda"), [stage()], source)
        list(slow.run()), list(fast.run())
        assert slow.reason
        assert fast.reason is None
        for key, tensor in fast.stack.tensors().items():
            torch.testing.assert_close(slow.stack.tensors()[key], tensor, rtol=1e-4, atol=1e-5)
