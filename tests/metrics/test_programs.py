"""What programs of others compute, against the same integrated on a grid."""

import math

import pytest
import torch
from densities import evidence_on_a_grid, narrow_vae, six_bits
from torch.distributions import Normal

from ae.metrics import programs


@pytest.fixture
def narrow(run):
    stack = narrow_vae(2)
    x = six_bits(7)
    return run(stack, x, shape=(2, 3)), evidence_on_a_grid(stack, x)


def test_a_divergence_of_the_wrong_sign_is_added_to_the_log_of_the_mean(narrow):
    """On the grid: log E_q p(x given z) + KL(q, p), both integrated; far above the evidence."""
    trained, exact = narrow
    found = programs.divergence_added(trained, split="test", examples=7, samples=8000)
    grid = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    width = math.log(18 / 4000)
    for seed in range(2):
        expected = []
        for x in six_bits(7):
            mean, logvar = (
                t[seed].double().squeeze() for t in trained.stack.share("posterior", x.unsqueeze(0))
            )
            q = Normal(mean, (logvar / 2).exp()).log_prob(grid)
            prior = Normal(0.0, 1.0).log_prob(grid)
            many = x.expand(len(grid), -1)
            joint = trained.stack.share("log_joint", many, {"z": grid.unsqueeze(1)})[seed]
            inside = (q + joint - prior).logsumexp(0) + width
            expected.append(inside + (q.exp() * (q - prior)).sum() * 18 / 4000)
        assert found[seed] == pytest.approx(torch.stack(expected).mean().item(), abs=0.02)
        assert found[seed] > exact[seed].mean().item() + 0.1
