"""Inverse autoregressive flows: order, determinant, and a density that integrates."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal
from torch.nn.functional import softplus

from ae.models.base import Batch
from ae.models.flow_vae import Flow, FlowVAE, masks

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
SIZE = 5


def flow(size=SIZE, width=16):
    torch.manual_seed(0)
    made = Flow(size, width)
    with torch.no_grad():  # bold enough that a mistake shows
        for parameter in made.parameters():
            parameter.mul_(3)
    return made


def test_a_number_depends_on_those_before_it_and_on_itself_alone():
    made, context = flow(), torch.randn(SIZE)
    z = torch.randn(SIZE)
    slope = torch.autograd.functional.jacobian(
        lambda z: made(z.unsqueeze(0), context.unsqueeze(0))[0][0], z
    )
    assert torch.equal(slope, slope.tril())
    assert (slope.diagonal() > 0).all()
    below = slope[torch.tril_indices(SIZE, SIZE, -1).unbind()]
    assert (below != 0).float().mean() > 0.5


def test_the_log_determinant_is_that_of_the_slope():
    made, z, context = flow(), torch.randn(3, SIZE), torch.randn(3, SIZE)
    _, found = made(z, context)
    for i in range(3):
        slope = torch.autograd.functional.jacobian(
            lambda one, i=i: made(one.unsqueeze(0), context[i : i + 1])[0][0], z[i]
        )
        torch.testing.assert_close(found[i], slope.slogdet().logabsdet)


def test_gates_begin_open_and_the_context_is_heard():
    torch.manual_seed(0)
    made = Flow(SIZE, 16)
    with torch.no_grad():
        made.last.weight.zero_(), made.last.bias.zero_()
    z = torch.randn(3, SIZE)
    out, log_slope = made(z, torch.randn(3, SIZE))
    gate = 1 / (1 + math.exp(-2))
    torch.testing.assert_close(out, gate * z)
    torch.testing.assert_close(log_slope, torch.full((3,), SIZE * math.log(gate)))
    heard = flow()
    a, b = (heard(z, c)[0] for c in (torch.zeros(3, SIZE), torch.ones(3, SIZE)))
    assert (a != b).any(1).all()


def test_degrees_of_hidden_units_are_numpys_of_the_seed_0():
    first, second, last = masks(SIZE, 7)
    draw = np.random.RandomState(0)
    lower, upper = (draw.randint(1, SIZE, size=7) for _ in range(2))
    assert first.sum(1).tolist() == lower.tolist()
    assert second.tolist() == [[float(u >= l) for l in lower] for u in upper]
    assert last[:SIZE].tolist() == [[float(o > u) for u in upper] for o in range(1, SIZE + 1)]
    assert torch.equal(last[:SIZE], last[SIZE:])


def model(flows=2, latent=2):
    torch.manual_seed(1)
    made = FlowVAE(6, hidden=[8, 7], latent=latent, flows=flows, width=16)
    with torch.no_grad():
        for parameter in made.flows.parameters():
            parameter.mul_(2)
    return made


def test_without_flows_it_is_the_gaussian_posterior():
    made, x, noise = model(flows=0), torch.rand(3, 6).round(), torch.randn(3, 2)
    mean, scale, _ = made.encoder(x).chunk(3, -1)
    q = Independent(Normal(mean, softplus(scale)), 1)
    z = q.mean + q.stddev * noise
    log_p = Independent(Bernoulli(logits=made.decoder(z)), 1).log_prob(x)
    prior = Independent(Normal(torch.zeros(3, 2), 1.0), 1)
    expected = log_p + prior.log_prob(z) - q.log_prob(z)
    torch.testing.assert_close(made.log_weights(x, {"z": noise}), expected)
    out = made.objective(Batch(x), {"z": noise})
    torch.testing.assert_close(out.loss, -expected)
    torch.testing.assert_close(out.parts["bound"], expected)


def test_importance_weights_of_the_flows_average_to_the_evidence_on_a_grid():
    """E w = p(x): it holds only if log q is the density of the codes that come out of the flows."""
    made, x = model(), torch.rand(1, 6).round()
    with torch.no_grad():  # wider than the posterior, so that no weight is large
        made.encoder[-1].bias[2:4] += 3
    axis = torch.linspace(-8, 8, 401)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        joint = made.log_joint(x.expand(len(grid), -1), {"z": grid})
        evidence = (joint.logsumexp(0) + 2 * math.log(16 / 400)).item()
        torch.manual_seed(2)
        noise = {"z": torch.randn(200_000, 2)}
        weights = made.log_weights(x.expand(200_000, -1), noise)
        estimate = (weights.logsumexp(0) - math.log(200_000)).item()
    assert estimate == pytest.approx(evidence, abs=0.01)
    assert weights.mean().item() < evidence


def test_the_code_of_an_image_is_where_the_flows_send_the_mean():
    made, x = model(), torch.rand(3, 6)
    torch.testing.assert_close(
        made.encode(x), made.posterior_sample(x, {"z": torch.zeros(3, 2)})[0]
    )
    torch.testing.assert_close(made.reconstruct(x), made.decoder(made.encode(x)).sigmoid())
