"""The pictures and bars of many models are what is measured of them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ae.errors import UserError
from ae.figures import generators
from ae.metrics.samplers import made

LAWS = {"samplers": ["normal", "mixture"], "names": ["N(0, I)", "mixture"]}
SIZES = {"images": 6, "codes": 20, "steps": 0, "seed_index": 1}


@pytest.fixture
def runs(linear):
    g = torch.Generator().manual_seed(0)
    found = []
    for name in "ab":
        run = linear(name, torch.rand(2, 3, 16, generator=g), torch.rand(30, 16, generator=g))
        measured = {"one": {0: 1.0, 1: 3.0}} | ({"real": {0: 0.5, 1: 0.5}} if name == "a" else {})
        found.append(replace(run, measured={name: measured}))
    found[1].measured["b"]["two"] = {0: 5.0, 1: math.nan}
    return found


def test_arrays_are_samples_of_one_seed_and_what_is_left_out_is_empty(runs, repainted):
    drawing = generators.samples(runs, **LAWS, **SIZES, left_out=["b/normal"])
    shown = drawing.arrays["samples"]
    for i, j, name in ((0, 0, "normal"), (0, 1, "mixture"), (1, 1, "mixture")):
        own = made(runs[i], sampler=name, codes=20, samples=6, steps=0)[1].detach()
        np.testing.assert_allclose(shown[i, j], own.reshape(6, 4, 4).float(), rtol=1e-5)
    assert (shown[1, 0] == -1).all()
    repainted(drawing)


def test_a_diverged_seed_is_drawn_as_such(linear, repainted):
    run = linear("a", torch.full((2, 3, 16), math.nan), torch.rand(30, 16))
    repainted(generators.samples([run], **LAWS, **SIZES, left_out=[]))


def test_bars_are_the_seeds_values_and_a_gap_where_there_is_none(runs, repainted):
    drawing = generators.bars(
        runs, measures=["one", "two", "none"], names=["1", "2", "3"], floor="real", label="distance"
    )
    lost = [math.nan, math.nan]
    expected = [[[1, 3], lost, lost], [[1, 3], [5, math.nan], lost]]
    np.testing.assert_array_equal(drawing.arrays["values"], expected)
    np.testing.assert_array_equal(drawing.arrays["floor"], [0.5, 0.5])
    repainted(drawing)


def test_mistakes_are_named(runs):
    with pytest.raises(UserError, match="names: found 1; expected 2"):
        generators.samples(runs, samplers=["normal", "own"], names=["a"], left_out=[], **SIZES)
    with pytest.raises(UserError, match="names: found 1; expected 2"):
        generators.bars(runs, measures=["one", "two"], names=["a"], floor="", label="")
    with pytest.raises(UserError, match="no run has the measure 'gone'"):
        generators.bars(runs, measures=["gone"], names=["a"], floor="", label="")
