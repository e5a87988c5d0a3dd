"""A trained run, as measures see it: what passes through its networks at once."""

import pytest
import torch

from ae.metrics.shared import fresh_noise
from ae.models.keras_vae import KerasVAE
from ae.training.stack import Stack, generator
from ae.training.trained_run import CHUNK, PART, InParts


@pytest.mark.parametrize(("in_turn", "samples", "most"), [(True, 12, PART), (False, 41, CHUNK)])
@pytest.mark.parametrize("method", ["log_weights", "elbo_terms"])
def test_samples_pass_in_parts_and_are_the_same(monkeypatch, method, in_turn, samples, most):
    monkeypatch.setattr(KerasVAE, "in_turn", in_turn)
    stack = Stack([lambda: KerasVAE(784, planes=[2, 3], hidden=4, latent=2)] * 2, [0, 1])
    stack.train(False)
    x = torch.rand(50, 784)
    draws = stack.model.draws_for(method, None)
    noise = fresh_noise(draws, [generator(s, "test") for s in stack.seeds], samples, x)
    whole = stack.sample(method, x, noise)
    seen = []
    kept = Stack.sample

    def sample(own, method, x, noise):
        seen.append(len(x) * next(iter(noise.values())).shape[1])
        return kept(own, method, x, noise)

    monkeypatch.setattr(Stack, "sample", sample)
    found = InParts(stack).sample(method, x, noise)
    assert max(seen) == most
    assert sum(seen) == 50 * samples
    for a, b in zip(*map(torch.utils._pytree.tree_leaves, (found, whole)), strict=True):
        assert a.shape == b.shape
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-4)


def test_a_stack_in_parts_is_the_stack():
    stack = Stack([lambda: KerasVAE(784, planes=[2, 3], hidden=4, latent=2)] * 2, [0, 1])
    parts = InParts(stack)
    assert vars(parts) == vars(stack)
    x = torch.rand(3, 784)
    stack.train(False)
    assert torch.equal(parts.share("encode", x), stack.share("encode", x))
    assert parts.select([1]).seeds == (1,)
