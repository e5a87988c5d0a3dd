"""The covariance of the codes: by numpy, by hand, by the law of total variance, in the authors' words."""

import numpy as np
import pytest
import torch

from ae.models.base import Batch
from ae.models.dip_vae import DIPVAE, squares
from ae.models.vae import VAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

TYPES = pytest.mark.parametrize("variance", [0.0, 1.0], ids=["I", "II"])


def build(lambda_od=0.0, lambda_d=0.0, variance=0.0):
    return DIPVAE(
        30,
        colours=1,
        planes=[],
        hidden=[12],
        activation="tanh",
        latent=3,
        lambda_od=lambda_od,
        lambda_d=lambda_d,
        variance=variance,
    )


def given(model):
    x, noise = torch.rand(8, 30), torch.randn(8, 3)
    return x, noise, model.objective(Batch(x), {"z": noise})


def transcribed(mean, logvar, lambda_od, lambda_d, kind):
    """Kumar et al., equations 6 and 7, one entry of the matrix after another; numpy alone."""
    batch, latent = mean.shape
    found = 0.0
    for i in range(latent):
        for j in range(latent):
            entry = sum(mean[n, i] * mean[n, j] for n in range(batch)) / batch
            entry -= mean[:, i].sum() / batch * mean[:, j].sum() / batch
            if i == j and kind == "ii":
                entry += sum(np.exp(logvar[n, i]) for n in range(batch)) / batch
            found += lambda_od * entry**2 if i != j else lambda_d * (entry - 1) ** 2
    return found


@TYPES
def test_the_distance_is_that_of_the_papers_equations(variance):
    model = build(2.0, 7.0, variance)
    x, _, out = given(model)
    mean, logvar = (t.detach().numpy() for t in model.posterior(x))
    distance = (out.loss - out.parts["reconstruction"] - out.parts["kl"]).detach()
    expected = transcribed(mean, logvar, 2.0, 7.0, "ii" if variance else "i")
    np.testing.assert_allclose(distance, np.full(8, expected), rtol=1e-10)
    weighed = 2 * out.parts["off_diagonal"] + 7 * out.parts["diagonal"]
    torch.testing.assert_close(distance, weighed.detach())


def test_the_covariance_is_divided_by_the_size_of_the_batch():
    mean = torch.randn(5, 4) * 3 + 100
    covariance = np.cov(mean.numpy().T, bias=True)
    spread = np.diag(covariance)
    off_diagonal, diagonal = squares(mean, torch.zeros(4))
    assert off_diagonal.item() == pytest.approx((covariance**2).sum() - (spread**2).sum())
    assert diagonal.item() == pytest.approx(((spread - 1) ** 2).sum())


def test_two_codes_by_hand():
    # Means (0, 0) and (2, 4): variances 1 and 4, covariance 2, which the matrix has twice.
    off_diagonal, diagonal = squares(torch.tensor([[0.0, 0.0], [2.0, 4.0]]), torch.zeros(2))
    assert off_diagonal.item() == 8.0
    assert diagonal.item() == 9.0
    off_diagonal, diagonal = squares(
        torch.tensor([[0.0, 0.0], [2.0, 4.0]]), torch.tensor([0.5, 2.0])
    )
    assert off_diagonal.item() == 8.0
    assert diagonal.item() == 0.25 + 25.0


def test_white_means_cost_nothing_by_type_i_and_their_variance_by_type_ii():
    white = torch.linalg.qr(torch.randn(16, 4)).Q
    white = torch.linalg.qr(white - white.mean(0)).Q * 4  # centred, C = I
    extra = torch.tensor([0.1, 0.2, 0.3, 0.4])
    torch.testing.assert_close(torch.stack(squares(white, torch.zeros(4))), torch.zeros(2))
    torch.testing.assert_close(torch.stack(squares(white, extra))[1], (extra**2).sum())
    # Means that leave room for the posteriors' variance cost nothing by type II.
    shrunk = white * (1 - extra).sqrt()
    torch.testing.assert_close(torch.stack(squares(shrunk, extra)), torch.zeros(2))


def test_type_ii_is_the_covariance_of_samples():
    mean, deviation, repeats = torch.randn(6, 3), torch.rand(6, 3), 40_000
    z = (mean + deviation * torch.randn(repeats, 6, 3)).reshape(-1, 3)
    ours = torch.stack(squares(mean, (deviation**2).mean(0)))
    torch.testing.assert_close(ours, torch.stack(squares(z, torch.zeros(3))), rtol=0.05, atol=0)


@TYPES
def test_without_weights_it_is_the_bound(variance):
    model = build(0.0, 0.0, variance)
    x, noise, ours = given(model)
    vae = VAE(30, hidden=[12], latent=3, init="fan_in", beta=1.0)
    own = {k: v for k, v in model.state_dict().items() if k.split(".")[0] in ("encoder", "decoder")}
    vae.load_state_dict({**own, "beta": vae.beta})
    theirs = vae.objective(Batch(x), {"z": noise})
    torch.testing.assert_close(ours.loss, theirs.loss)
    for part in ("reconstruction", "kl", "bound"):
        torch.testing.assert_close(ours.parts[part], theirs.parts[part])


def test_type_i_leaves_the_posteriors_variance_to_the_divergence():
    found = {}
    for variance in (0.0, 1.0):
        model = build(3.0, 5.0, variance)
        torch.manual_seed(1)
        torch.nn.init.normal_(model.encoder[-1].weight)
        _, _, out = given(model)
        distance = (3 * out.parts["off_diagonal"] + 5 * out.parts["diagonal"]).mean()
        (bias,) = torch.autograd.grad(distance, model.encoder[-1].bias)
        found[variance] = bias  # of the means, then of the log variances
    torch.testing.assert_close(found[0.0], torch.zeros(6))  # a shift of all means is no covariance
    torch.testing.assert_close(found[1.0][:3], torch.zeros(3))
    assert (found[1.0][3:].abs() > 0.1).all()


@pytest.mark.parametrize(
    ("weights", "expected"),
    [((5.0, 50.0, 0.0), 308.5409693043481), ((5.0, 5.0, 1.0), 121.38724001339982)],
    ids=["I", "II"],
)
def test_the_distance_is_what_the_studys_own_code_gives(weights, expected):
    # disentanglement_lib 1.5, DIPVAE.regularizer, its text run with numpy in place of TensorFlow.
    n, i = torch.meshgrid(torch.arange(8.0), torch.arange(3.0), indexing="ij")
    mean, logvar = 2 * (3 * n + 5 * i + 1).sin(), (2 * n + i).cos() - 1
    lambda_od, lambda_d, variance = weights
    off_diagonal, diagonal = squares(mean, variance * logvar.exp().mean(0))
    found = lambda_od * off_diagonal + lambda_d * diagonal
    assert found.item() == pytest.approx(expected, rel=1e-12)
