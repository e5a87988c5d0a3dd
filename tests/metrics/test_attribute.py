"""Steps along an attribute's vector, where codes and pictures are the images themselves."""

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from ae.errors import UserError
from ae.metrics import attribute

G = torch.Generator().manual_seed(3)
Y = torch.tensor([0, 0, 1, 0, 1, 1, 0, 1, 0, 0])
X = torch.rand(10, 4, generator=G, dtype=torch.float64)
X[:, 0] += 0.6 * Y
ASKED = torch.rand(7, 4, generator=G, dtype=torch.float64)
KINDS = torch.tensor([1, 0, 1, 1, 0, 0, 1])
FIT = {"train_examples": 3}


@pytest.fixture
def trained(linear):
    """Two seeds, whose codes are the images and minus twice the images, and one that diverged."""
    eye = torch.eye(4)
    weights = torch.stack([eye, -(2**0.5) * eye, torch.full((4, 4), math.nan)])
    return linear(weights, X, Y, test_x=ASKED, test_y=KINDS)


def vector():
    return X[Y == 1].mean(0) - X[Y == 0].mean(0)


def classifier(scale=1.0):
    """Learnt from the first three images of each kind, as they are decoded."""
    chosen = torch.tensor([0, 1, 3, 2, 4, 5])
    found = LogisticRegression(C=0.01, max_iter=2000)
    return found.fit(scale * X[chosen].double().numpy(), Y[chosen].numpy())


def test_the_vector_is_the_difference_of_mean_codes(trained):
    plain, turned, lost = attribute.vector(trained)
    torch.testing.assert_close(plain, vector().double())
    torch.testing.assert_close(turned, -(2**0.5) * vector().double())
    assert lost.isnan().all()


def test_a_step_takes_the_whole_vector_or_its_length_at_random(trained):
    moved = attribute.step(trained, 400)
    faces = ASKED[KINDS == 1]
    assert moved.place.tolist() == [0, 2, 3, 6]
    for own, scale in zip(moved.own[:2], (1, 2), strict=True):
        torch.testing.assert_close(own, scale * faces)
    for along, scale in zip(moved.along[:2], (1, 2), strict=True):
        torch.testing.assert_close(along, scale * (faces - vector()))
    ways = moved.astray[0] - faces
    torch.testing.assert_close(ways.norm(dim=-1), vector().norm().expand(400, 4))
    assert ways[:, 0].mean(0).norm() < 4 * vector().norm() / 400**0.5
    other = (moved.astray[1] - 2 * faces)[
        :, 0
    ] / 2  # of another seed, in units of the first's vector
    assert not torch.allclose(
        other / other.norm(dim=-1, keepdim=True), ways[:, 0] / vector().norm()
    )


def test_the_fall_is_that_of_scikit_learns_classifier(trained):
    faces = ASKED[KINDS == 1]
    along = attribute.fall(trained, way="attribute", directions=5, **FIT)
    astray = attribute.fall(trained, way="random", directions=5, **FIT)
    moved = attribute.step(trained, 5)
    for seed, scale in enumerate((1.0, 2.0)):
        asked = classifier(scale)
        before, after = (
            asked.predict_proba((scale * x).double().numpy())[:, 1]
            for x in (faces, faces - vector())
        )
        assert along[seed] == pytest.approx(100 * (before - after).mean(), rel=1e-4)
        chance = asked.predict_proba(moved.astray[seed].flatten(0, 1).double().numpy())[:, 1]
        assert astray[seed] == pytest.approx(
            100 * (before.mean() - chance.mean()), rel=1e-3, abs=1e-4
        )
    gain = attribute.advantage(trained, directions=5, **FIT)
    assert gain[:2] == pytest.approx([a - b for a, b in zip(along, astray, strict=True)][:2])
    assert np.isnan([along[2], astray[2], gain[2]]).all()


def test_both_kinds_count_alike_in_what_is_classified(trained):
    right = classifier().predict(ASKED.double().numpy()) == KINDS.numpy()
    expected = 50 * sum(right[KINDS.numpy() == kind].mean() for kind in (0, 1))
    found = attribute.classified(trained, **FIT)
    assert found[0] == pytest.approx(expected)
    assert math.isnan(found[2])


def test_whose_picture_and_whose_photograph_is_nearest(trained):
    stays, mistaken = attribute.stays(trained), attribute.mistaken(trained)
    for seed, scale in enumerate((1, 2)):
        own, nearer = [], []
        for i in (0, 2, 3, 6):
            moved = scale * (ASKED[i] - vector())
            pictures = [float((moved - scale * other).norm()) for other in ASKED]
            photographs = [float((moved - other).norm()) for other in ASKED]
            own.append(min(pictures) == pictures[i])
            nearer.append(
                np.mean([d < photographs[i] for j, d in enumerate(photographs) if j != i])
            )
        assert stays[seed] == pytest.approx(100 * np.mean(own))
        assert mistaken[seed] == pytest.approx(100 * np.mean(nearer))
    assert math.isnan(stays[2])
    assert math.isnan(mistaken[2])


def test_faces_of_one_kind_have_no_vector(linear):
    with pytest.raises(UserError, match=r"training labels \[0\]; expected 0 and 1"):
        attribute.vector(linear(torch.eye(4)[None], X, torch.zeros(10, dtype=torch.int64)))
