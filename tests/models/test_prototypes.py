"""Prototypes: which images they are, and k-means step by step."""

import numpy as np
import pytest
import torch

from ae.models.base import Batch
from ae.models.prototypes import Prototypes
from ae.training.stack import Stack

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def images(count=90):
    return torch.rand(count, 6, generator=torch.Generator().manual_seed(0))


def test_without_a_step_they_are_different_images_one_of_each_stretch():
    x = images()
    model = Prototypes(6, count=9, steps=0)
    model.fit(x)
    found = [(x == own).all(1).nonzero().item() for own in model.prototypes]
    assert [index // 10 for index in found] == list(range(9))
    model = Prototypes(6, count=90, steps=0)
    model.fit(x)
    assert torch.equal(model.prototypes, x)


@pytest.mark.parametrize("steps", [1, 3])
def test_a_step_is_lloyds(steps):
    x = images()
    model, start = (Prototypes(6, count=8, steps=s) for s in (steps, 0))
    start.place.copy_(model.place)
    model.fit(x)
    start.fit(x)
    means = start.prototypes.numpy()
    for _ in range(steps):
        near = ((x.numpy()[:, None] - means) ** 2).sum(-1).argmin(1)
        means = np.stack(
            [x.numpy()[near == k].mean(0) if (near == k).any() else means[k] for k in range(8)]
        )
    np.testing.assert_allclose(model.prototypes.numpy(), means, rtol=1e-10)


def test_steps_never_bring_the_images_further_from_their_prototypes():
    x, costs = images(), []
    for steps in range(5):
        torch.manual_seed(3)
        model = Prototypes(6, count=8, steps=steps)
        model.fit(x)
        costs.append(model.objective(Batch(x), {}).loss.mean().item())
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 0.95 * costs[0]


def test_a_prototype_that_is_nearest_to_none_stays():
    x = torch.tensor([[0.0], [0.0], [1.0], [1.0]])
    model = Prototypes(1, count=4, steps=2)
    model.fit(x)
    assert model.prototypes.flatten().tolist() == [0, 0, 1, 1]


def test_members_of_a_stack_have_prototypes_of_their_own():
    x = images()
    stack = Stack([lambda: Prototypes(6, count=8, steps=1)] * 2, [0, 1])
    stack.share("fit", x)
    for i in range(2):
        model = Prototypes(6, count=8, steps=1)
        model.place.copy_(stack.buffers["place"][i])
        model.fit(x)
        torch.testing.assert_close(stack.buffers["prototypes"][i], model.prototypes)
    assert not torch.equal(*stack.buffers["prototypes"])


def test_more_prototypes_than_images_are_refused():
    with pytest.raises(ValueError, match="count 8: expected at most the 5 training images"):
        Prototypes(6, count=8, steps=1).fit(images(5))
