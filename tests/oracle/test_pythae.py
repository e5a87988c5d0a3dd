"""Our twelve models of the Pythae benchmark train as the library's own, release 0.1.2, step by step.

Same first weights, images and noise, in double precision; a step of the library's is its trainer's. Its
loss leaves out the constant of a Gaussian density; that of its IWAE has another value and the same
gradient. A sample of the sphere is ours: its own rejection draws by torch.distributions. The library's
trainer with two optimisers, RAE-L2's, takes the loss backward twice and clears the encoder's gradient
once: the encoder steps by twice the gradient, which Adam forgives but for its epsilon.
"""

import math

import pytest
import torch

from ae.maths import von_mises
from ae.maths.benchmark_networks import benchmark_networks
from ae.maths.masked_flows import MaskedFlow
from ae.models.base import Batch

pytestmark = pytest.mark.filterwarnings("ignore")  # what the library's imports are warned of
STEPS, BATCH = 12, 16
CONSTANT = ["vae", "beta-vae", "vamp-vae", "info-vae", "aae", "svae"]  # is in our loss
TOLERANCE = {"rtol": 1e-7, "atol": 1e-8}


@pytest.fixture
def models(exact_arithmetic):
    import pythae_models

    return pythae_models


def noise(draws):
    return {
        name: torch.randn(BATCH, *draw.shape)
        if draw.law == "normal"
        else torch.rand(BATCH, *draw.shape)
        for name, draw in draws.items()
    }


def their_output(name, models, model, x, drawn):
    """The library's output, with our noise."""
    if name == "svae":
        model._sample_von_mises = lambda loc, kappa: von_mises.sample(loc, kappa[:, 0], **drawn)
        return model({"data": x})
    with models.noise_of(*drawn.values()):
        return model({"data": x})


def our_step(name, model, optimizer, batch, drawn):
    """As the suite's trainer: an adversary has the gradient of its own loss alone."""
    out = model.objective(batch, drawn)
    optimizer.zero_grad()
    loss = out.loss.mean()
    if name == "aae":
        own = [p for n, p in model.named_parameters() if "discriminator" not in n]
        grads = torch.autograd.grad(loss, own, retain_graph=True)
        told = [*model.discriminator.parameters()]
        theirs = torch.autograd.grad(out.adversaries["discriminator"].mean(), told)
        for p, g in zip([*own, *told], [*grads, *theirs], strict=True):
            p.grad = g
    else:
        loss.backward()
    if name == "l2-rae":
        for p in model.encoder.parameters():
            p.grad *= 2
    optimizer.step()
    return out


NAMES = [*CONSTANT, "ae", "iwae", "wae", "l2-rae", "gp-rae", "vq-vae"]


@pytest.mark.parametrize("name", NAMES)
def test_every_step_costs_the_same_and_the_weights_stay_the_same(name, models):
    tolerance = TOLERANCE
    if name == "vq-vae":  # whose choices the library keeps in single precision
        torch.set_default_dtype(torch.float32)
        tolerance = {"rtol": 1e-4, "atol": 1e-5}
    ours, theirs = models.pair(name)
    optimizer, step = models.own_optimizer(name, ours), models.stepper(name, theirs)
    constant = models.FEATURES / 2 * math.log(2 * math.pi)
    for _ in range(STEPS):
        x, drawn = torch.rand(BATCH, models.FEATURES), noise(ours.draws)
        output = their_output(name, models, theirs, x.clone(), drawn)
        out = our_step(name, ours, optimizer, Batch(x), drawn)
        if name == "iwae":
            cost = -out.parts["elbo"].mean() - constant
            expected = output.recon_loss + output.reg_loss
        elif name == "aae":
            cost = out.loss.mean() - constant + out.adversaries["discriminator"].mean()
            expected = output.loss
        else:
            cost = out.loss.mean() - (constant if name in CONSTANT else 0)
            expected = output.loss
        torch.testing.assert_close(cost, expected, **tolerance)
        step(output)
    halves = ["encoder", "decoder", *(["discriminator"] if name == "aae" else [])]
    for half in halves:
        own, other = getattr(ours, half), getattr(theirs, half).layers
        for key, value in own.state_dict().items():
            torch.testing.assert_close(value, other.state_dict()[key], **tolerance)
    if name == "vq-vae":
        torch.testing.assert_close(ours.codebook, theirs.quantizer.embeddings[:, 0], **tolerance)
    if name == "vamp-vae":
        torch.testing.assert_close(ours.inputs.weight, theirs.pseudo_inputs[0].weight, **tolerance)


def test_a_penalty_or_a_discrepancy_is_no_small_part_of_what_is_compared(models):
    for name, part, weight in (
        ("wae", "discrepancy", 10.0),
        ("info-vae", "discrepancy", 999.25),
        ("gp-rae", "gradient", 10.0),
        ("l2-rae", "length", 0.01),
    ):
        ours, _ = models.pair(name)
        out = ours.objective(Batch(torch.rand(BATCH, models.FEATURES)), noise(ours.draws))
        assert abs(weight * out.parts[part].mean()) > 1000 * TOLERANCE["rtol"] * out.loss.mean()


@pytest.mark.parametrize("inverse", [False, True])
def test_flows_have_the_librarys_masks_and_densities(inverse, models):
    from pythae.models.normalizing_flows import IAF, MAF, IAFConfig, MAFConfig

    ours = MaskedFlow(5, width=9, layers=2, blocks=3, inverse=inverse).double()
    kind, config = (IAF, IAFConfig) if inverse else (MAF, MAFConfig)
    sizes = {"n_made_blocks": 3, "n_hidden_in_made": 2, "hidden_size": 9}
    theirs = kind(config(input_dim=(5,), include_batch_norm=False, **sizes)).double()
    own, other = ours.state_dict(), theirs.state_dict()
    for key, held in zip(own, other, strict=True):
        if "mask" in key:
            assert torch.equal(own[key], other[held])
        other[held] = own[key]
    theirs.load_state_dict(other)
    z = torch.randn(7, 5)
    found = theirs(z)
    base = torch.distributions.Normal(0, 1).log_prob(found.out).sum(-1)
    torch.testing.assert_close(ours.log_prob(z), base + found.log_abs_det_jac, **TOLERANCE)
    torch.testing.assert_close(ours.sample(z), theirs.inverse(z).out, **TOLERANCE)


def test_convolutions_are_the_librarys(models):
    from pythae.models.nn.benchmarks.mnist import Decoder_Conv_AE_MNIST, Encoder_Conv_AE_MNIST

    torch.set_default_dtype(torch.float32)
    config = models.AEConfig(input_dim=(1, 28, 28), latent_dim=16)
    theirs = Encoder_Conv_AE_MNIST(config), Decoder_Conv_AE_MNIST(config)
    widths = [128, 256, 512, 1024]
    ours = benchmark_networks(784, 16, 16, network="convolutions", widths=widths)
    for own, other in zip(ours, theirs, strict=True):
        held = [*other.state_dict().values()]
        own.load_state_dict(dict(zip(own.state_dict(), held, strict=True)))
    x, z = torch.rand(3, 784), torch.randn(3, 16)
    with torch.no_grad():
        torch.testing.assert_close(ours[0](x), theirs[0](x.view(-1, 1, 28, 28)).embedding)
        made = theirs[1](z).reconstruction.flatten(1)
        torch.testing.assert_close(ours[1](z).sigmoid(), made)
