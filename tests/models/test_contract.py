"""Every model keeps the contract that lets one trainer train many seeds, to the last bit.

What the contract suite looks at, it looks at in every model: see `tests/contract`.
"""

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
from zoo import CLASSES, ZOO

import ae.models
from ae.contract.subject import methods
from ae.models.base import Autoencoder, Batch
from ae.spec import Descent
from ae.training.batches import Source
from ae.training.stack import Stack
from ae.training.trainer import Training

SEEDS = [3, 1, 4, 15]
EXAMPLES = 96
ALONE = [  # the contract suite trains every seed alone in double precision, to rounding
    pytest.param((1,), id="one"),
    pytest.param((0, 2, 3), id="others", marks=pytest.mark.nightly),
]


def data(entry, dtype=None):
    g = torch.Generator().manual_seed(9)
    x = torch.rand(EXAMPLES, entry.features, generator=g, dtype=dtype)
    y = torch.randint(CLASSES, (EXAMPLES,), generator=g)
    if entry.kind.hidden_labels:
        y[::2] = -1
    return Source(EXAMPLES, lambda index: Batch(x[index], y[index]))


def fit(entry, seeds, builds=None, dtype=None):
    stack = Stack(builds or [entry.build()] * len(seeds), seeds)
    for _ in Training(stack, entry.stages, data(entry, dtype)).run():
        pass
    return stack


@functools.cache
def fitted(name, dtype):
    """Tensors of all seeds together, with that type by default."""
    assert torch.get_default_dtype() == dtype
    return fit(ZOO[name], SEEDS, dtype=dtype).tensors()


def classes(module):
    """The models that are defined in a file, without what is abstract."""
    found = vars(module).values()
    own = (c for c in found if inspect.isclass(c) and c.__module__ == module.__name__)
    return [c for c in own if issubclass(c, Autoencoder) and not inspect.isabstract(c)]


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
def test_every_model_is_final_and_documented(name):
    kind = ZOO[name].kind
    above = kind.__mro__[1 : kind.__mro__.index(Autoencoder)]
    assert len(above) <= 2  # what one benchmark's models share, upon what a kind of code shares
    assert all(inspect.isabstract(c) and "__init__" not in vars(c) for c in above)
    assert kind.__doc__
    assert "http" in (__import__(kind.__module__, fromlist=["x"]).__doc__ or "")
