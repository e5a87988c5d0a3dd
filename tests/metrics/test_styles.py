"""Classes and styles of images whose both are known."""

import math

import pytest
import torch

from ae.metrics.styles import right_class, shared_trait, slant
from ae.models.base import Autoencoder, Draw
from ae.training.stack import Stack

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
SIDE = 9


def stroke(lean, weight=1.0):
    """A line through the middle that leans by so many columns a row, brighter at will."""
    y, x = torch.meshgrid(torch.arange(SIDE) - 4.0, torch.arange(SIDE) - 4.0, indexing="ij")
    return weight * torch.exp(-((x + lean * y) ** 2))


class Strokes(Autoencoder):
    """Class c in style z: a stroke that leans by tanh(z_1) where `shared`, else by sign(c) of it."""

    def __init__(self, shared, confused=False):
        super().__init__()
        self.register_buffer("shared", torch.tensor(float(shared)))
        self.confused = confused
        self.draws = {"z": Draw("normal", (2,))}

    def prior_code(self, noise):
        return noise["z"]

    def every_class(self, z):
        y, x = torch.meshgrid(torch.arange(SIDE) - 4.0, torch.arange(SIDE) - 4.0, indexing="ij")
        rows = []
        for c in range(3):
            lean = z[:, :1].tanh() * torch.where(self.shared > 0, 1.0, (-1.0) ** c)
            made = torch.exp(-((x.flatten() + lean * y.flatten()) ** 2)) * z[:, 1:].exp()
            rows.append(made if self.confused else made + 10 * c)
        return torch.stack(rows, 1)

    def objective(self, batch, noise):
        raise NotImplementedError


def make(run, *members):
    stack = Stack([lambda m=m: Strokes(**m) for m in members], range(len(members)))
    levels = torch.arange(3.0).repeat(20)
    x = levels[:, None] * 10 + torch.rand(60, SIDE**2)
    return run(stack, x, levels.long(), shape=(SIDE, SIDE))


def test_a_slant_is_the_lean_of_a_stroke():
    leans = torch.tensor([-0.6, -0.2, 0.0, 0.3, 0.7])
    images = torch.stack([stroke(lean) for lean in leans])
    torch.testing.assert_close(slant(images), leans, atol=0.03, rtol=0)
    torch.testing.assert_close(slant(3 * images), slant(images))


def test_images_of_a_class_are_taken_for_it(run):
    assert right_class(make(run, {"shared": 1}), styles=30, images=60, neighbours=3) == [100]
    confused = right_class(
        make(run, {"shared": 1, "confused": True}), styles=30, images=60, neighbours=3
    )
    assert confused == pytest.approx([100 / 3])


def test_a_style_that_means_the_same_in_every_class_is_told_from_one_that_does_not(run):
    trained = make(run, {"shared": 1, "confused": True}, {"shared": 0, "confused": True})
    same, opposite = shared_trait(trained, styles=50, trait="slant")
    assert same == pytest.approx(1, abs=1e-9)
    assert opposite == pytest.approx((1 - 2) / 3, abs=0.02)  # pairs: -1, 1, -1
    assert shared_trait(trained, styles=50, trait="ink")[0] == pytest.approx(1)


def test_a_diverged_seed_has_no_value(run):
    trained = make(run, {"shared": math.nan, "confused": True})
    trained.stack.buffers["shared"].fill_(1)
    (value,) = shared_trait(trained, styles=5, trait="slant")
    assert math.isfinite(value)
