"""Estimators on the linear VAE, whose evidence is known in closed form."""

import pytest
import torch
from sklearn.decomposition import PCA

from ae.metrics import evidence, likelihood
from ae.models.linear_gaussian import LinearVAE
from ae.training.stack import Stack

ALL = {"split": "test", "examples": 1000}


@pytest.fixture
def make(run):
    """Two seeds at the maximum for the training set, which differ in their rotation."""

    def made(rotated, full):
        mixing = torch.randn(6, 6) * torch.tensor([2.0, 1.5, 1, 0.4, 0.3, 0.2])
        x, test_x = (torch.randn(n, 6) @ mixing.T for n in (300, 40))
        build = lambda: LinearVAE(6, latent=2, init=0.1, rotated=rotated, full=full)
        stack = Stack([build] * 2, [1, 2])
        with torch.no_grad():
            stack.share("fit", x)
        return run(stack, x, shape=(2, 3), test_x=test_x)

    return made


def test_evidence_is_the_score_of_sklearn(make):
    trained = make(rotated=True, full=True)
    oracle = PCA(2).fit(trained.train.x.numpy()).score(trained.test.x.numpy())
    assert evidence.log_evidence(trained, **ALL) == pytest.approx([oracle] * 2, abs=0.01)
    assert evidence.gap(trained, **ALL) == pytest.approx([0, 0], abs=1e-9)


def test_shortfall_from_the_greatest_likelihood(make):
    exact = evidence.ppca_shortfall(make(rotated=False, full=False), **ALL)
    assert exact == pytest.approx([0, 0], abs=0.01)
    trained = make(rotated=True, full=False)
    gaps = evidence.gap(trained, **ALL)
    assert evidence.ppca_shortfall(trained, **ALL) == pytest.approx(gaps, abs=0.01)
    assert min(gaps) > 0.01
    before = evidence.ppca_shortfall(trained, split="train", examples=1000)
    trained.stack.parameters["mean"].data += 0.2
    trained._memory.clear()
    after = evidence.ppca_shortfall(trained, split="train", examples=1000)
    assert min(a - b for a, b in zip(after, before, strict=True)) > 0.05


def test_importance_sampling_errs_by_little_and_not_at_all_where_q_is_exact(make):
    trained = make(rotated=True, full=False)
    one = evidence.importance_error(trained, **ALL, samples=1)
    nll, exact = likelihood.nll(trained, **ALL, samples=1), evidence.log_evidence(trained, **ALL)
    assert one == pytest.approx([n + e for n, e in zip(nll, exact, strict=True)])
    assert evidence.importance_error(trained, **ALL, samples=2000) == pytest.approx(
        [0, 0], abs=0.02
    )
    tight = make(rotated=True, full=True)  # all weights are the evidence
    assert evidence.importance_error(tight, **ALL, samples=3) == pytest.approx([0, 0], abs=1e-9)


def test_the_sampled_elbo_errs_by_little(make):
    trained = make(rotated=True, full=False)
    assert evidence.sampling_error(trained, **ALL, samples=2000) == pytest.approx([0, 0], abs=0.03)
    value = likelihood.elbo(trained, **ALL, samples=7)
    error = evidence.sampling_error(trained, **ALL, samples=7)
    exact = evidence.elbo(trained, **ALL)
    assert error == pytest.approx([v - e for v, e in zip(value, exact, strict=True)])


def test_annealing_errs_by_little_and_with_two_temperatures_by_much(make):
    trained = make(rotated=True, full=False)
    asked = {"split": "test", "examples": 10, "leapfrogs": 1, "step": 0.3, "schedule": "cubic"}
    found = evidence.annealed_error(trained, **asked, chains=400, temperatures=150)
    assert found == pytest.approx([0, 0], abs=0.03)
    assert min(evidence.annealed_error(trained, **asked, chains=1, temperatures=2)) > 0.5
