"""Every model keeps the contract that lets one trainer train many seeds."""

import functools
import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from project import ROOT
from zoo import CLASSES, VARIED, ZOO, stage

import ae.models
from ae.models.base import Autoencoder, Batch
from ae.spec import Descent
from ae.training.batches import Source
from ae.training.noise import NoiseSource
from ae.training.stack import Stack, seeded
from ae.training.sweeps import fault
from ae.training.trainer import Training

SEEDS = [3, 1, 4, 15]
ALONE = [
    pytest.param((1, 3), id="two"),
    pytest.param((0, 2), id="others", marks=pytest.mark.nightly),
]


def data(entry, examples=96, dtype=None):
    g = torch.Generator().manual_seed(9)
    x = torch.rand(examples, entry.features, generator=g, dtype=dtype)
    y = torch.randint(CLASSES, (examples,), generator=g)
    if entry.kind.hidden_labels:
        y[::2] = -1
    return Source(examples, lambda index: Batch(x[index], y[index]))


def fit(entry, seeds, builds=None, dtype=None, batch=None, examples=96):
    stack = Stack(builds or [entry.build()] * len(seeds), seeds)
    stages = [
        (n, s.model_copy(update={"batch": batch}) if batch and isinstance(s, Descent) else s)
        for n, s in entry.stages
    ]
    for _ in Training(stack, stages, data(entry, examples, dtype)).run():
        pass
    return stack


@functools.cache
def fitted(name, dtype):
    """Tensors of all seeds together, with that type by default: two tests look at them."""
    assert torch.get_default_dtype() == dtype
    return fit(ZOO[name], SEEDS, dtype=dtype).tensors()


def descents(entry):
    return [(name, s) for name, s in entry.stages if isinstance(s, Descent)]


def classes(module):
    """The models that are defined in a file, without what is abstract."""
    found = vars(module).values()
    own = (c for c in found if inspect.isclass(c) and c.__module__ == module.__name__)
    return [c for c in own if issubclass(c, Autoencoder) and not inspect.isabstract(c)]


def methods(kind, *parameters):
    """The public methods of a model that take these, and no more but perhaps a layer."""
    return {
        name
        for name, method in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") and not hasattr(torch.nn.Module, name)
        if [p for p in inspect.signature(method).parameters if p != "layer"]
        == ["self", *parameters]
    }


def prepared(name, seeds=SEEDS):
    """A stack of the model, its batch, and (stage, noise) of every objective.

    What has a closed form is not trained by its objective, which is looked at all the same.
    """
    entry = ZOO[name]
    stack = Stack([entry.build()] * len(seeds), seeds)
    batch = data(entry).batch(torch.arange(6).expand(len(seeds), 6))
    source = NoiseSource(seeds, "cpu", "noise")
    found = []
    stages = [s for _, s in descents(entry) or [stage()]]
    for step in (step for s in stages for step in s.steps):
        draws = stack.model.draws_for(step.objective, step.layer)
        found.append((step, {k: v.clone() for k, v in source.draw(draws, 6).items()}))
    return stack, batch, found


def keywords(stage):
    return {} if stage.layer is None else {"layer": stage.layer}


def test_the_zoo_has_every_model():
    files = [m.name for m in pkgutil.iter_modules(ae.models.__path__)]
    modules = [importlib.import_module(f"ae.models.{file}") for file in files]
    assert len(modules) > 25
    assert {e.kind for e in ZOO.values()} == {kind for m in modules for kind in classes(m)}


@pytest.mark.parametrize("kind", {e.kind: None for e in ZOO.values()}, ids=lambda k: k.__qualname__)
def test_the_zoo_trains_a_model_by_each_of_its_objectives(kind):
    stages = [s for e in ZOO.values() if e.kind is kind for _, s in e.stages]
    trained = {p.objective for s in stages if isinstance(s, Descent) for p in s.steps}
    closed = set() if trained else {"objective"}
    assert trained | closed == methods(kind, "batch", "noise")


@pytest.mark.parametrize("places", ALONE)
@pytest.mark.parametrize(
    "dtype",
    [pytest.param(torch.float64, marks=pytest.mark.nightly), torch.float32],
    ids=str,
)
@pytest.mark.parametrize("name", ZOO)
def test_a_seed_trains_the_same_alone_as_among_others(name, dtype, places, exact_arithmetic):
    torch.set_default_dtype(dtype)
    together = fitted(name, dtype)
    for i in places:
        alone = fit(ZOO[name], [SEEDS[i]], dtype=dtype)
        for key, tensor in alone.tensors().items():
            assert torch.equal(together[key][i], tensor[0]), key


@pytest.mark.parametrize("places", ALONE)
@pytest.mark.parametrize("examples", [40, pytest.param(96, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("name", VARIED)
def test_alone_and_among_others_agree_to_rounding_at_any_batch(
    name, examples, places, exact_arithmetic
):
    """Sevens, and five that are left: 18 steps of each stage, 42 of them at night."""
    together = fit(ZOO[name], SEEDS, batch=7, examples=examples)
    for i in places:
        alone = fit(ZOO[name], [SEEDS[i]], batch=7, examples=examples)
        for key, tensor in alone.tensors().items():
            torch.testing.assert_close(together.tensors()[key][i], tensor[0], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", [n for n, e in ZOO.items() if e.sweep])
def test_swept_runs_train_the_same_in_one_stack_as_apart(name, exact_arithmetic):
    entry = ZOO[name]
    assert {key for change in entry.sweep for key in change} == set(entry.kind.sweeps)
    builds = [entry.build(**change) for change in entry.sweep for _ in SEEDS]
    together = fit(entry, SEEDS * len(entry.sweep), builds)
    for i, change in enumerate(entry.sweep):
        apart = fit(entry, SEEDS, [entry.build(**change)] * len(SEEDS))
        for key, tensor in apart.tensors().items():
            mine = together.tensors()[key][i * len(SEEDS) : (i + 1) * len(SEEDS)]
            assert torch.equal(mine, tensor), key
    first, second = (together.tensors() for _ in range(2))
    assert any(not torch.equal(first[k][0], second[k][len(SEEDS)]) for k in first)


@pytest.mark.parametrize("name", [n for n, e in ZOO.items() if e.kind.sweeps])
def test_a_swept_argument_lives_in_a_buffer_and_nowhere_else(name, exact_arithmetic):
    """Members that differ in it are computed through one module, which is told by buffers alone."""
    entry = ZOO[name]
    of_kind = [e for e in ZOO.values() if e.kind is entry.kind]
    for argument in entry.kind.sweeps:
        given = [change[argument] for e in of_kind for change in e.sweep if argument in change]
        values = dict.fromkeys([entry.arguments[argument], *given])
        assert len(values) > 1, argument
        models = [seeded(entry.build(**{argument: value}), 3) for value in values]
        for other in models[1:]:
            assert fault(models[0], other) is None, argument


WHOLE = """
from zoo import ZOO

for name, entry in ZOO.items():
    for argument in entry.kind.sweeps:
        one, same = (dict(entry.build(**{argument: v})().named_buffers()) for v in (1, 1.0))
        for key, buffer in one.items():
            if key.endswith("num_batches_tracked"):
                continue  # a count that torch keeps
            right = buffer.is_floating_point() and buffer.dtype == same[key].dtype
            if not right or (buffer.dim() == 0 and buffer != same[key]):
                print(name, argument, key, buffer)
print("looked at", len(ZOO))
"""


def test_a_swept_whole_number_is_a_float_like_any_other():
    """Of `beta = 1` a schedule from 0 to 1 made whole numbers: no warm-up but a step.

    In a process of its own, for here types are checked, and a spec's whole number is no float.
    """
    paths = [str(ROOT), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, "-c", WHOLE], env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout == f"looked at {len(ZOO)}\n"


@pytest.mark.parametrize("name", ZOO)
def test_seeds_differ(name, exact_arithmetic):
    if not descents(ZOO[name]):
        pytest.skip("a model in closed form has no seeds to differ")
    torch.set_default_dtype(torch.float32)
    weights = max(fitted(name, torch.float32).values(), key=lambda t: t[0].numel())
    assert not torch.equal(weights[0], weights[1])


@pytest.mark.parametrize("name", ZOO)
def test_the_stack_computes_what_the_plain_module_computes(name, exact_arithmetic):
    stack, batch, found = prepared(name)
    for step, noise in found:
        state = {k: v.clone() for k, v in stack.tensors().items()}
        out = stack.call(step.objective, batch, noise, **keywords(step))
        for i in range(len(SEEDS)):
            model = ZOO[name].build()()
            model.load_state_dict({k: v[i] for k, v in state.items()})
            one = getattr(model, step.objective)(
                Batch(batch.x[i], batch.y[i]),
                {k: v[i] for k, v in noise.items()},
                **keywords(step),
            )
            torch.testing.assert_close(out.loss[i], one.loss)
            for part, value in one.parts.items():
                torch.testing.assert_close(out.parts[part][i], value)
            for key, buffer in model.named_buffers():
                torch.testing.assert_close(stack.buffers[key][i], buffer)


@pytest.mark.parametrize("name", ZOO)
def test_a_density_returns_one_number_per_example(name, exact_arithmetic):
    stack, batch, found = prepared(name)
    for step, noise in found:
        out = stack.call(step.objective, batch, noise, **keywords(step))
        for value in (out.loss, *out.parts.values(), *out.adversaries.values()):
            assert value.shape == (len(SEEDS), 6)


@pytest.mark.parametrize("name", ZOO)
def test_what_metrics_ask_for_is_what_the_plain_module_computes(name, exact_arithmetic):
    stack, batch, _ = prepared(name)
    stages = [s for _, s in ZOO[name].stages]
    fits = {s.fit for s in stages if not isinstance(s, Descent)}
    fits |= {s.refresh.call for s in stages if isinstance(s, Descent) and s.refresh is not None}
    stack.train(False)
    asked = [(m, batch.x[0]) for m in methods(ZOO[name].kind, "x") - fits]
    if asked and methods(ZOO[name].kind, "z"):
        code = stack.share("encode", batch.x[0])[0].detach()
        asked += [(m, code) for m in methods(ZOO[name].kind, "z")]
    for method, given in asked:
        out = stack.share(method, given)
        for i in range(len(SEEDS)):
            model = ZOO[name].build()().eval()
            model.load_state_dict({k: v[i] for k, v in stack.tensors().items()})
            mine = torch.utils._pytree.tree_map(lambda t, i=i: t[i], out)
            torch.testing.assert_close(mine, getattr(model, method)(given), msg=method)


SAMPLED = ("log_weights", "log_joint", "sample_code", "prior_code")


@pytest.mark.parametrize(
    ("name", "method"), [(n, m) for n, e in ZOO.items() for m in SAMPLED if hasattr(e.kind, m)]
)
def test_samples_of_a_density_are_what_the_plain_module_computes(name, method, exact_arithmetic):
    stack, batch, _ = prepared(name)
    stack.train(False)
    source, draws = NoiseSource(SEEDS, "cpu", "noise"), stack.model.draws_for(method, None)
    each = [{k: v.clone() for k, v in source.draw(draws, 6).items()} for _ in range(3)]
    noise = {k: torch.stack([one[k] for one in each], 1) for k in draws}
    given = () if method == "prior_code" else (batch.x[0],)
    if given:
        out = stack.sample(method, *given, noise)
    else:
        out = torch.stack([stack.call(method, one) for one in each], 1)
    assert out.shape[:3] == (len(SEEDS), 3, 6)
    assert (out.dim() == 3) == method.startswith("log_")
    for i in range(len(SEEDS)):
        model = ZOO[name].build()().eval()
        model.load_state_dict({k: v[i] for k, v in stack.tensors().items()})
        for s in range(3):
            one = getattr(model, method)(*given, {k: v[i, s] for k, v in noise.items()})
            torch.testing.assert_close(out[i, s], one)


@pytest.mark.parametrize("name", ZOO)
def test_every_parameter_gets_a_gradient_in_some_stage(name, exact_arithmetic):
    if not descents(ZOO[name]):
        pytest.skip("a model in closed form has no gradients")
    stack, batch, found = prepared(name)
    reached = set()
    for step, noise in found:
        if isinstance(step, Descent) and step.start is not None:
            with torch.no_grad():
                stack.call(step.start)
        # Zero weights pass no gradient down: move off every special point first.
        with torch.no_grad():
            for parameter in stack.parameters.values():
                parameter.add_(0.1 * torch.randn_like(parameter))
        out = stack.call(step.objective, batch, noise, **keywords(step))
        losses = [out.loss, *out.adversaries.values()]
        grads = torch.autograd.grad(
            sum(loss.mean(-1).sum() for loss in losses),
            list(stack.parameters.values()),
            allow_unused=True,
        )
        for key, grad in zip(stack.parameters, grads, strict=True):
            if grad is not None and (grad.flatten(1).abs().sum(1) > 0).all():
                reached.add(key)
    assert reached == set(stack.parameters)


@pytest.mark.parametrize("name", ZOO)
def test_no_hidden_randomness(name, exact_arithmetic):
    stack, batch, found = prepared(name)
    for step, noise in found:
        results = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            before = torch.get_rng_state()
            copy = {k: b.clone() for k, b in stack.buffers.items()}
            results.append(stack.call(step.objective, batch, noise, **keywords(step)).loss)
            assert torch.equal(before, torch.get_rng_state())
            for key, buffer in copy.items():
                stack.buffers[key].copy_(buffer)
        assert torch.equal(*results)


@pytest.mark.parametrize("name", ZOO)
def test_a_model_keeps_no_tensor_but_its_state(name, exact_arithmetic):
    stack, batch, found = prepared(name)
    for step, noise in found:
        stack.call(step.objective, batch, noise, **keywords(step))
    for module in stack.model.modules():
        own = {*module._parameters, *module._buffers}
        loose = [k for k, v in vars(module).items() if isinstance(v, torch.Tensor) and k not in own]
        assert loose == []


@pytest.mark.parametrize("name", ZOO)
def test_every_model_is_final_and_documented(name):
    kind = ZOO[name].kind
    above = kind.__mro__[1 : kind.__mro__.index(Autoencoder)]
    assert len(above) <= 2  # what one benchmark's models share, upon what a kind of code shares
    assert all(inspect.isabstract(c) and "__init__" not in vars(c) for c in above)
    assert kind.__doc__
    assert "http" in (__import__(kind.__module__, fromlist=["x"]).__doc__ or "")
