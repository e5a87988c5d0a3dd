"""The histogram's areas and widths are the metric's."""

import math

import numpy as np
import pytest
import torch

from ae.figures import activations
from ae.metrics.sparsity import activity_width

SETTINGS = {"codes": "encode", "examples": 500, "bins": 40}


def codes(linear, name, *seeds):
    return linear(name, torch.stack([z.T for z in seeds]), torch.eye(len(seeds[0])))


def test_a_curve_encloses_the_share_of_activities_that_are_on(linear, repainted):
    thin = torch.randn(20, 20) * (torch.rand(20, 20) < 0.25)
    thick = 3 * torch.randn(20, 20)
    runs = [codes(linear, "thin", thin), codes(linear, "thick", thick)]
    drawing = activations.histogram(runs, **SETTINGS)
    areas = (drawing.arrays["density"] * np.diff(drawing.arrays["edges"])).sum(1)
    assert areas == pytest.approx([float((thin != 0).double().mean()), 1.0])
    widths = [activity_width(run, codes="encode", split="test")[0] for run in runs]
    assert drawing.arrays["width"] == pytest.approx(widths)
    assert repainted(drawing).vector == "figure.svg"


def test_density_counts_per_unit_of_activity():
    found = activations.density(np.array([0.1, 0.4, 0.6, 1.9]), np.array([0, 0.5, 2.0]), of=10)
    assert found == pytest.approx([2 / 10 / 0.5, 2 / 10 / 1.5])


def test_seeds_are_pooled_and_those_that_diverged_are_left_out(linear, repainted):
    good, lost = torch.eye(5), torch.full((5, 5), math.nan)
    runs = [codes(linear, "some", 2 * good, lost, good), codes(linear, "none", lost)]
    drawing = activations.histogram(runs, **SETTINGS)
    assert drawing.arrays["width"][0] == pytest.approx(math.sqrt((4 + 1) / 2))
    area = (drawing.arrays["density"][0] * np.diff(drawing.arrays["edges"])).sum()
    assert area == pytest.approx(1 / 5)
    assert np.isnan(drawing.arrays["density"][1]).all()
    repainted(drawing)


def test_only_the_first_examples_are_used(linear):
    run = codes(linear, "a", torch.diag(torch.tensor([1.0, 2, 9])))
    drawing = activations.histogram([run], **{**SETTINGS, "examples": 2})
    assert drawing.arrays["edges"][-1] == 2


def test_codes_without_any_activity_are_drawn(linear, repainted):
    repainted(activations.histogram([codes(linear, "off", torch.zeros(3, 3))], **SETTINGS))
