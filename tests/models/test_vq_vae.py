"""The vector-quantised autoencoder: its gradients, and the codebook that follows the vectors."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from ae.models.base import Batch
from ae.models.vq_vae import FLOOR, VQVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

COLOURS, SIDE, ENTRIES, WIDTH, BETA, VARIANCE = 2, 8, 6, 3, 0.25, 0.3


def made(codebook="averages", decay=0.99, beta=BETA):
    return VQVAE(
        COLOURS * SIDE**2,
        colours=COLOURS,
        planes=8,
        residual_planes=4,
        residual_layers=2,
        width=WIDTH,
        entries=ENTRIES,
        codebook=codebook,
        decay=decay,
        beta=beta,
        variance=VARIANCE,
    )


def batch(examples=10):
    return Batch(torch.rand(examples, COLOURS * SIDE**2))


def coded(model, x):
    """Vectors and the entries that stand for them, one a row."""
    z = model.vectors(x).detach().flatten(0, 1)
    return z, model.codes(x).flatten()


@pytest.mark.parametrize("decay", [0.0, 0.99])
def test_the_first_step_of_the_averages_is_a_step_of_k_means(decay):
    model, data = made(decay=decay), batch()
    z, _ = coded(model, data.x)
    model.codebook.copy_(z[:: len(z) // ENTRIES][:ENTRIES])
    start = model.codebook.numpy().copy()
    model.objective(data, {})
    oracle = KMeans(ENTRIES, init=start, n_init=1, max_iter=1, tol=0).fit(z.numpy())
    np.testing.assert_allclose(model.codebook, oracle.cluster_centers_, rtol=1e-4)  # FLOOR's part
    assert np.abs(model.codebook.numpy() - start).max() > 0.01


def test_an_entry_that_no_vector_chose_is_0_from_the_first_step_on():
    model, data = made(), batch()
    _, codes = coded(model, data.x)
    unused = [k for k in range(ENTRIES) if not (codes == k).any()]
    assert 0 < len(unused) < ENTRIES
    model.objective(data, {})
    for k in range(ENTRIES):
        assert bool(model.codebook[k].any()) is (k not in unused)


def test_later_steps_are_ratios_of_moving_averages_without_their_bias():
    model, decay = made(decay=0.8), 0.8
    sizes, sums = np.zeros(ENTRIES), np.zeros((ENTRIES, WIDTH))
    for step in range(1, 4):
        data = batch()
        z, codes = coded(model, data.x)
        model.objective(data, {})
        for k in range(ENTRIES):
            own = z[codes == k].numpy()
            sizes[k] = decay * sizes[k] + (1 - decay) * len(own)
            sums[k] = decay * sums[k] + (1 - decay) * own.sum(0)
        seen = 1 - decay**step
        total = (sizes / seen).sum()
        each = (sizes / seen + FLOOR) / (total + ENTRIES * FLOOR) * total
        np.testing.assert_allclose(model.codebook, sums / seen / each[:, None], rtol=1e-9)
        assert total == pytest.approx(len(z))


def test_averages_stand_still_outside_of_training():
    model, data = made().eval(), batch()
    before = {k: v.clone() for k, v in model.named_buffers()}
    model.objective(data, {})
    for name, buffer in model.named_buffers():
        assert torch.equal(buffer, before[name]), name


def test_the_image_is_of_the_codebook_before_the_step():
    model, data = made(), batch()
    expected = ((model.reconstruct(data.x) - data.x) ** 2).mean(-1) / VARIANCE
    torch.testing.assert_close(model.objective(data, {}).parts["nmse"], expected)
    moved = ((model.reconstruct(data.x) - data.x) ** 2).mean(-1) / VARIANCE
    assert not torch.allclose(moved, expected)


def test_vectors_get_the_gradient_of_their_entries_and_the_pull_of_the_commitment():
    model, data = made(beta=0.7).eval(), batch(3)
    z, codes = model.vectors(data.x).detach(), model.codes(data.x)
    entries = model.codebook[codes].requires_grad_()
    error = ((model.image_of(entries) - data.x) ** 2).mean(-1) / VARIANCE
    (through,) = torch.autograd.grad(error.sum(), entries)
    pull = 0.7 * 2 * (z - entries.detach()) / (z.shape[1] * WIDTH)
    direct = torch.autograd.grad(
        (model.vectors(data.x) * (through + pull)).sum(), list(model.encoder.parameters())
    )
    found = torch.autograd.grad(
        model.objective(data, {}).loss.sum(), list(model.encoder.parameters())
    )
    for a, b in zip(found, direct, strict=True):
        torch.testing.assert_close(a, b)


def test_a_trained_codebook_gets_the_pull_of_its_vectors_and_nothing_of_the_image():
    model, data = made("gradient"), batch(4)
    z, codes = coded(model, data.x)
    (found,) = torch.autograd.grad(model.objective(data, {}).loss.mean(), model.codebook)
    for k in range(ENTRIES):
        own = z[codes == k]
        expected = 2 * (model.codebook[k] - own).sum(0) / z.numel()
        torch.testing.assert_close(found[k], expected.detach())


@pytest.mark.parametrize(
    ("codebook", "factor"), [("averages", 0.4), ("gradient", 1.4), ("fixed", 0.4)]
)
def test_the_loss_has_the_terms_of_its_rule(codebook, factor):
    model, data = made(codebook, beta=0.4).eval(), batch(5)
    z, entries = model.vectors(data.x), model.codebook[model.codes(data.x)]
    found = model.objective(data, {})
    squares = ((z - entries) ** 2).mean((1, 2))
    torch.testing.assert_close(found.parts["vq_loss"], factor * squares)
    torch.testing.assert_close(found.loss, found.parts["nmse"] + found.parts["vq_loss"])


def test_a_fixed_codebook_is_as_it_was_drawn():
    model = made("fixed")
    before = model.codebook.clone()
    model.objective(batch(), {})
    assert torch.equal(model.codebook, before)
    assert "codebook" not in dict(model.named_parameters())
    assert before.abs().max() <= 1  # sqrt(3 / WIDTH)


def test_perplexity_is_that_of_all_places_of_the_batch():
    model, data = made().eval(), batch(7)
    shares = torch.bincount(model.codes(data.x).flatten(), minlength=ENTRIES) / (7 * 4)
    expected = torch.special.entr(shares).sum().exp()
    found = model.objective(data, {}).parts["perplexity"]
    torch.testing.assert_close(found, expected.expand(7))


def test_places_are_read_row_by_row():
    model, data = made(), batch(2)
    planes = model.encoder((data.x - 0.5).reshape(2, COLOURS, SIDE, SIDE))
    z = model.vectors(data.x)
    torch.testing.assert_close(z[:, 1], planes[:, :, 0, 1])  # above, on the right
    torch.testing.assert_close(model.image_of(z), model.decoder(planes).flatten(1) + 0.5)


def test_another_side_is_refused():
    with pytest.raises(ValueError, match="features 72: expected 2 square planes whose side is a"):
        VQVAE(
            72,
            colours=2,
            planes=4,
            residual_planes=2,
            residual_layers=1,
            width=2,
            entries=2,
            codebook="fixed",
            decay=0.9,
            beta=1.0,
            variance=1.0,
        )
