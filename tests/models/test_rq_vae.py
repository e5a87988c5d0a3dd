"""The residual-quantised autoencoder against its algorithm written as loops."""

import numpy as np
import pytest
import torch

from ae.models.base import Batch
from ae.models.rq_vae import FLOOR, RQVAE

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

COLOURS, SIDE, PLACES, ENTRIES, WIDTH, BETA, VARIANCE = 2, 8, 4, 7, 3, 0.25, 0.3


def made(depth=3, restart=True, decay=0.9, beta=BETA):
    model = RQVAE(
        COLOURS * SIDE**2,
        colours=COLOURS,
        planes=8,
        residual_planes=4,
        residual_layers=2,
        width=WIDTH,
        entries=ENTRIES,
        depth=depth,
        decay=decay,
        restart=restart,
        beta=beta,
        variance=VARIANCE,
    )
    model.codebook.mul_(0.3)
    return model


def batch(examples=10):
    return Batch(torch.rand(examples, COLOURS * SIDE**2))


def noise(model, examples=10):
    return {"order": torch.rand(examples, *model.draws["order"].shape)}


def quantised(vectors, codebook):
    """Each vector's nearest entry and where it stands, by loops."""
    distances = ((vectors[:, None] - codebook) ** 2).sum(-1)
    return distances.argmin(-1)


@pytest.mark.parametrize("restart", [True, False])
def test_a_step_moves_the_shared_codebook_once_a_depth_by_what_that_depth_sees(restart):
    model, data, decay = made(restart=restart), batch(), 0.9
    drawn = noise(model)
    left = model.vectors(data.x).detach().flatten(0, 1).numpy()
    book, sums = model.codebook.numpy().copy(), model.sums.numpy().copy()
    sizes, count = np.zeros(ENTRIES), len(left)
    for depth in range(3):
        codes = quantised(left, book)
        for k in range(ENTRIES):
            own = left[codes == k]
            sizes[k] = decay * sizes[k] + (1 - decay) * len(own)
            sums[k] = decay * sums[k] + (1 - decay) * own.sum(0)
        if restart:
            spare = drawn["order"][:, depth].flatten().argsort().numpy()[:ENTRIES]
            for k in np.flatnonzero(sizes < 1):
                sums[k], sizes[k] = left[spare[k]], 1
        left = left - book[codes]
        total = sizes.sum()
        book = sums / ((sizes + FLOOR) / (total + ENTRIES * FLOOR) * total)[:, None]
    model.objective(data, drawn)
    assert count > ENTRIES
    np.testing.assert_allclose(model.sizes.numpy(), sizes, rtol=1e-9)
    np.testing.assert_allclose(model.codebook.numpy(), book, rtol=1e-7)


def test_an_entry_out_of_use_is_laid_on_a_vector_of_the_last_depth_that_found_it_so():
    model, data = made(depth=1), batch()
    z = model.vectors(data.x).detach().flatten(0, 1)
    model.objective(data, noise(model))
    nearest = torch.cdist(model.codebook, z).min(1).values
    restarted = model.sizes == 1
    assert restarted.any()
    assert nearest[restarted].max() < 1e-4  # FLOOR's part
    assert (model.codebook[restarted].unique(dim=0).shape[0]) == int(restarted.sum())


def test_without_restarts_an_entry_out_of_use_stays_so():
    model, data = made(depth=1, restart=False), batch()
    codes = model.codes(data.x).unique()
    model.objective(data, noise(model))
    assert 0 < len(codes) < ENTRIES
    assert torch.equal(model.sizes.nonzero().flatten(), codes)


def test_a_batch_with_fewer_vectors_than_entries_is_refused():
    model = made()
    with pytest.raises(ValueError, match="a batch of 4 vectors cannot restart 7 entries"):
        model.objective(batch(1), noise(model, 1))


def test_what_is_left_is_the_vector_less_the_sum_of_its_entries():
    model, data = made().eval(), batch()
    z, codes = model.vectors(data.x), model.codes(data.x)
    found = model.residuals(data.x)
    assert found.shape == (10, 4)
    for depth in range(4):
        left = z - model.codebook[codes[..., :depth]].sum(-2)
        torch.testing.assert_close(found[:, depth], (left**2).mean((1, 2)))


def test_each_depth_takes_the_entry_nearest_to_what_is_left():
    model, data = made().eval(), batch()
    z, codes = model.vectors(data.x).detach().flatten(0, 1), model.codes(data.x).flatten(0, 1)
    for depth in range(3):
        left = z - model.codebook[codes[:, :depth]].sum(1)
        assert torch.equal(codes[:, depth], quantised(left, model.codebook))


def test_the_loss_is_squared_error_and_the_commitment_of_every_partial_sum():
    model, data = made(beta=0.7).eval(), batch()
    z, codes = model.vectors(data.x), model.codes(data.x)
    squares = [((z - model.codebook[codes[..., :d]].sum(-2)) ** 2).mean((1, 2)) for d in (1, 2, 3)]
    error = ((model.reconstruct(data.x) - data.x) ** 2).mean(-1) / VARIANCE
    found = model.objective(data, noise(model))
    torch.testing.assert_close(found.parts["vq_loss"], 0.7 * sum(squares) / 3)
    torch.testing.assert_close(found.parts["nmse"], error)
    torch.testing.assert_close(found.loss, error + 0.7 * sum(squares) / 3)


def test_vectors_get_the_gradient_of_the_whole_sum_and_the_pull_of_each_part():
    model, data = made(beta=0.7).eval(), batch(3)
    z, codes = model.vectors(data.x).detach(), model.codes(data.x)
    sums = model.codebook[codes].cumsum(-2)
    whole = sums[..., -1, :].clone().requires_grad_()
    error = ((model.image_of(whole) - data.x) ** 2).mean(-1) / VARIANCE
    (through,) = torch.autograd.grad(error.sum(), whole)
    pull = 0.7 * 2 * (z.unsqueeze(-2) - sums).mean(-2) / (PLACES * WIDTH)
    weights = list(model.encoder.parameters())
    direct = torch.autograd.grad((model.vectors(data.x) * (through + pull)).sum(), weights)
    found = torch.autograd.grad(model.objective(data, noise(model, 3)).loss.sum(), weights)
    for a, b in zip(found, direct, strict=True):
        torch.testing.assert_close(a, b)


def test_the_codebook_stands_still_outside_of_training():
    model, data = made().eval(), batch()
    before = {k: v.clone() for k, v in model.named_buffers()}
    model.objective(data, noise(model))
    for name, buffer in model.named_buffers():
        assert torch.equal(buffer, before[name]), name


def test_perplexity_is_that_of_all_choices_of_all_depths():
    model, data = made().eval(), batch(7)
    shares = torch.bincount(model.codes(data.x).flatten(), minlength=ENTRIES) / (7 * PLACES * 3)
    expected = torch.special.entr(shares).sum().exp()
    found = model.objective(data, noise(model, 7)).parts["perplexity"]
    torch.testing.assert_close(found, expected.expand(7))


def test_another_side_is_refused():
    with pytest.raises(ValueError, match="features 72: expected 2 square planes whose side is a"):
        RQVAE(
            72,
            colours=2,
            planes=4,
            residual_planes=2,
            residual_layers=1,
            width=2,
            entries=2,
            depth=1,
            decay=0.9,
            restart=True,
            beta=1.0,
            variance=1.0,
        )
