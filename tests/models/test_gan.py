"""The adversarial network against its two losses by hand and a plain loop of two optimisers."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy

from ae.models.base import Batch
from ae.models.gan import GAN
from ae.spec import Descent
from ae.training.batches import Source
from ae.training.noise import NoiseSource
from ae.training.stack import Stack, generator
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
ARGUMENTS = {"latent": 4, "hidden": [9], "units": [6, 5], "pieces": 3}
SPREAD = {"spread": 0.3, "discriminator_spread": 0.2}


def build(keep_input=0.8, keep_hidden=0.5):
    return GAN(12, **ARGUMENTS, keep_input=keep_input, keep_hidden=keep_hidden, **SPREAD)


def noise(model, count, objective="objective"):
    return {
        name: torch.rand(count, *draw.shape)
        for name, draw in model.draws_for(objective, None).items()
    }


def by_hand(model, x, given):
    """D of each image, its units dropped one by one."""
    out = []
    for kind, images in (("real", x), ("made", model.decode(model.prior_code(given)))):
        h = images
        for i, layer in enumerate(model.discriminator):
            keep = 0.8 if i == 0 else 0.5
            h = layer(torch.where(given[f"{kind}_{i}"] < keep, h / keep, 0.0))
        out.append(h.squeeze(-1).sigmoid())
    return out


def test_the_losses_are_the_programs():
    """D: the mean of its two cross entropies; G: that of D(G(z)) against 1, dropout included."""
    model, x = build(), torch.rand(8, 12)
    given = noise(model, 8)
    real, made = by_hand(model, x, given)
    out = model.objective(Batch(x), given)
    one, none = torch.ones(8), torch.zeros(8)
    each = (
        binary_cross_entropy(real, one, reduction="none")
        + binary_cross_entropy(made, none, reduction="none")
    ) / 2
    torch.testing.assert_close(out.adversaries["discriminator"], each)
    torch.testing.assert_close(out.loss, binary_cross_entropy(made, one, reduction="none"))
    torch.testing.assert_close(out.parts["real"], real)
    torch.testing.assert_close(out.parts["made"], made)


def test_the_prior_has_mean_0_and_variance_1_and_stays_within_root_3():
    model = build()
    z = model.prior_code({"z": torch.rand(100_000, 4)})
    assert z.abs().max() <= math.sqrt(3)
    assert z.mean().item() == pytest.approx(0, abs=0.01)
    assert z.var().item() == pytest.approx(1, abs=0.01)


def test_pixels_begin_at_their_means():
    model, x = build(), torch.rand(40, 12)
    with torch.no_grad():
        model.set_bias(x)
        for parameter in [*model.generator[:-1].parameters(), model.generator[-1].weight]:
            parameter.zero_()
        torch.testing.assert_close(model.decode(torch.randn(3, 4)), x.mean(0).expand(3, -1))
        model.set_bias(torch.zeros(5, 12))
    assert model.generator[-1].bias.unique().tolist() == pytest.approx([math.log(1e-7)])


def test_weights_begin_within_their_spread_and_biases_at_0():
    model = build()
    for name, parameter in model.named_parameters():
        bound = 0.3 if name.startswith("generator") else 0.2
        if parameter.dim() == 2:
            assert 0.8 * bound < parameter.abs().max() <= bound
        else:
            assert not parameter.any()


def test_both_networks_step_at_once_with_momentum_and_a_falling_rate():
    """Two optimisers of torch's in a plain loop, gradients of one forward pass for both."""
    x = torch.rand(64, 12, generator=torch.Generator().manual_seed(1))
    stage = Descent(
        objective="objective",
        modules="all",
        batch=32,
        epochs=3,
        optimizer={"class": "SGD", "lr": 0.1, "momentum": 0.5},
        schedules=(
            {"key": "lr", "kind": "exponential", "at": (0, 3), "values": (1.0, 0.5)},
            {"key": "momentum", "kind": "linear", "at": (0, 3), "values": (0.5, 0.7)},
        ),
    )
    stack, source = Stack([build], [5]), Source(64, lambda index: Batch(x[index]))
    model = build()
    model.load_state_dict({k: v[0].clone() for k, v in stack.tensors().items()})
    for _ in Training(stack, [("main", stage)], source).run():
        pass
    parts = model.generator.parameters(), model.discriminator.parameters()
    optimizers = [torch.optim.SGD(own, lr=0.1, momentum=0.5) for own in parts]
    order, draws, step = generator(5, "order"), NoiseSource([5], "cpu", "noise"), 0
    for _ in range(3):
        for index in torch.randperm(64, generator=order).split(32):
            given = {k: v[0] for k, v in draws.draw(model.draws, 32).items()}
            out = model.objective(Batch(x[index]), given)
            losses = out.loss.mean(), out.adversaries["discriminator"].mean()
            for optimizer, loss in zip(optimizers, losses, strict=True):
                own = optimizer.param_groups[0]
                own["lr"], own["momentum"] = 0.1 * 0.5 ** (step / 6), 0.5 + 0.2 * step / 6
                grads = torch.autograd.grad(loss, own["params"], retain_graph=True)
                for parameter, grad in zip(own["params"], grads, strict=True):
                    parameter.grad = grad
            for optimizer in optimizers:
                optimizer.step()
            step += 1
    for name, value in model.state_dict().items():
        torch.testing.assert_close(stack.tensors()[name][0], value, rtol=1e-9, atol=1e-12)
