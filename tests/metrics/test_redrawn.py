"""Images drawn again by a model that keeps or inverts them, whose distances are known."""

import math

import pytest
import torch
from torch import Tensor, nn

from ae.errors import UserError
from ae.metrics import redrawn
from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective
from ae.training.stack import Stack

DRAWS = {"sources": 4, "draws": 2500}
VOTE = {"neighbours": 1, "held_out": 99}


class Inverting(Autoencoder):
    """Gives an image back with probability `keep`, else its negative."""

    def __init__(self) -> None:
        super().__init__()
        self.keep = nn.Parameter(torch.zeros(1))
        self.draws = {}

    def sample_draws(self) -> dict[str, Draw]:
        return {"coin": Draw("uniform", (1,))}

    def sample(self, x: Tensor, noise: Noise) -> Tensor:
        return torch.where(noise["coin"] < self.keep, x, 1 - x) + 0 * self.keep

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        raise NotImplementedError


@pytest.fixture
def trained(run):
    """Four images of one white pixel each; four seeds that keep all, none, a quarter, or are lost."""
    stack = Stack([Inverting] * 4, [7, 8, 9, 10])
    stack.load({"keep": torch.tensor([[1.0], [0.0], [0.25], [math.nan]])})
    return run(stack, torch.eye(4), torch.tensor([2, 0, 3, 1]), shape=(2, 2))


def test_agreement_counts_samples_that_keep_the_label_of_their_source(trained):
    kept, lost, some, diverged = redrawn.agreement(trained, of="samples", **DRAWS, **VOTE)
    # The negative of a pixel is nearer to the other pixels (sqrt 2) than to itself (2).
    assert (kept, lost) == (100, 0)
    assert some == pytest.approx(25, abs=2)
    assert math.isnan(diverged)


def test_agreement_of_sources_is_the_classifier_on_the_images_themselves(trained, run):
    assert redrawn.agreement(trained, of="sources", **DRAWS, **VOTE)[:3] == [100, 100, 100]
    other = run(
        trained.stack,
        torch.eye(4),
        torch.tensor([2, 0, 3, 1]),
        shape=(2, 2),
        test_y=torch.arange(4),
    )
    assert redrawn.agreement(other, of="sources", **DRAWS, **VOTE)[:3] == [0, 0, 0]
    one = redrawn.agreement(other, of="sources", sources=4, draws=1, neighbours=1, held_out=1)
    assert one[:3] == [25, 25, 25]  # the only voter says 0


def test_distances_are_those_of_inverted_pixels(trained):
    source = redrawn.distance(trained, to="source", **DRAWS)
    nearest = redrawn.distance(trained, to="nearest", **DRAWS)
    assert source[:2] == pytest.approx([0, 2])
    assert nearest[:2] == pytest.approx([0, math.sqrt(2)], abs=1e-6)
    assert source[2] == pytest.approx(2 * 0.75, abs=0.04)
    assert nearest[2] == pytest.approx(source[2] / math.sqrt(2), rel=1e-6)
    assert math.isnan(source[3])
    assert math.isnan(nearest[3])


def test_samples_of_an_image_follow_one_another_and_a_seed_has_its_own_draws(trained):
    made = redrawn.redrawn(trained, sources=3, draws=50)
    assert made.shape == (4, 3, 50, 4)
    assert torch.equal(made[0], torch.eye(4)[:3, None].expand(3, 50, 4))
    assert torch.equal(made[:3], redrawn.redrawn(trained, sources=3, draws=50)[:3])
    pair = Stack([Inverting] * 2, [8, 9])
    pair.load({"keep": torch.tensor([[0.5], [0.5]])})
    first, second = redrawn.redrawn(
        type(trained)("b", "B", pair, trained.train, trained.test), sources=3, draws=50
    )
    assert not torch.equal(first, second)


def test_more_neighbours_than_held_out_images_are_refused(trained):
    with pytest.raises(
        UserError, match=r"^redrawn.agreement: neighbours: found 5; expected 1 to 4"
    ):
        redrawn.agreement(trained, of="samples", **DRAWS, neighbours=5, held_out=9)
