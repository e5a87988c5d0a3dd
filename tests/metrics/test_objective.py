"""Means of a known objective, with its noise and without."""

import pytest
import torch
from torch import Tensor

from ae.errors import UserError
from ae.metrics.objective import difference, mean
from ae.metrics.reconstruction import cross_entropy_per_pixel
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.models.keras_blog import DenseAE
from ae.training.stack import Stack


class Shifted(Autoencoder):
    """Costs sum(x) + level + (x noise)^2, of which the level is a part."""

    def __init__(self, level: float) -> None:
        super().__init__()
        self.register_buffer("level", torch.tensor(level))
        self.draws = {"x": Draw("normal", ()), "z": Draw("uniform", ())}

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        level = self.level.expand(len(batch.x))
        return Objective(batch.x.sum(-1) + level + noise["x"] ** 2 + noise["z"], {"level": level})


@pytest.fixture
def shifted(run):
    def make(x: Tensor):
        stack = Stack([lambda: Shifted(3.0), lambda: Shifted(5.0)], [7, 8])
        return run(stack, x, shape=(1, 2))

    return make


def test_the_mean_over_all_examples_without_noise(shifted):
    trained = shifted(torch.cat([torch.zeros(2000, 2), torch.ones(500, 2)]))
    found = mean(trained, split="test", part="loss", silent=["x", "z"])
    assert found == pytest.approx([3.4, 5.4])
    assert mean(trained, split="train", part="level", silent=[]) == pytest.approx([3, 5])


def test_noise_is_drawn_as_in_training(shifted):
    trained = shifted(torch.zeros(40_000, 2))
    both = mean(trained, split="test", part="loss", silent=[])
    assert both == pytest.approx([4.5, 6.5], abs=0.03)
    assert mean(trained, split="test", part="loss", silent=["x"]) == pytest.approx(
        [3.5, 5.5], abs=0.01
    )
    assert both[1] - both[0] != pytest.approx(2, abs=1e-9)  # a stream a seed
    assert mean(trained, split="test", part="loss", silent=[]) == both


def test_a_difference_is_between_parts_of_one_draw(shifted):
    trained = shifted(torch.ones(50, 2))
    asked = {"split": "test", "silent": []}
    loss = mean(trained, part="loss", **asked)
    found = difference(trained, part="loss", less="level", **asked)
    assert found == pytest.approx([loss[0] - 3, loss[1] - 5])


def test_an_objective_sees_as_many_images_at_once_as_is_said(run):
    class Compared(Shifted):
        def objective(self, batch: Batch, noise: Noise) -> Objective:
            count = batch.x.new_full((len(batch.x),), len(batch.x))
            return Objective(count * self.level, {})

    stack = Stack([lambda: Compared(1.0), lambda: Compared(2.0)], [7, 8])
    trained = run(stack, torch.zeros(2010, 2), shape=(1, 2))
    found = mean(trained, split="test", part="loss", silent=[], batch=500)
    assert found == pytest.approx([(2000 * 500 + 10 * 10) / 2010 * level for level in (1, 2)])
    whole = mean(trained, split="test", part="loss", silent=[])
    assert whole[0] == pytest.approx((2000 * 2000 + 10 * 10) / 2010)


def test_parts_and_draws_that_are_not_there_are_named(shifted):
    trained = shifted(torch.zeros(4, 2))
    with pytest.raises(UserError, match="part: found 'kl'; expected one of loss, level"):
        mean(trained, split="test", part="kl", silent=[])
    with pytest.raises(UserError, match="silent: found 'y'; expected draws of the model: x, z"):
        mean(trained, split="test", part="loss", silent=["y"])


def test_the_loss_has_its_penalties(run):
    x = torch.rand(40, 16)
    stack = Stack([lambda: DenseAE(16, hidden=[], latent=3, sparsity=2.0)] * 2, [0, 1])
    trained = run(stack, x, shape=(4, 4))
    activity = trained.of("encode", "train").mean((1, 2))
    fit = cross_entropy_per_pixel(trained, split="train")
    expected = [loss + 2 * 3 * a for loss, a in zip(fit, activity.tolist(), strict=True)]
    values = mean(trained, split="train", part="loss", silent=[])
    assert values == pytest.approx(expected, rel=1e-6)
    assert min(activity) > 0.01


def test_the_mean_may_be_of_the_first_examples_alone(shifted):
    trained = shifted(torch.cat([torch.zeros(30, 2), torch.ones(70, 2)]))
    asked = {"split": "test", "part": "loss", "silent": ["x", "z"]}
    assert mean(trained, **asked, examples=30) == pytest.approx([3, 5])
    assert mean(trained, **asked, examples=40) == pytest.approx([3.5, 5.5])
    assert mean(trained, **asked, examples=1000) == pytest.approx([4.4, 6.4])
