"""What is told from codes of views, where codes are one-hot and what they tell is known."""

import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from ae.maths.moments import moment_discrepancy
from ae.metrics import views
from ae.models.base import Autoencoder, Batch, Noise, Objective
from ae.training.stack import Stack

LEVELS, COUNT = 3, 120
FIT = {"train_examples": 80}


class Split(Autoencoder):
    """An example is two views of a pair of codes: (view, code, width), codes scaled by `scale`."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.levels = LEVELS
        self.draws = {}

    def shared(self, x: Tensor) -> Tensor:
        return self.scale * x.reshape(len(x), 2, 2, -1)[:, :, 0]

    def private(self, x: Tensor) -> Tensor:
        return self.scale * x.reshape(len(x), 2, 2, -1)[:, :, 1]

    def predict(self, x: Tensor) -> Tensor:
        return self.scale * x[:, 0]

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        raise NotImplementedError


@pytest.fixture
def make(run):
    def made(shared, private, y):
        """Codes (example, view, width); a second seed has them ten times as large, a third lost."""
        x = torch.stack([shared, private], 2).flatten(1)
        stack = Stack([Split] * 3, [1, 2, 3])
        stack.load({"scale": torch.tensor([[1.0], [10.0], [math.nan]])})
        return run(stack, x, y, shape=(1, x.shape[1]))

    return made


@pytest.fixture
def factors():
    g = torch.Generator().manual_seed(2)
    return torch.randint(LEVELS, (3, COUNT), generator=g)


def one_hot(values):
    return nn.functional.one_hot(values, LEVELS).double()


@pytest.fixture
def told_apart(make, factors):
    """Shared codes that are the shared factor, in the second view turned; private ones its own."""
    s, p, q = factors
    shared = torch.stack([one_hot(s), one_hot((s + 1) % LEVELS)], 1)
    private = torch.stack([one_hot(p), one_hot(q)], 1)
    return make(shared, private, s + LEVELS * p + LEVELS**2 * q)


def test_a_code_tells_its_factor_and_no_other(told_apart, factors):
    for code, factor in (("shared", "shared"), ("private", "private")):
        found = views.told(told_apart, code=code, factor=factor, **FIT)
        assert found[:2] == [100, 100]
        assert math.isnan(found[2])
    apart = views.told(told_apart, code="private", factor="shared", **FIT)
    assert apart[0] == apart[1] < 60
    lead = views.lead(told_apart, **FIT)
    assert lead[:2] == pytest.approx([100 - apart[0], 100 - apart[1]])


def test_a_code_that_means_another_thing_in_another_view_tells_nothing_across(
    told_apart, make, factors
):
    assert views.across(told_apart, **FIT)[:2] == [0, 0]
    s, p, q = factors
    alike = torch.stack([one_hot(s), one_hot(s)], 1)
    trained = make(alike, alike, s + LEVELS * p + LEVELS**2 * q)
    found = views.across(trained, **FIT)
    assert found[:2] == [100, 100]
    assert math.isnan(found[2])


def test_accuracy_is_that_of_scikit_learn_on_scaled_codes(make, factors):
    g = torch.Generator().manual_seed(4)
    codes = torch.rand(COUNT, 2, 5, generator=g, dtype=torch.float64)
    codes[:, :, 0] += 0.3 * factors[0][:, None]
    y = factors[0] + LEVELS * factors[1]
    found = views.told(make(codes, codes, y), code="private", factor="shared", **FIT)
    expected = []
    for view in range(2):
        z = codes[:, view].numpy()
        fit, known = z[:80] - z[:80].mean(0), factors[0][:80].numpy()
        classifier = LogisticRegression(C=1.0, max_iter=2000).fit(fit / fit.std(), known)
        asked = (z - z[:80].mean(0)) / fit.std()
        expected.append(100 * np.mean(classifier.predict(asked) == factors[0].numpy()))
    assert found[:2] == pytest.approx([np.mean(expected)] * 2)


def test_discrepancy_and_likeness_by_hand(make, factors):
    g = torch.Generator().manual_seed(5)
    shared, private = torch.rand(2, COUNT, 2, 4, generator=g, dtype=torch.float64)
    trained = make(shared, private, factors[0])
    gap = moment_discrepancy(shared[:, 0], shared[:, 1], 5).item()
    assert views.discrepancy(trained)[0] == pytest.approx(gap)
    expected = []
    for view in range(2):
        a, b = (m[:, view].numpy() - m[:, view].numpy().mean(0) for m in (shared, private))
        kernels = np.sum((a @ a.T) * (b @ b.T))  # the same by similarities of examples
        expected.append(kernels / np.sqrt(np.sum((a @ a.T) ** 2) * np.sum((b @ b.T) ** 2)))
    found = views.likeness(trained)
    assert found[:2] == pytest.approx([100 * np.mean(expected)] * 2)
    assert math.isnan(found[2])
    same = make(shared, 3 * shared.flip(-1), factors[0])
    assert views.likeness(same)[0] == pytest.approx(100)


def test_the_target_is_the_shared_factor_centred(make, factors):
    codes = torch.rand(COUNT, 2, 4, dtype=torch.float64)
    trained = make(codes, codes, factors[0] + LEVELS * factors[1])
    errors = [(scale * codes[:, 0, 0] - (factors[0] - 1)) ** 2 for scale in (1, 10)]
    expected = [float(error.mean()) for error in errors]
    found = views.target_error(trained)
    assert found[:2] == pytest.approx(expected)
    assert math.isnan(found[2])
