"""Neighbours along paths on a manifold against scikit-learn's with the program's distances."""

import math

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from ae.errors import UserError
from ae.maths import curvature as spaces
from ae.metrics.generated import encoded
from ae.metrics.geodesic import (
    knn_accuracy,
    knn_gain,
    nearest,
    off_manifold,
    on_manifold,
    round_trip,
    sample_of_each,
)
from ae.models.ccm_aae import CCMAAE
from ae.training.stack import Stack


def build(curvature):
    return CCMAAE(
        12,
        hidden=[8],
        discriminator=[5],
        curvature=curvature,
        latent=3,
        width=5.0,
        pull=0.5,
        decay=0.01,
    )


def trained(run, curvature, seeds=(0, 1)):
    stack = Stack([lambda: build(curvature)] * len(seeds), seeds)
    g = torch.Generator().manual_seed(2)
    y = torch.randint(3, (240,), generator=g)
    x = (torch.rand(240, 12, generator=g) + y[:, None] / 3).clamp(0, 1)
    return run(stack, x[:160], y[:160], shape=(3, 4), test_x=x[160:], test_y=y[160:])


def program(curvature):
    """The distances of the authors' program, between two vectors."""
    if curvature == 1:
        return lambda a, b: float(np.arccos(np.clip(np.dot(a, b), -1, 1)))
    if curvature == 0:
        return lambda a, b: float(np.linalg.norm(a - b))
    return lambda a, b: float(np.arccosh(max(1.0, -(np.dot(a[:-1], b[:-1]) - a[-1] * b[-1]))))


@pytest.mark.parametrize("curvature", [1, 0, -1])
def test_neighbours_are_those_of_the_programs_distance(curvature, exact_arithmetic):
    g = torch.Generator().manual_seed(0)
    known, asked = (
        spaces.project(torch.randn(count, 4, generator=g), curvature) for count in (60, 20)
    )
    index = nearest(known, asked, 5, curvature)
    distance = program(curvature)
    for row, found in zip(asked.numpy(), index.tolist(), strict=True):
        order = np.argsort([distance(row, other) for other in known.numpy()])[:5]
        assert set(found) == set(order.tolist())


def test_on_the_hyperboloid_the_order_is_not_euclids(exact_arithmetic):
    at, near, far = (spaces.exp_map(torch.tensor([v]), -1) for v in ([3.0, 0], [3.6, 0], [2.4, 0]))
    assert spaces.distance(at, near, -1).item() == pytest.approx(0.6)
    assert (at - near).norm() > (at - far).norm()
    turned = spaces.exp_map(torch.tensor([[2.9, 0.35]]), -1)
    order = nearest(torch.cat([turned, near]), at, 2, -1)[0].tolist()
    by_path = [spaces.distance(at, p, -1).item() for p in (turned, near)]
    assert order == sorted(range(2), key=by_path.__getitem__)
    assert by_path[0] > by_path[1]
    assert (at - turned).norm() < (at - near).norm()


@pytest.mark.parametrize("curvature", [1, 0, -1])
def test_accuracy_is_scikit_learns(run, curvature):
    made = trained(run, curvature)
    given = {"k": 3, "a_class": 10, "train_examples": 160, "test_examples": 80}
    found = knn_accuracy(made, **given)
    codes = [on_manifold(made, split, 160).numpy() for split in ("train", "test")]
    y, asked = made.train.y.numpy(), made.test.y.numpy()
    for seed in range(2):
        chosen = sample_of_each(y, 10, made.generator(seed, "labelled/10"))
        assert np.bincount(y[chosen]).tolist() == [10, 10, 10]
        judge = KNeighborsClassifier(3, metric=program(curvature), algorithm="brute")
        judge.fit(codes[0][seed][chosen], y[chosen])
        assert found[seed] == pytest.approx(100 * judge.score(codes[1][seed], asked))
    assert found != [found[0]] * 2


def test_a_gain_is_the_difference(run):
    made, given = trained(run, 1), {"k": 3, "train_examples": 160, "test_examples": 80}
    few, many = (knn_accuracy(made, a_class=count, **given) for count in (5, 40))
    found = knn_gain(made, fewer=5, more=40, **given)
    assert found == pytest.approx([b - a for a, b in zip(few, many, strict=True)])


@pytest.mark.parametrize("curvature", [1, 0, -1])
def test_maps_undo_each_other_on_codes(run, curvature):
    assert max(round_trip(trained(run, curvature), examples=80)) < 1e-12


def test_codes_off_the_manifold_are_so_by_what_is_said(run):
    made = trained(run, 1)
    z = encoded(made, "test", 80)
    expected = ((z**2).sum(-1) - 1).abs().mean(1)
    assert off_manifold(made, examples=80) == pytest.approx(expected.tolist())


def test_what_is_impossible_is_said(run, linear):
    made = trained(run, 1)
    with pytest.raises(UserError, match="a_class 100 and k 3: expected at most"):
        knn_accuracy(made, k=3, a_class=100, train_examples=160, test_examples=80)
    flat = linear(torch.eye(2)[None], torch.rand(5, 2), torch.tensor([0, 1, 2, 1, 0]))
    with pytest.raises(UserError, match="has no manifold"):
        off_manifold(flat, examples=5)


def test_a_diverged_seed_has_no_value(run):
    made = trained(run, 1)
    with torch.no_grad():
        made.stack.parameters["encoder.0.weight"][0] = math.nan
    found = knn_accuracy(made, k=3, a_class=10, train_examples=160, test_examples=80)
    assert math.isnan(found[0])
    assert math.isfinite(found[1])
