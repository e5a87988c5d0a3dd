"""Numbers that released code prints for itself."""

import pytest
import torch

from ae.errors import UserError
from ae.metrics.released import first_step
from ae.models.cs182 import VAE
from ae.training.stack import Stack


@pytest.fixture
def trained(run):
    stack = Stack([lambda: VAE(784, latent=8, bottleneck=0, noise=0.0, weight=1e-4)] * 2, [5, 6])
    return run(stack, torch.rand(3, 784), shape=(28, 28))


def test_the_notebooks_own_example(trained):
    found = first_step(trained, seed=0, term="log_q")
    assert found == pytest.approx([-11.0791] * 2, abs=5e-5)
    assert first_step(trained, seed=0, term="loss") == pytest.approx([1.0806] * 2, abs=5e-5)
    assert first_step(trained, seed=1, term="log_q") != pytest.approx(found, abs=0.01)


def test_the_global_generator_and_the_run_are_left_as_they_were(trained):
    before = torch.get_rng_state(), {k: v.clone() for k, v in trained.stack.tensors().items()}
    first_step(trained, seed=0, term="loss")
    assert torch.equal(torch.get_rng_state(), before[0])
    for name, tensor in trained.stack.tensors().items():
        assert torch.equal(tensor, before[1][name])


def test_a_term_that_is_not_there_is_named(trained):
    with pytest.raises(UserError, match="term: found 'kl'; expected 'log_q' or 'loss'"):
        first_step(trained, seed=0, term="kl")
