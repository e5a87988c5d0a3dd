"""Parzen windows against scikit-learn's kernel density, and the choice of their width."""

import math

import numpy as np
import pytest
import torch
from points import Points
from sklearn.neighbors import KernelDensity

from ae.errors import UserError
from ae.metrics.generated import generated
from ae.metrics.parzen import curve, densities, log_likelihood, spaced, standard_error, width
from ae.models.prototypes import Prototypes
from ae.training.stack import Stack

LEAF = 10_000  # no tree, which loses a nat where no sample is near
GRID = {"narrowest": 0.1, "widest": 1.0, "tried": 10}


def images(count=300, features=6, seed=0):
    return torch.rand(count, features, generator=torch.Generator().manual_seed(seed))


def points(run, *members, x=None):
    stack = Stack([lambda m=m: Points(6, *m) for m in members], range(len(members)))
    x = images() if x is None else x
    return run(stack, x, shape=(2, 3))


@pytest.mark.parametrize("bandwidth", [0.1, 0.25, 1.0])
def test_densities_are_those_of_scikit_learn(bandwidth, exact_arithmetic):
    made, x = images(700, seed=1), images()
    kernel = KernelDensity(bandwidth=bandwidth, leaf_size=LEAF).fit(made.numpy())
    found = densities(x, made, [0.5, bandwidth])[1]
    np.testing.assert_allclose(found.numpy(), kernel.score_samples(x.numpy()), rtol=1e-9)


def test_single_precision_is_good_to_a_hundredth_of_a_nat():
    made, x = images(500, 784, seed=1), images(50, 784)
    exact = densities(x.double(), made.double(), [0.1, 0.2])
    torch.testing.assert_close(densities(x, made, [0.1, 0.2]), exact, atol=0.01, rtol=0)


def test_one_sample_is_a_gaussian(exact_arithmetic):
    x, made = torch.zeros(1, 784), torch.zeros(1, 784)
    made[0, 0] = 0.3
    exact = -0.5 * (0.3 / 0.2) ** 2 - 784 * math.log(0.2 * math.sqrt(2 * math.pi))
    assert densities(x, made, [0.2]).item() == pytest.approx(exact)


def test_the_width_is_the_best_for_the_images_after_the_scored_ones(run):
    trained = points(run, (1.0, 0.0, 0.3, 0.5), (1.0, 0.0, 1.0, 0.5))
    given = {"samples": 400, "test": 200, "valid": 100, **GRID}
    made = generated(trained, 400).numpy()
    for seed in range(2):
        scores = [
            KernelDensity(bandwidth=s, leaf_size=LEAF)
            .fit(made[seed])
            .score_samples(images()[200:].numpy())
            .mean()
            for s in np.logspace(-1, 0, 10)
        ]
        best = np.logspace(-1, 0, 10)[int(np.argmax(scores))]
        assert 0.1 < best < 1
        assert width(trained, **given)[seed] == pytest.approx(best)
        np.testing.assert_allclose(curve(trained, **given)[seed].numpy(), scores, rtol=1e-9)
        each = (
            KernelDensity(bandwidth=best, leaf_size=LEAF)
            .fit(made[seed])
            .score_samples(images()[:200].numpy())
        )
        assert log_likelihood(trained, **given)[seed] == pytest.approx(each.mean())
        assert standard_error(trained, **given)[seed] == pytest.approx(each.std() / math.sqrt(200))
    assert width(trained, **given)[0] < width(trained, **given)[1]


def test_the_grid_is_that_of_the_program():
    np.testing.assert_allclose(spaced(**GRID), np.logspace(-1, 0, 10))


def test_prototypes_stand_for_themselves(run):
    x = images()
    stack = Stack([lambda: Prototypes(6, count=50, steps=0)] * 2, [0, 1])
    stack.share("fit", x)
    trained = run(stack, x, shape=(2, 3))
    assert torch.equal(generated(trained, 20), stack.buffers["prototypes"][:, :20])
    with pytest.raises(UserError, match=r"samples: found 51; the model holds 50"):
        generated(trained, 51)


def test_a_true_sample_scores_less_than_means_of_near_images(run):
    """What the measure cannot show, in small: smoothed images beat the data's own."""
    g = torch.Generator().manual_seed(5)
    x = torch.randn(4000, 30, generator=g) * 0.3
    x += 3 * torch.eye(4, 30)[torch.randint(4, (4000,), generator=g)]
    scores = []
    for steps in (0, 2):
        stack = Stack([lambda s=steps: Prototypes(30, count=100, steps=s)], [0])
        stack.share("fit", x[:3000])
        trained = run(stack, x[3000:], shape=(1, 30))
        given = {
            "samples": 100,
            "test": 800,
            "valid": 200,
            "narrowest": 0.1,
            "widest": 3.0,
            "tried": 40,
        }
        scores += log_likelihood(trained, **given)
    assert scores[1] > scores[0] + 1


def test_a_diverged_seed_has_no_value(run):
    trained = points(run, (1.0, 0.0, math.nan), (1.0, 0.0, 1.0))
    given = {"samples": 40, "test": 20, "valid": 10, **GRID}
    for measure in (log_likelihood, standard_error, width):
        first, second = measure(trained, **given)
        assert math.isnan(first)
        assert math.isfinite(second)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": 290}, "no more than the 300 images of the test split together"),
        ({"test": 1}, "expected at least 2 and 1"),
        ({"narrowest": 2.0}, "narrowest 2, widest 1, tried 10: expected widths above 0"),
        ({"tried": 1}, "tried 1: expected widths .* at least 2"),
    ],
)
def test_what_is_impossible_is_said(run, changes, message):
    given = {"samples": 40, "test": 20, "valid": 20, **GRID, **changes}
    with pytest.raises(UserError, match=message):
        log_likelihood(points(run, (1.0, 0.0, 1.0)), **given)
