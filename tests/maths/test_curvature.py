"""Manifolds of constant curvature: maps that undo each other, distances along curves."""

import math

import pytest
import torch

from ae.maths.curvature import distance, exp_map, inner, log_map, membership, project

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
CURVED = [1, -1]
ALL = [1, 0, -1]


def tangents(count=200, size=4, reach=3.0):
    v = torch.randn(count, size, generator=torch.Generator().manual_seed(0))
    length = torch.rand(count, 1, generator=torch.Generator().manual_seed(1)) * reach
    return length * v / v.norm(dim=-1, keepdim=True)


@pytest.mark.parametrize("curvature", ALL)
def test_the_logarithm_undoes_the_exponential(curvature):
    v = tangents()  # shorter than pi, beyond which the sphere comes round
    torch.testing.assert_close(log_map(exp_map(v, curvature), curvature), v, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("curvature", ALL)
def test_the_exponential_undoes_the_logarithm(curvature):
    x = project(torch.randn(200, 5, generator=torch.Generator().manual_seed(2)), curvature)
    torch.testing.assert_close(exp_map(log_map(x, curvature), curvature), x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("curvature", ALL)
def test_the_origin_maps_to_the_origin(curvature):
    zero = torch.zeros(1, 3)
    pole = torch.zeros(1, 3) if curvature == 0 else torch.tensor([[0.0, 0, 0, 1]])
    assert torch.equal(exp_map(zero, curvature), pole)
    assert torch.equal(log_map(pole, curvature), zero)


@pytest.mark.parametrize("curvature", CURVED)
def test_points_of_the_maps_and_projections_are_members(curvature):
    z = 4 * torch.randn(100, 5, generator=torch.Generator().manual_seed(3))
    for x in (exp_map(tangents(), curvature), project(z, curvature)):
        size = inner(x, x, curvature)
        torch.testing.assert_close(size, torch.full_like(size, curvature), rtol=0, atol=1e-9)
        torch.testing.assert_close(membership(x, curvature, 0.01), torch.ones(len(x)))
    assert torch.equal(project(project(z, -1), -1), project(z, -1))


def test_membership_falls_as_the_paper_says():
    z = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 3.0]])
    sphere = [math.exp(-((4 - 1) ** 2) / 50), math.exp(-((9 - 1) ** 2) / 50)]
    hyperboloid = [math.exp(-((4 + 1) ** 2) / 50), math.exp(-((-9 + 1) ** 2) / 50)]
    assert membership(z, 1, 5.0).tolist() == pytest.approx(sphere)
    assert membership(z, -1, 5.0).tolist() == pytest.approx(hyperboloid)
    assert membership(z, 0, 5.0).tolist() == [1, 1]


@pytest.mark.parametrize("curvature", ALL)
def test_the_exponential_keeps_the_distance_from_the_origin(curvature):
    v = tangents()
    origin = exp_map(torch.zeros_like(v), curvature)
    found = distance(origin, exp_map(v, curvature), curvature)
    torch.testing.assert_close(found, v.norm(dim=-1), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("curvature", ALL)
def test_a_distance_is_the_length_of_the_curve(curvature):
    """Ten thousand small steps along the geodesic of one tangent add up to the distance."""
    v = torch.tensor([[0.9, -0.7, 1.1]])
    ways = torch.linspace(0.25, 1.25, 10_001)[:, None]
    points = exp_map(ways * v, curvature)
    steps = points[1:] - points[:-1]
    length = inner(steps, steps, curvature).sqrt().sum()
    found = distance(points[0], points[-1], curvature)
    torch.testing.assert_close(found, length, rtol=1e-6, atol=0)


def test_known_distances():
    x, y = torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 1, 0])
    assert distance(x, y, 1).item() == pytest.approx(math.pi / 2)
    assert distance(x, -x, 1).item() == pytest.approx(math.pi)
    assert distance(x, y, 0).item() == pytest.approx(math.sqrt(2))
    far = torch.tensor([math.sinh(2.0), 0, math.cosh(2.0)])
    assert distance(torch.tensor([0.0, 0, 1]), far, -1).item() == pytest.approx(2)
