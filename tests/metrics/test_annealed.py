"""Annealed importance sampling against evidence that is known, and its transitions against theory."""

import pytest
import torch
from densities import evidence_of_two_layers, evidence_on_a_grid, narrow_vae, six_bits, two_layers
from torch.distributions import MultivariateNormal

from ae.errors import UserError
from ae.metrics import annealed, likelihood
from ae.metrics.hamiltonian import LEAST, MOST, Chains, trajectory

ALL = {"split": "test", "examples": 1000}


def test_it_agrees_with_the_evidence_of_two_layers(run):
    x = torch.tensor([[0.4], [-1.1], [2.0]])
    trained = run(two_layers([0.0, 3.0]), x, shape=(1, 1))  # it does not see the posterior
    exact = -evidence_of_two_layers(x).mean().item()
    found = annealed.nll(trained, **ALL, chains=1000, temperatures=50, leapfrogs=1, step=0.3)
    assert found == pytest.approx([exact, exact], abs=0.03)


def test_it_agrees_with_the_grid_and_with_importance_sampling(run):
    stack = narrow_vae(2)
    x = six_bits(7)
    trained = run(stack, x, shape=(2, 3))
    exact = (-evidence_on_a_grid(stack, x).mean(1)).tolist()
    weighted = likelihood.nll(trained, **ALL, samples=4000)
    asked = {"chains": 400, "temperatures": 30, "leapfrogs": 1, "step": 0.3}
    for schedule in ("sigmoid", "cubic"):
        found = annealed.nll(trained, **ALL, **asked, schedule=schedule)
        assert found == pytest.approx(exact, abs=0.03)
        assert found == pytest.approx(weighted, abs=0.03)


def test_the_excess_is_importance_sampling_less_annealing_and_sees_a_bad_posterior(run):
    x = torch.tensor([[0.4], [-1.1], [2.0]])
    trained = run(two_layers([0.0, 3.0]), x, shape=(1, 1))
    sizes = {"chains": 200, "temperatures": 80, "leapfrogs": 5, "step": 0.3}
    good, bad = annealed.excess(trained, **ALL, samples=2, **sizes)
    exact = -evidence_of_two_layers(x).mean().item()
    sampled = likelihood.nll(trained, **ALL, samples=2)
    assert good == pytest.approx(sampled[0] - exact, abs=0.03)
    assert bad == pytest.approx(sampled[1] - exact, abs=0.03)
    assert bad > good + 1


def test_two_temperatures_are_importance_sampling_from_the_standard_normal(run):
    x = torch.tensor([[0.4], [-1.1]])
    trained = run(two_layers([0.0]), x, shape=(1, 1))
    g = trained.generator(0, "annealed/0")
    z = torch.empty(50, 2, 2).normal_(generator=g)
    z1, z2 = z[..., :1], z[..., 1:]
    joint = trained.stack.sample("log_joint", x, {"z1": z1[None], "z2": z2[None]})[0]
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    exact = -(joint - prior).exp().mean(0).log().mean().item()
    found = annealed.nll(trained, **ALL, chains=50, temperatures=2, leapfrogs=1, step=0.1)
    assert found == [pytest.approx(exact)]


def test_the_schedule_goes_from_0_to_1_and_is_dense_at_both_ends():
    schedule = annealed.sigmoid_schedule(101)
    assert (schedule[0], schedule[50], schedule[100]) == pytest.approx((0, 0.5, 1), abs=1e-12)
    assert schedule[1] < 0.002
    assert schedule[51] - schedule[50] > 0.018


def test_the_cubic_schedule_is_dense_at_0():
    schedule = annealed.cubic_schedule(11)
    assert (schedule[0], schedule[1], schedule[5], schedule[10]) == pytest.approx(
        (0, 0.001, 0.125, 1), abs=1e-15
    )


def gaussian(scale=1.0):
    return MultivariateNormal(
        scale * torch.tensor([1.0, -2.0]), scale**2 * torch.tensor([[1.0, 0.6], [0.6, 0.5]])
    )


def test_transitions_leave_the_target_as_it_is(exact_arithmetic):
    target = gaussian()
    chains = Chains.at(target.sample((4000,)), 0, 0.1)
    for _ in range(30):
        chains.move(target.log_prob, torch.randn(4000, 2), torch.rand(4000), 5)
    torch.testing.assert_close(chains.z.mean(0), target.mean, atol=0.06, rtol=0)
    torch.testing.assert_close(chains.z.T.cov(), target.covariance_matrix, atol=0.08, rtol=0)


def test_transitions_reach_the_target_from_elsewhere(exact_arithmetic):
    target = gaussian(0.1)
    chains = Chains.at(torch.randn(2000, 2), 0, 0.01)
    for _ in range(300):
        chains.move(target.log_prob, torch.randn(2000, 2), torch.rand(2000), 5)
    torch.testing.assert_close(chains.z.mean(0), target.mean, atol=0.01, rtol=0)
    torch.testing.assert_close(chains.z.T.cov(), target.covariance_matrix, atol=0.0012, rtol=0)
    assert chains.accepted.mean().item() == pytest.approx(0.65, abs=0.05)


def test_a_trajectory_keeps_the_energy_to_second_order_of_the_step(exact_arithmetic):
    target = gaussian()
    z, momentum = torch.randn(5, 2), torch.randn(5, 2)
    coarse, fine = (
        trajectory(target.log_prob, z, momentum, torch.full((5,), step), leapfrogs)[1].abs().max()
        for step, leapfrogs in ((0.1, 10), (0.05, 20))
    )
    assert fine < coarse / 3 < 0.1


def test_a_trajectory_leads_back_with_the_opposite_momentum(exact_arithmetic):
    target = gaussian()
    z, momentum, step = torch.randn(5, 2), torch.randn(5, 2), torch.full((5,), 0.2)

    def slope(z):
        z = z.clone().requires_grad_()
        return torch.autograd.grad(target.log_prob(z).sum(), z)[0]

    there, gain = trajectory(target.log_prob, z, momentum, step, 1)
    arrived = momentum + 0.1 * (slope(z) + slope(there))
    back, loss = trajectory(target.log_prob, there, -arrived, step, 1)
    torch.testing.assert_close(back, z)
    torch.testing.assert_close(loss, -gain)
    energy = target.log_prob(there) - target.log_prob(z)
    torch.testing.assert_close(gain, energy - ((arrived**2).sum(-1) - (momentum**2).sum(-1)) / 2)


def test_steps_adapt_within_their_limits_target_by_target(exact_arithmetic):
    chains = Chains.at(torch.zeros(3, 2, 1), 0, 0.01)

    def density(z):  # flat for the first target; a wall for the second
        return torch.stack([0 * z[:, 0, 0], -1e12 * z[:, 1, 0] ** 2], 1)

    for _ in range(400):
        chains.move(density, torch.ones(3, 2, 1), torch.full((3, 2), 0.5), 2)
    assert chains.step.tolist() == [[MOST, LEAST]]
    assert torch.isfinite(chains.z).all()


def test_too_few_temperatures_are_refused(run):
    trained = run(two_layers([0.0]), torch.zeros(1, 1), shape=(1, 1))
    with pytest.raises(UserError, match="found 1 temperatures, 4 chains, 2 leapfrogs"):
        annealed.nll(trained, **ALL, chains=4, temperatures=1, leapfrogs=2, step=0.1)
