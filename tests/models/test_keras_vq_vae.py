"""The Keras example: TensorFlow's convolutions, the loss, and a prior that sums to 1."""

import itertools

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import nn

from ae.models.base import Batch
from ae.models.keras_vq_vae import Doubling, Halving, KerasVQVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

SIDE, ENTRIES, BETA, VARIANCE = 8, 3, 0.25, 0.1


def made(beta=BETA, side=SIDE, entries=ENTRIES):
    model = KerasVQVAE(
        side**2,
        planes=[3, 4],
        width=2,
        entries=entries,
        beta=beta,
        variance=VARIANCE,
        prior_planes=6,
        prior_blocks=1,
        prior_layers=1,
    )
    for parameter in model.prior.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


def batch(examples=9, side=SIDE):
    return Batch(torch.rand(examples, side**2))


def test_a_halving_adds_its_zeros_below_and_on_the_right():
    layer, x = Halving(1, 1), torch.rand(1, 1, 4, 4)
    framed = torch.zeros(5, 5)
    framed[:4, :4] = x
    for i, j in itertools.product(range(2), repeat=2):
        window = framed[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        expected = (window * layer.layer.weight).sum() + layer.layer.bias[0]
        torch.testing.assert_close(layer(x)[0, 0, i, j], expected)


def test_a_doubling_is_the_transpose_of_a_halving():
    down, up = Halving(3, 2), Doubling(2, 3)
    up.layer.weight = down.layer.weight
    x, y = torch.randn(1, 3, 6, 6), torch.randn(1, 2, 3, 3)
    torch.testing.assert_close((down(x) * y).sum(), (x * up(y)).sum())


def test_the_network_of_the_example_has_its_number_of_parameters():
    model = KerasVQVAE(
        784,
        planes=[32, 64],
        width=16,
        entries=128,
        beta=0.25,
        variance=1.0,
        prior_planes=128,
        prior_blocks=2,
        prior_layers=2,
    )
    count = {
        name: sum(p.numel() for p in part.parameters()) for name, part in model.named_children()
    }
    assert (count["encoder"], count["decoder"]) == (19856, 28033)
    assert model.codebook.numel() == 2 * 1024  # the page's summary is of 64 entries
    below = 3 * 7 * 128 * 128 + 2 * 3 * 128 * 64  # rows of kernels that are masked whole
    assert count["prior"] + below == 1049728
    assert model.codebook.abs().max() <= 0.05


def test_the_loss_is_error_codebook_and_commitment():
    model, data = made(beta=0.4), batch()
    z, entries = model.vectors(data.x), model.codebook[model.codes(data.x)]
    squares = ((z - entries) ** 2).mean((1, 2))
    found = model.objective(data, {})
    error = ((model.reconstruct(data.x) - data.x) ** 2).mean(-1) / VARIANCE
    torch.testing.assert_close(found.parts["nmse"], error)
    torch.testing.assert_close(found.parts["vq_loss"], 1.4 * squares)
    torch.testing.assert_close(found.loss, error + 1.4 * squares)


def test_the_encoder_gets_the_decoders_gradient_at_the_entries():
    model, data = made(), batch(3)
    z, codes = model.vectors(data.x).detach(), model.codes(data.x)
    entries = model.codebook[codes].detach().requires_grad_()
    error = ((model.image_of(entries) - data.x) ** 2).mean(-1) / VARIANCE
    (through,) = torch.autograd.grad(error.sum(), entries)
    pull = BETA * 2 * (z - entries.detach()) / z[0].numel()
    weights = list(model.encoder.parameters())
    direct = torch.autograd.grad((model.vectors(data.x) * (through + pull)).sum(), weights)
    found = torch.autograd.grad(model.objective(data, {}).loss.sum(), weights)
    for a, b in zip(found, direct, strict=True):
        torch.testing.assert_close(a, b)


def everything(places):
    """All sequences of codes."""
    return torch.tensor(list(itertools.product(range(ENTRIES), repeat=places)))


def test_the_prior_of_all_sequences_of_codes_sums_to_1():
    model = made()  # 2 x 2 places: 81 sequences
    assert model.log_prior(everything(4)).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_no_logit_moves_with_a_code_that_comes_later():
    model = made(side=12)  # 3 x 3 places
    codes = torch.randint(ENTRIES, (5, 9))
    logits = model.logits(codes)
    for place in range(9):
        other = codes.clone()
        other[:, place:] = (other[:, place:] + 1) % ENTRIES
        assert torch.equal(model.logits(other)[..., : place + 1], logits[..., : place + 1])
        if place < 8:
            assert not torch.equal(model.logits(other)[..., place + 1], logits[..., place + 1])


def test_codes_are_drawn_as_often_as_the_prior_says():
    model, draws = made(), 4000
    codes = model.generate({"codes": torch.rand(draws, 4)})
    number = (codes * torch.tensor([27, 9, 3, 1])).sum(-1)
    counts = np.bincount(number.numpy(), minlength=81)
    expected = model.log_prior(everything(4)).exp().detach().numpy() * draws
    often = expected > 5
    rest = [counts[~often].sum()], [expected[~often].sum()]
    test = chisquare(np.append(counts[often], rest[0]), np.append(expected[often], rest[1]))
    assert often.sum() > 20
    assert test.pvalue > 1e-3


def test_the_priors_loss_is_nats_a_code_and_reaches_the_prior_alone():
    model, data = made(), batch(6)
    found = model.code_nll(data, {})
    codes = model.codes(data.x)
    torch.testing.assert_close(found.loss, -model.log_prior(codes) / 4)
    likeliest = 100 * (model.logits(codes).argmax(1) == codes).double().mean(-1)
    torch.testing.assert_close(found.parts["accuracy"], likeliest)
    grads = torch.autograd.grad(found.loss.sum(), list(model.parameters()), allow_unused=True)
    reached = {
        n for (n, _), g in zip(model.named_parameters(), grads, strict=True) if g is not None
    }
    assert reached == {n for n, _ in model.named_parameters() if n.startswith("prior.")}


def test_another_image_is_refused():
    with pytest.raises(ValueError, match="expected a square image whose side is a multiple of 4"):
        made(side=10)
