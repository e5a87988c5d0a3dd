"""Every model keeps the contract that lets one trainer train many seeds."""

import pkgutil

import pytest
import torch
from zoo import CLASSES, ZOO

import ae.models
from ae.batches import Source
from ae.models.base import Autoencoder, Batch
from ae.seeds import NoiseSource, Stack
from ae.spec import Descent
from ae.train import Training

SEEDS = [3, 1, 4, 15]


def data(entry, examples=96, dtype=None):
    g = torch.Generator().manual_seed(9)
    x = torch.rand(examples, entry.features, generator=g, dtype=dtype)
    y = torch.randint(CLASSES, (examples,), generator=g)
    if entry.kind.hidden_labels:
        y[::2] = -1
    return Source(examples, lambda index: Batch(x[index], y[index]))


def fit(entry, seeds, builds=None, dtype=None, batch=None):
    stack = Stack(builds or [entry.build()] * len(seeds), seeds)
    stages = [
        (n, s.model_copy(update={"batch": batch}) if batch and isinstance(s, Descent) else s)
        for n, s in entry.stages
    ]
    for _ in Training(stack, stages, data(entry, dtype=dtype)).run():
        pass
    return stack


def descents(entry):
    return [(name, s) for name, s in entry.stages if isinstance(s, Descent)]


def prepared(name, seeds=SEEDS):
    """A stack of the model, its batch, and (stage, noise) of every objective."""
    entry = ZOO[name]
    stack = Stack([entry.build()] * len(seeds), seeds)
    batch = data(entry).batch(torch.arange(6).expand(len(seeds), 6))
    source = NoiseSource(seeds, "cpu", "noise")
    found = []
    for _, s in descents(entry):
        draws = stack.model.draws_for(s.objective, s.layer)
        found.append((s, source.draw(draws, 6)))
    return stack, batch, found


def keywords(stage):
    return {} if stage.layer is None else {"layer": stage.layer}


def test_the_zoo_has_every_model():
    files = {m.name for m in pkgutil.iter_modules(ae.models.__path__)} - {"base"}
    assert {entry.kind.__module__.rpartition(".")[2] for entry in ZOO.values()} == files


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("name", ZOO)
def test_a_seed_trains_the_same_alone_as_among_others(name, dtype, exact_arithmetic):
    torch.set_default_dtype(dtype)
    together = fit(ZOO[name], SEEDS, dtype=dtype)
    for i, seed in enumerate(SEEDS):
        alone = fit(ZOO[name], [seed], dtype=dtype)
        for key, tensor in alone.tensors().items():
            assert torch.equal(together.tensors()[key][i], tensor[0]), key


@pytest.mark.parametrize("name", ZOO)
def test_alone_and_among_others_agree_to_rounding_at_any_batch(name, exact_arithmetic):
    together = fit(ZOO[name], SEEDS, batch=7)
    for i, seed in enumerate(SEEDS):
        alone = fit(ZOO[name], [seed], batch=7)
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


@pytest.mark.parametrize("name", ZOO)
def test_seeds_differ(name, exact_arithmetic):
    if not descents(ZOO[name]):
        pytest.skip("a model in closed form has no seeds to differ")
    stack = fit(ZOO[name], SEEDS)
    weights = max(stack.tensors().values(), key=lambda t: t[0].numel())
    assert not torch.equal(weights[0], weights[1])


@pytest.mark.parametrize("name", ZOO)
def test_the_stack_computes_what_the_plain_module_computes(name, exact_arithmetic):
    stack, batch, found = prepared(name)
    for stage, noise in found:
        state = {k: v.clone() for k, v in stack.tensors().items()}
        out = stack.call(stage.objective, batch, noise, **keywords(stage))
        for i in range(len(SEEDS)):
            model = ZOO[name].build()()
            model.load_state_dict({k: v[i] for k, v in state.items()})
            one = getattr(model, stage.objective)(
                Batch(batch.x[i], batch.y[i]),
                {k: v[i] for k, v in noise.items()},
                **keywords(stage),
            )
            torch.testing.assert_close(out.loss[i], one.loss)
            for part, value in one.parts.items():
                torch.testing.assert_close(out.parts[part][i], value)
            for key, buffer in model.named_buffers():
                torch.testing.assert_close(stack.buffers[key][i], buffer)


@pytest.mark.parametrize("name", ZOO)
def test_a_density_returns_one_number_per_example(name, exact_arithmetic):
    stack, batch, found = prepared(name)
    for stage, noise in found:
        out = stack.call(stage.objective, batch, noise, **keywords(stage))
        for value in (out.loss, *out.parts.values(), *out.adversaries.values()):
            assert value.shape == (len(SEEDS), 6)


@pytest.mark.parametrize("method", ["log_weights", "log_joint"])
@pytest.mark.parametrize("name", [n for n, e in ZOO.items() if hasattr(e.kind, "log_weights")])
def test_samples_of_a_density_are_what_the_plain_module_computes(name, method, exact_arithmetic):
    stack, batch, _ = prepared(name)
    source, draws = NoiseSource(SEEDS, "cpu", "noise"), stack.model.draws_for(method, None)
    each = [{k: v.clone() for k, v in source.draw(draws, 6).items()} for _ in range(3)]
    noise = {k: torch.stack([one[k] for one in each], 1) for k in draws}
    out = stack.sample(method, batch.x[0], noise)
    assert out.shape == (len(SEEDS), 3, 6)
    for i in range(len(SEEDS)):
        model = ZOO[name].build()()
        model.load_state_dict({k: v[i] for k, v in stack.tensors().items()})
        for s in range(3):
            one = getattr(model, method)(batch.x[0], {k: v[i, s] for k, v in noise.items()})
            torch.testing.assert_close(out[i, s], one)


@pytest.mark.parametrize("name", ZOO)
def test_every_parameter_gets_a_gradient_in_some_stage(name, exact_arithmetic):
    stack, batch, found = prepared(name)
    fit(ZOO[name], SEEDS)
    reached = set()
    for stage, noise in found:
        if stage.start is not None:
            with torch.no_grad():
                stack.call(stage.start)
        # Zero weights pass no gradient down: move off every special point first.
        with torch.no_grad():
            for parameter in stack.parameters.values():
                parameter.add_(0.1 * torch.randn_like(parameter))
        out = stack.call(stage.objective, batch, noise, **keywords(stage))
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
    for stage, noise in found:
        results = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            before = torch.get_rng_state()
            copy = {k: b.clone() for k, b in stack.buffers.items()}
            results.append(stack.call(stage.objective, batch, noise, **keywords(stage)).loss)
            assert torch.equal(before, torch.get_rng_state())
            for key, buffer in copy.items():
                stack.buffers[key].copy_(buffer)
        assert torch.equal(*results)


@pytest.mark.parametrize("name", ZOO)
def test_a_model_keeps_no_tensor_but_its_state(name, exact_arithmetic):
    stack, batch, found = prepared(name)
    for stage, noise in found:
        stack.call(stage.objective, batch, noise, **keywords(stage))
    for module in stack.model.modules():
        own = {*module._parameters, *module._buffers}
        loose = [k for k, v in vars(module).items() if isinstance(v, torch.Tensor) and k not in own]
        assert loose == []


@pytest.mark.parametrize("name", ZOO)
def test_every_model_is_final_and_documented(name):
    kind = ZOO[name].kind
    assert kind.__mro__[1] is Autoencoder
    assert kind.__doc__
    assert "http" in (__import__(kind.__module__, fromlist=["x"]).__doc__ or "")
