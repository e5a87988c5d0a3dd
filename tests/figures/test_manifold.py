"""Grids and traversals as they are drawn, and the prior against the codes."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ae.errors import UserError
from ae.figures import manifold, posterior
from ae.models.vae import VAE
from ae.training.stack import Stack
from ae.training.trained_run import Trained

HIGH, WIDE = 3, 4


@pytest.fixture
def run(linear):
    """A run of VAEs of that many latent numbers, whose decoders are known where they are given."""

    def make(name: str, latent: int, x: Tensor | None = None, **tensors: Tensor) -> Trained:
        def build() -> VAE:
            return VAE(HIGH * WIDE, hidden=[5], latent=latent, init=0.5, beta=1.0)

        stack = Stack([build] * 2, [0, 1])
        stack.load(stack.tensors() | tensors)
        x = torch.rand(30, HIGH * WIDE) if x is None else x
        base = linear(name, torch.zeros(2, 1, HIGH * WIDE), x, torch.arange(len(x)) % 3)
        base.test.__dict__.update(shape=(HIGH, WIDE))
        return Trained(
            name=name, label=f"run {name}", stack=stack, train=base.train, test=base.test
        )

    return make


def test_the_grid_is_the_decoder_at_the_quantiles(run, repainted):
    runs = [run("a", 2), run("b", 2)]
    drawing = manifold.grid(runs, side=4, seed_index=1)
    z = torch.special.ndtri(torch.tensor([0.625, 0.125]))
    model = VAE(HIGH * WIDE, hidden=[5], latent=2, init=0.5, beta=1.0)
    model.load_state_dict({k: v[1] for k, v in runs[1].stack.tensors().items()})
    expected = model.decode(z.unsqueeze(0)).detach().reshape(HIGH, WIDE)
    # z1 = the third quantile from the left, z2 = the lowest.
    np.testing.assert_allclose(drawing.arrays["tiles"][1, 3, 2], expected, rtol=1e-6)
    assert drawing.arrays["smoothness"].shape == (2,)
    repainted(drawing)


def test_a_traversal_shows_the_axes_that_change_most_first(run, repainted):
    some = run("a", 3)
    weight = some.stack.tensors()["decoder.0.weight"].clone()
    weight[..., 0], weight[..., 2] = 0, 3 * weight[..., 2]
    some = run("a", 3, **{"decoder.0.weight": weight})
    drawing = manifold.traversal([some], span=2.0, steps=5, most=2, seed_index=0)
    shown, change = drawing.arrays["axes_0"], drawing.arrays["change_0"]
    assert set(shown) == {1, 2}
    assert change[0] > change[1] > 0
    tiles = drawing.arrays["tiles_0"]
    assert tiles.shape == (2, 5, HIGH, WIDE)
    apart = np.sqrt(((tiles[:, -1] - tiles[:, 0]) ** 2).sum((1, 2)))
    np.testing.assert_allclose(apart, change, rtol=1e-5)
    repainted(drawing)


def test_a_traversal_of_coloured_images_has_their_colours_last(run, repainted):
    some = run("a", 2)
    some.test.__dict__.update(shape=(3, 2, 2))
    drawing = manifold.traversal([some], span=2.0, steps=3, most=2, seed_index=0)
    tiles, axis = drawing.arrays["tiles_0"], drawing.arrays["axes_0"][0]
    assert tiles.shape == (2, 3, 2, 2, 3)
    decoded = some.stack.share("decode", 2 * torch.eye(2)[[axis]])[0, 0].detach()
    np.testing.assert_allclose(tiles[0, 2], decoded.reshape(3, 2, 2).movedim(0, 2), rtol=1e-6)
    repainted(drawing)


def test_what_diverged_is_drawn_as_such(run, repainted):
    some = run("a", 2, **{"decoder.0.weight": torch.full((2, 5, 2), float("nan"))})
    repainted(manifold.grid([some], side=3, seed_index=0))
    repainted(manifold.traversal([some], span=2.0, steps=3, most=2, seed_index=0))


def test_images_of_another_shape_want_a_figure_of_their_own(run, linear):
    other = linear("b", torch.zeros(2, 2, 9), torch.zeros(1, 9))
    with pytest.raises(UserError, match=r"run 'b' has images of \(3, 3\), 'a' of \(3, 4\)"):
        manifold.grid([run("a", 2), other], side=3, seed_index=0)


def test_codes_are_drawn_from_the_posterior(run, repainted):
    x = torch.rand(1, HIGH * WIDE).expand(4000, -1)
    some = run("a", 2, x)
    drawing = posterior.aggregate([some, run("b", 3)], examples=4000, seed_index=1)
    found = drawing.arrays["codes_0"]
    mean, logvar = (t[1, 0].detach().numpy() for t in some.stack.share("posterior", x[:1]))
    error = np.exp(logvar / 2) / np.sqrt(4000)
    assert (np.abs(found.mean(0) - mean) < 5 * error).all()
    np.testing.assert_allclose(found.std(0), np.exp(logvar / 2), rtol=0.06)
    assert np.corrcoef(found.T)[0, 1] == pytest.approx(0, abs=0.08)
    assert drawing.arrays["codes_1"].shape == (30, 3)
    repainted(drawing)


def test_a_circle_holds_its_share_of_the_prior():
    z = np.random.default_rng(0).standard_normal((200_000, 2))
    for share in (0.5, 0.95):
        inside = (np.linalg.norm(z, axis=1) < posterior.radius(share)).mean()
        assert inside == pytest.approx(share, abs=0.005)


def test_a_posterior_that_diverged_is_drawn_as_such(run, repainted):
    some = run("a", 2, **{"encoder.0.weight": torch.full((2, 5, 12), float("nan"))})
    repainted(posterior.aggregate([some], examples=10, seed_index=0))


def test_tweaks_move_the_two_numbers_farthest_from_the_prior(run, repainted):
    some = run("a", 3)
    weights = {k: v.clone() for k, v in some.stack.tensors().items()}
    weights["encoder.2.weight"][:] = 0
    weights["encoder.2.bias"][:] = torch.tensor([1.0, 0.1, -2.0, 0.0, 0.0, 0.0])  # means, variances
    some = run("a", 3, **weights)
    drawing = manifold.tweaks([some], span=3.0, side=3, examples=9, seed_index=1)
    assert drawing.arrays["axes"].tolist() == [[2, 0]]
    model = VAE(HIGH * WIDE, hidden=[5], latent=3, init=0.5, beta=1.0)
    model.load_state_dict({k: v[1] for k, v in some.stack.tensors().items()})
    # The picture at the upper left: the first to the left, the second upwards.
    expected = model.decode(torch.tensor([[3.0, 0.0, -3.0]])).detach().reshape(HIGH, WIDE)
    np.testing.assert_allclose(drawing.arrays["tiles"][0, 0], expected, rtol=1e-6)
    repainted(drawing)
