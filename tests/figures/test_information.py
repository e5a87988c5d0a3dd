"""The table of factors and numbers: what is told, in which order."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.figures.information import table
from ae.library import Library
from ae.models.base import Autoencoder
from ae.training.stack import Stack
from ae.training.trained_run import Trained

ROOT = Path(__file__).parents[2]


class Column(Autoencoder):
    """Codes: nothing, and the centre's place from the left, in units that a seed chooses."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.unit = nn.Parameter(torch.ones(1))
        self.draws = {}

    def encode(self, x):
        across = torch.arange(32, dtype=x.dtype) / 32 - 0.5
        centre = (x.reshape(-1, 32, 32).sum(1) @ across) / x.sum(-1)
        return torch.stack([0 * centre, self.unit * centre], -1)

    def posterior(self, x):
        mean = self.encode(x)
        return mean, torch.zeros_like(mean)

    def objective(self, batch, noise):
        raise NotImplementedError


def test_a_table_says_what_each_number_tells_the_most_used_first(exact_arithmetic):
    manifest = find_manifest("dsprites-small", Library.at(ROOT))
    data = load(manifest, "all", limit="all", library=Library.at(ROOT), device="cpu")
    stack = Stack([lambda: Column(1024)] * 2, [0, 1])
    stack.load(stack.tensors() | {"unit": torch.tensor([[1.0], [10.0]]).double()})
    run = Trained(name="a", label="A", stack=stack, train=data, test=data)
    made = table([run, run], factors=["x", "y"], bins=20, examples=3072, seed_index=1)
    assert made.arrays["axes_0"].tolist() == [1, 0]
    share = made.arrays["share_1"]
    assert share[0, 0] > 80
    assert share[0, 1] < 5
    assert share[1].tolist() == [0, 0]
    place = run.of("encode", "test")[1, :, 1]
    assert made.arrays["kl_0"] == pytest.approx([(place**2).mean().item() / 2, 0])
    texts = [t.get_text() for axes in made.paint(made.arrays).axes for t in axes.texts]
    assert texts[:4] == [f"{v:.0f}" for v in share.ravel()]
    lost = made.arrays | {"share_0": np.full((2, 2), np.nan)}
    assert made.paint(lost).axes[0].texts[0].get_text() == "diverged"
