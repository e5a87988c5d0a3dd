"""The divergence taken apart: estimates by hand, over all batches, and of a Gaussian."""

import math
from itertools import permutations

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal

from ae.maths.probability import log_aggregate
from ae.models.base import Batch
from ae.models.tc_vae import BetaTCVAE
from ae.models.vae import VAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

SAMPLINGS = pytest.mark.parametrize("sampling", ["weighted", "stratified"])


def build(sampling="stratified", alpha=1.0, beta=1.0, gamma=1.0):
    return BetaTCVAE(
        30,
        colours=1,
        planes=[],
        hidden=[12],
        decoder_hidden=[12],
        activation="tanh",
        decoder_activation="tanh",
        latent=3,
        sampling=sampling,
        examples=50,
        alpha=alpha,
        beta=beta,
        gamma=gamma,
    )


def posteriors(count, latent):
    mean, logvar = torch.randn(count, latent), torch.randn(count, latent) - 1
    return mean, logvar, mean + (logvar / 2).exp() * torch.randn(count, latent)


def densities(z, mean, logvar):
    """q(z_j given n) of one code: (examples, latent)."""
    return Normal(mean, (logvar / 2).exp()).log_prob(z).exp()


def test_stratified_sampling_is_right_on_average_over_all_batches():
    count, size = 5, 3
    mean, logvar, z = posteriors(count, 2)
    joint, apart = [], []
    for others in permutations(range(1, count), size - 1):  # the batch that starts with image 0
        rows = torch.tensor([0, *others])
        found = log_aggregate(z[rows], mean[rows], logvar[rows], examples=5, sampling="stratified")
        one = log_aggregate(
            z[rows, :1], mean[rows, :1], logvar[rows, :1], examples=5, sampling="stratified"
        )
        joint.append(found[0][0].exp())
        apart.append(one[1][0].exp())
    each = densities(z[0], mean, logvar)
    torch.testing.assert_close(torch.stack(joint).mean(), each.prod(-1).mean())
    torch.testing.assert_close(torch.stack(apart).mean(), each[:, 0].mean())


def test_stratified_sampling_weighs_as_the_appendix_says():
    mean, logvar, z = posteriors(4, 2)
    joint, apart = log_aggregate(z, mean, logvar, examples=50, sampling="stratified")
    for i in range(4):
        weight = torch.full((4, 1), 1 / 3)
        weight[i], weight[(i + 1) % 4] = 1 / 50, (50 - 3) / (50 * 3)
        each = densities(z[i], mean, logvar)
        torch.testing.assert_close(joint[i], (weight[:, 0] * each.prod(-1)).sum().log())
        torch.testing.assert_close(apart[i], (weight * each).sum(0).log().sum())


def test_weighted_sampling_is_the_sum_over_the_batch_by_both_sizes():
    mean, logvar, z = posteriors(4, 2)
    joint, apart = log_aggregate(z, mean, logvar, examples=50, sampling="weighted")
    for i in range(4):
        each = densities(z[i], mean, logvar)
        torch.testing.assert_close(joint[i], (each.prod(-1).sum() / 200).log())
        torch.testing.assert_close(apart[i], (each.sum(0) / 200).log().sum())
    joint, _ = log_aggregate(z, mean, logvar, examples=4, sampling="weighted")
    exact = torch.stack([densities(one, mean, logvar).prod(-1).mean() for one in z]).log()
    torch.testing.assert_close(joint, exact - math.log(4))


def test_the_total_correlation_of_a_gaussian_is_found():
    # Posteriors of spread 0.2 about means that make the codes N(0, [[1, 0.9], [0.9, 1]]).
    rho, spread, count = 0.9, 0.2, 2000
    cover = torch.tensor([[1.0, rho], [rho, 1.0]])
    mean = MultivariateNormal(torch.zeros(2), cover - spread**2 * torch.eye(2)).sample((count,))
    logvar = torch.full((count, 2), 2 * math.log(spread))
    z = mean + spread * torch.randn(count, 2)
    joint, apart = log_aggregate(z, mean, logvar, examples=count, sampling="stratified")
    exact = -0.5 * math.log(1 - rho**2)  # 0.83
    assert (joint - apart).mean().item() == pytest.approx(exact, abs=0.06)
    # By weighted sampling from the whole set, log(count) more for every number but one.
    joint, apart = log_aggregate(z, mean, logvar, examples=count, sampling="weighted")
    found = (joint - apart).mean().item() - math.log(count)
    assert found == pytest.approx(exact, abs=0.06)


@SAMPLINGS
def test_with_weights_of_1_it_has_the_bound_in_expectation(sampling):
    model = build(sampling)
    vae = VAE(30, hidden=[12], latent=3, init="fan_in", beta=1.0)
    own = {k: v for k, v in model.state_dict().items() if k.split(".")[0] in ("encoder", "decoder")}
    vae.load_state_dict({**own, "beta": vae.beta})
    x, batches = torch.rand(1, 30), 4000
    losses, bounds = [], []
    with torch.no_grad():
        for _ in range(batches // 20):
            batch, noise = Batch(x.expand(20, 30)), {"z": torch.randn(20, 3)}
            losses.append(model.objective(batch, noise).loss)
            bounds.append(vae.objective(batch, noise).loss)
            log_w = model.log_weights(batch.x, noise)
            torch.testing.assert_close(losses[-1], -log_w)  # exactly that of one sample
    gap = torch.cat(losses) - torch.cat(bounds)
    assert abs(gap.mean()) < 5 * gap.std() / math.sqrt(batches)
    assert gap.std() > 0.01


@SAMPLINGS
def test_each_weight_weighs_its_own_term(sampling):
    x, noise = torch.rand(6, 30), {"z": torch.randn(6, 3)}
    model = build(sampling)
    one = model.objective(Batch(x), noise)
    for name, part in (
        ("alpha", "mutual_information"),
        ("beta", "total_correlation"),
        ("gamma", "dimension_kl"),
    ):
        model.get_buffer(name).fill_(3.0)
        three = model.objective(Batch(x), noise)
        model.get_buffer(name).fill_(1.0)
        torch.testing.assert_close(three.loss - one.loss, 2 * one.parts[part])


def test_a_batch_of_more_than_the_training_set_or_of_one_is_refused():
    mean, logvar, z = posteriors(4, 2)
    with pytest.raises(ValueError, match="batch 4: expected 2 to 3 images"):
        log_aggregate(z, mean, logvar, examples=3, sampling="weighted")
    with pytest.raises(ValueError, match="batch 1: expected 2 to 9 images"):
        log_aggregate(z[:1], mean[:1], logvar[:1], examples=9, sampling="stratified")


def test_the_papers_network_has_the_size_of_the_papers():
    model = BetaTCVAE(
        4096,
        colours=1,
        planes=[],
        hidden=[1200, 1200],
        decoder_hidden=[1200, 1200, 1200],
        activation="relu",
        decoder_activation="tanh",
        latent=10,
        sampling="stratified",
        examples=737_280,
        alpha=1.0,
        beta=6.0,
        gamma=1.0,
    )
    into = 4096 * 1200 + 1200 + 1200 * 1200 + 1200 + 1200 * 20 + 20
    back = 10 * 1200 + 1200 + 2 * (1200 * 1200 + 1200) + 1200 * 4096 + 4096
    assert sum(p.numel() for p in model.parameters()) == into + back
