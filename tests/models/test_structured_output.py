"""The completion model against torch.distributions; what is given and what is not; the estimators."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy

from ae.models.base import Batch
from ae.models.structured_output import CVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def model(quadrants=1, **changes):
    return CVAE(16, quadrants=quadrants, **{"hidden": [7, 5], "latent": 2, **changes})


@pytest.mark.parametrize(
    ("quadrants", "given"),
    [
        (1, ["....", "....", "xx..", "xx.."]),
        (2, ["xx..", "xx..", "xx..", "xx.."]),
        (3, ["xxxx", "xxxx", "xx..", "xx.."]),
    ],
)
def test_the_quadrants_are_those_of_the_tutorial(quadrants, given):
    rows = model(quadrants).given.view(4, 4)
    assert ["".join("x" if v else "." for v in row) for row in rows] == given


@pytest.mark.parametrize("quadrants", [0, 4])
def test_other_numbers_of_quadrants_are_refused(quadrants):
    with pytest.raises(ValueError, match="expected a square image of even side, and 1, 2 or 3"):
        model(quadrants)


def test_the_baseline_sees_the_given_pixels_alone_and_is_scored_on_the_others():
    net = model()
    x = torch.rand(5, 16)
    other = torch.where(net.given > 0, x, torch.rand(5, 16))
    assert torch.equal(net.baseline_logits(x), net.baseline_logits(other))
    assert not torch.equal(
        net.baseline_logits(x), net.baseline_logits(torch.where(net.given > 0, 0.5, x))
    )
    loss = net.guess(Batch(x), {}).loss
    each = binary_cross_entropy(net.baseline_logits(x).sigmoid(), x, reduction="none")
    torch.testing.assert_close(loss, each[:, net.given == 0].sum(-1))


def test_every_term_is_what_torch_distributions_gives():
    net = model()
    x, noise = torch.rand(6, 16), torch.randn(6, 2)
    out = net.objective(Batch(x), {"z": noise})
    missing = net.given == 0
    guess = net.baseline_logits(x).sigmoid()
    mean, log_std = net.prior(torch.where(missing, guess, x)).chunk(2, -1)
    prior = Normal(mean, log_std.exp())
    mean, log_std = net.recognition(x).chunk(2, -1)
    posterior = Normal(mean, log_std.exp())
    z = mean + log_std.exp() * noise
    pixels = Bernoulli(logits=net.generation(z), validate_args=False).log_prob(x)[:, missing]
    ratio = (posterior.log_prob(z) - prior.log_prob(z)).sum(-1)
    torch.testing.assert_close(out.loss, ratio - pixels.sum(-1))
    torch.testing.assert_close(out.parts["kl"], kl_divergence(posterior, prior).sum(-1))
    torch.testing.assert_close(out.parts["baseline"], net.guess(Batch(x), {}).loss)
    torch.testing.assert_close(net.log_weights(x, {"z": noise}), -out.loss)


def test_the_baseline_does_not_learn_from_what_is_built_on_it():
    net = model()
    loss = net.objective(Batch(torch.rand(3, 16)), {"z": torch.randn(3, 2)}).loss.mean()
    grads = torch.autograd.grad(loss, list(net.baseline.parameters()), allow_unused=True)
    assert all(g is None or not g.any() for g in grads)


def test_both_estimators_tend_to_the_conditional_likelihood():
    """One latent number, so that an integral over a grid is the truth."""
    net = model(latent=1, hidden=[4])
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(2.0)
    x = (torch.rand(3, 16) > 0.5).double()
    grid = torch.linspace(-12, 12, 40_001).unsqueeze(-1)
    step = float(grid[1] - grid[0])
    truth = torch.stack(
        [net.log_joint(one.expand(len(grid), -1), {"z": grid}).logsumexp(0) for one in x]
    ) + math.log(step)
    many = 40_000
    noise = {"z": torch.randn(many, 1)}
    for method in (net.log_weights, net.log_prior_weights):
        found = torch.stack(
            [method(one.expand(many, -1), noise).logsumexp(0) - math.log(many) for one in x]
        )
        torch.testing.assert_close(found, truth, rtol=0, atol=0.03)


def test_completions_keep_what_is_given():
    net = model(2)
    x, noise = torch.rand(4, 16), {"z": torch.randn(4, 2)}
    given = net.given > 0
    mean, logvar = net.conditional_prior(x)
    pixels = net.decode(mean + (logvar / 2).exp() * noise["z"])
    for made, free in ((net.complete(x, noise), pixels), (net.reconstruct(x), None)):
        assert torch.equal(made[:, given], x[:, given])
        if free is not None:
            torch.testing.assert_close(made[:, ~given], free[:, ~given])
    torch.testing.assert_close(
        net.reconstruct(x)[:, ~given], net.baseline_logits(x).sigmoid()[:, ~given]
    )


def test_the_networks_are_the_tutorials():
    net = CVAE(784, quadrants=1, hidden=[500, 500], latent=200)
    counts = {
        name: sum(p.numel() for p in part.parameters()) for name, part in net.named_children()
    }
    hidden = 784 * 500 + 500 + 500 * 500 + 500
    assert counts == {
        "baseline": hidden + 500 * 784 + 784,
        "prior": hidden + 500 * 400 + 400,
        "recognition": hidden + 500 * 400 + 400,
        "generation": 200 * 500 + 500 + 500 * 500 + 500 + 500 * 784 + 784,
    }
