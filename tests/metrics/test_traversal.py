"""Traversals and grids of decoders whose images are known functions of the code."""

import math

import pytest
import torch
from torch import Tensor, nn

from ae.errors import UserError
from ae.metrics import traversal
from ae.models.base import Autoencoder, Batch, Noise, Objective
from ae.training.stack import Stack

SIDE = 5


class Curve(Autoencoder):
    """Pixel j of the image is gain[j] |code[j]|^power[j], signed where the power is 1."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(latent))
        self.power = nn.Parameter(torch.ones(latent))
        self.draws = {}

    def encode(self, x: Tensor) -> Tensor:
        return x[..., : len(self.gain)]

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.encode(x), torch.zeros_like(self.encode(x))

    def decode(self, z: Tensor) -> Tensor:
        return self.gain * torch.where(self.power == 1, z, z.abs() ** self.power)

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        raise NotImplementedError


@pytest.fixture
def curve(run):
    def make(gains, powers, x=None, y=None):
        gains, powers = torch.tensor(gains), torch.tensor(powers)
        stack = Stack([lambda: Curve(gains.shape[1])] * len(gains), range(len(gains)))
        stack.load({"gain": gains, "power": powers})
        x = torch.zeros(1, gains.shape[1]) if x is None else x
        return run(stack, x, y, shape=(1, gains.shape[1]))

    return make


def test_an_axis_goes_from_minus_span_to_span_and_the_others_stay_at_0(curve):
    found = traversal.axes(curve([[1.0, 10.0]], [[1.0, 1.0]]), span=3.0, steps=3)
    assert found.tolist() == [[[[-3, 0], [0, 0], [3, 0]], [[0, -30], [0, 0], [0, 30]]]]


def test_a_straight_path_is_monotone_and_one_that_turns_back_is_half(curve):
    run = curve([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [2.0, 2.0], [1.0, 2.0]])
    assert traversal.monotone_share(run, span=2.0, steps=9) == [100.0, 50.0, 75.0]


def test_axes_that_hardly_move_the_image_do_not_count(curve):
    run = curve([[1.0, 0.009], [1.0, 0.011]], [[1.0, 2.0], [1.0, 2.0]])
    # 2^2 on the second axis: distances from its start are at most 4 times the gain, against 4.
    assert traversal.monotone_share(run, span=2.0, steps=9) == [100.0, 75.0]


def test_a_seed_that_diverged_has_no_share(curve):
    run = curve([[math.nan, 1.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]])
    shares = traversal.monotone_share(run, span=2.0, steps=5)
    assert math.isnan(shares[0])
    assert shares[1] == 100.0


def test_the_grid_has_the_quantiles_of_the_prior(curve):
    found = traversal.grid(curve([[1.0, 1.0]], [[1.0, 1.0]]), side=SIDE)[0]
    normal = torch.distributions.Normal(0.0, 1.0)
    share = (torch.arange(SIDE) + 0.5) / SIDE
    torch.testing.assert_close(normal.cdf(found[2, :, 0]), share)
    torch.testing.assert_close(normal.cdf(found[:, 3, 1]), share.flip(0))
    assert (found[:, 1, 0] == found[0, 1, 0]).all()


def test_smoothness_is_the_distance_of_neighbours_over_that_of_all(curve):
    made = traversal.grid(curve([[1.0, 2.0]], [[1.0, 1.0]]), side=3)[0]
    near, far = [], []
    for a in range(9):
        for b in range(9):
            (i, j), (k, m) = divmod(a, 3), divmod(b, 3)
            distance = (made[i, j] - made[k, m]).norm().item()
            far += [distance] * (a != b)
            near += [distance] * (abs(i - k) + abs(j - m) == 1)
    expected = (sum(near) / len(near)) / (sum(far) / len(far))
    run = curve([[1.0, 2.0], [2.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]])
    assert traversal.smoothness(run, side=3) == pytest.approx([expected, expected])


def test_two_values_in_a_chequerboard_are_as_rough_as_it_gets(curve, monkeypatch):
    tiles = (torch.arange(4).unsqueeze(1) + torch.arange(4)) % 2
    monkeypatch.setattr(traversal, "grid", lambda trained, side: tiles.double().reshape(1, 4, 4, 1))
    # Neighbours are always 1 apart; of the 15 others of a tile, 8 are.
    assert traversal.smoothness(curve([[1.0, 1.0]], [[1.0, 1.0]]), side=4) == pytest.approx(
        [15 / 8]
    )


def test_classes_are_those_of_the_nearest_training_images(curve):
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0], [9.0, 9.0]])
    y = torch.tensor([3, 1, 4, 1, 5])
    run = curve([[1.0, 1.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], corners, y)
    asked = {"side": 4, "train_examples": 9, "least": 0.2}
    assert traversal.classes_on_grid(run, **asked)[0] == 3
    # Half of the images have the class 1 and a quarter each of the others.
    assert traversal.classes_on_grid(run, **asked | {"least": 0.3})[0] == 1
    # Of a decoder that ignores the first number: upper half one class, lower half class 1.
    assert traversal.classes_on_grid(run, **asked)[1] == 2


def test_what_cannot_be_drawn_is_refused(curve):
    with pytest.raises(UserError, match="has codes of 3 numbers; expected 2"):
        traversal.grid(curve([[1.0] * 3], [[1.0] * 3]), side=3)
    with pytest.raises(UserError, match="steps: found 1; expected at least 2"):
        traversal.axes(curve([[1.0]], [[1.0]]), span=1.0, steps=1)


def test_classes_on_a_plane_are_those_of_its_corners(curve):
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0], [9.0, 9.0]])
    y = torch.tensor([3, 1, 4, 1, 5])
    run = curve([[1.0, 1.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], corners, y)
    asked = {"span": 1.0, "side": 4, "examples": 5, "train_examples": 9}
    assert traversal.classes_on_plane(run, **asked, least=0.2) == [3, 2]
    assert traversal.classes_on_plane(run, **asked, least=0.3) == [1, 2]
