"""Walks as they are kept, drawn and handed to a browser."""

import base64
import io
import json
import math

import numpy as np
import pytest
import torch
from known import Images
from PIL import Image
from torch import nn

from ae.errors import UserError
from ae.figures import traversal
from ae.figures.layout import filmstrip
from ae.models.base import Autoencoder
from ae.models.vae import VAE
from ae.training.stack import Stack
from ae.training.trained_run import Trained


class Plain(Autoencoder):
    """Codes that are the images."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(features))
        self.draws = {}

    def encode(self, x):
        return x + 0 * self.offset

    def posterior(self, x):
        return self.encode(x), torch.zeros_like(x)

    def decode(self, z):
        return z.sigmoid()

    def objective(self, batch, noise):
        raise NotImplementedError


HIGH, WIDE, SEEDS = 3, 4, [7, 11]
WALK = {"span": 2.0, "steps": 5, "most": 2, "seeds": 2, "image": 3, "examples": 20}


def vae():
    return VAE(HIGH * WIDE, hidden=[5], latent=3, init=0.5, beta=1.0)


@pytest.fixture
def run(linear):
    """A run of two seeds; their posteriors' means have the spreads given, 0.1 1 2 or 2 0.1 1."""

    def make(**tensors):
        stack = Stack([vae] * 2, SEEDS)
        own = {k: v.clone() for k, v in stack.tensors().items()}
        own["encoder.2.weight"][:] = 0
        own["encoder.2.bias"][:] = torch.tensor(
            [[0.1, 1.0, 2.0, 0.0, 0.0, 0.0], [2.0, 0.1, 1.0, 0.0, 0.0, 0.0]]
        )
        stack.load(own | tensors)
        base = linear("a", torch.zeros(2, 1, HIGH * WIDE), torch.rand(30, HIGH * WIDE))
        base.test.__dict__.update(shape=(HIGH, WIDE))
        return Trained(name="a", label="run a", stack=stack, train=base.train, test=base.test)

    return make


def sheet(seed):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(seed["sheet"]))))


def test_rows_are_the_decoder_along_the_numbers_farthest_from_the_prior(run, repainted, tmp_path):
    some = run()
    saved = repainted(traversal.walks([some], **WALK))
    data = json.loads((tmp_path / "first" / saved.interaction.data).read_text())
    assert saved.interaction.kind == "traversal"
    assert (data["steps"], data["width"], data["height"], data["span"]) == (5, WIDE, HIGH, 2.0)
    (panel,) = data["panels"]
    assert [one["seed"] for one in panel["seeds"]] == SEEDS
    # KL(N(m, 1), N(0, 1)) = m^2 / 2
    assert [[row["name"] for row in one["rows"]] for one in panel["seeds"]] == [
        ["z3", "z2"],
        ["z1", "z3"],
    ]
    assert panel["seeds"][0]["rows"][0]["said"] == ["KL, nats: 2.00"]
    assert panel["seeds"][0]["rows"][1]["said"] == ["KL, nats: 0.50"]
    model = vae()
    model.load_state_dict({k: v[1] for k, v in some.stack.tensors().items()})
    for step, along in enumerate((-2.0, -1.0, 0.0, 1.0, 2.0)):
        expected = model.decode(torch.tensor([[2.0, 0.1, along]])).detach().reshape(HIGH, WIDE)
        shown = sheet(panel["seeds"][1])[HIGH:, step * WIDE : (step + 1) * WIDE]
        np.testing.assert_allclose(shown, 255 * expected, atol=0.5 + 1e-9)


def test_a_number_of_each_unit_stands_beside_its_pictures(run, repainted):
    values = torch.tensor([[0.11, 0.22, 0.33], [0.44, 0.55, math.nan]])
    both = torch.stack([values, 10 + values], -1)
    numbers = traversal.Numbers("MI of", ["x", "y"], lambda trained: both, 2, "bits")
    drawing = traversal.played([run()], numbers, **WALK)
    (panel,) = drawing.interactive.data(drawing.arrays)["panels"]
    said = [[row["said"][1:] for row in one["rows"]] for one in panel["seeds"]]
    assert said == [
        [
            ["MI of x: 0.33\N{NO-BREAK SPACE}bits", "y: 10.33\N{NO-BREAK SPACE}bits"],
            ["MI of x: 0.22\N{NO-BREAK SPACE}bits", "y: 10.22\N{NO-BREAK SPACE}bits"],
        ],
        [
            ["MI of x: 0.44\N{NO-BREAK SPACE}bits", "y: 10.44\N{NO-BREAK SPACE}bits"],
            ["MI of x: none", "y: none"],
        ],
    ]
    repainted(drawing)


def test_numbers_that_carry_nats_are_counted_by_seed(run):
    drawing = traversal.walks([run()], **WALK)
    (panel,) = drawing.interactive.data(drawing.arrays)["panels"]
    # KL of 0.005, 0.5 and 2 nats
    assert [one["note"] for one in panel["seeds"]] == ["2 of 3 numbers above 0.1 nats"] * 2


def test_what_a_number_tells_of_a_factor_is_said_in_percent_of_its_entropy(repainted):
    """Codes are the images themselves: one pixel is the factor a, the other a mix of a and b."""
    a, b = (t.flatten() for t in torch.meshgrid(torch.arange(4), torch.arange(2), indexing="ij"))
    x = torch.stack([a, (a >= 2) + 10 * b, torch.zeros(8)], -1).repeat(2, 1).float()

    class Rendered(Images):
        factors = {"a": a.repeat(2), "b": b.repeat(2)}

    data = Rendered(x, None, (1, 3))
    stack = Stack([lambda: Plain(3)] * 2, SEEDS)
    some = Trained(name="a", label="run a", stack=stack, train=data, test=data)
    drawing = traversal.walks([some], **WALK | {"examples": 16}, factors=["a", "b"], bins=20)
    (panel,) = drawing.interactive.data(drawing.arrays)["panels"]
    said = {row["name"]: row["said"][1:] for row in panel["seeds"][0]["rows"]}
    # Pixel 1 tells all of a and nothing of b; pixel 2 half of a's two bits, and all of b.
    assert said == {
        "z1": ["tells of a: 100\N{NO-BREAK SPACE}%", "b: 0\N{NO-BREAK SPACE}%"],
        "z2": ["tells of a: 50\N{NO-BREAK SPACE}%", "b: 100\N{NO-BREAK SPACE}%"],
    }
    repainted(drawing)


def test_a_seed_that_diverged_says_so_and_leaves_the_other_alone(run, repainted):
    weight = run().stack.tensors()["decoder.2.weight"].clone()
    weight[0] = math.nan
    drawing = traversal.walks([run(**{"decoder.2.weight": weight})], **WALK)
    (panel,) = drawing.interactive.data(drawing.arrays)["panels"]
    assert [one["note"] for one in panel["seeds"]] == ["diverged", "2 of 3 numbers above 0.1 nats"]
    assert (sheet(panel["seeds"][0]) == 255).all()
    assert panel["seeds"][0]["rows"][0]["said"] == ["KL, nats: none"]
    assert sheet(panel["seeds"][1]).std() > 1
    repainted(drawing)


def test_colours_are_packed_as_colours():
    tiles = np.arange(2 * 3 * 2 * 2 * 3, dtype=np.uint8).reshape(2, 3, 2, 2, 3)
    packed = np.asarray(Image.open(io.BytesIO(filmstrip._png(tiles, 256))))
    assert packed.shape == (4, 6, 3)
    np.testing.assert_array_equal(packed[2:4, 4:6], tiles[1, 2])


def test_pictures_that_would_be_too_many_bytes_lose_levels_and_then_are_refused(run, monkeypatch):
    some = run()
    whole = filmstrip.sheets(traversal.walks([some], **WALK).arrays)
    size = sum(len(sheet) for sheet in whole[0])
    monkeypatch.setattr(filmstrip, "GOOD", size - 1)
    drawing = traversal.walks([some], **WALK)
    (panel,) = drawing.interactive.data(drawing.arrays)["panels"]
    assert len(np.unique(traversal.walks([some], **WALK).arrays["tiles_0"] % 17)) > 1
    assert (sheet(panel["seeds"][0]) % 17 == 0).all()  # sixteen levels
    monkeypatch.setattr(filmstrip, "BYTES", 10)
    with pytest.raises(
        UserError, match=r"^traversal: the pictures take .* MB; expected at most 1e"
    ):
        traversal.walks([some], **WALK)


def test_five_seeds_of_ten_numbers_in_eleven_steps_of_64_pixels_fit_a_page():
    x = torch.linspace(-1, 1, 64)
    shape = torch.exp(
        -20 * (x[:, None] - torch.linspace(-0.8, 0.8, 11)[:, None, None]) ** 2 - 9 * x**2
    )
    noise = 0.02 * torch.rand(10, 11, 64, 64, generator=torch.Generator().manual_seed(0))
    tiles = (255 * (0.9 * shape + noise)).numpy().astype(np.uint8)
    arrays = {"runs": np.array(["a"]), "tiles_0": np.stack([tiles] * 5)}
    assert sum(len(sheet) for sheet in filmstrip.sheets(arrays)[0]) <= filmstrip.BYTES


def test_no_more_seeds_are_shown_than_asked_for_or_there(run):
    for seeds, shown in ((1, 1), (2, 2), (9, 2)):
        arrays = traversal.walks([run()], **{**WALK, "seeds": seeds}).arrays
        assert (len(arrays["tiles_0"]), arrays["seeds_0"].tolist()) == (shown, SEEDS[:shown])
    with pytest.raises(UserError, match=r"^traversal: seeds: found 0; expected at least 1$"):
        traversal.walks([run()], **{**WALK, "seeds": 0})


def test_images_that_are_not_there_and_pictures_of_two_shapes_are_refused(run):
    with pytest.raises(UserError, match=r"found 5 and 30; expected at least 2, and one of the 30"):
        traversal.walks([run()], **{**WALK, "image": 30})
    other = run()
    other.test.__dict__.update(shape=(WIDE, HIGH))
    with pytest.raises(UserError, match=r"draw them in separate figures"):
        traversal.walks([run(), other], **WALK)
