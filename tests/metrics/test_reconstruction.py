"""Squared error and cross-entropy against numpy, scikit-learn and a published control."""

import gzip
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA as Oracle

from ae.metrics import reconstruction
from ae.models.gaussian_vae import GaussianVAE
from ae.models.pca import PCA
from ae.training.stack import Stack
from ae.training.trained_run import CHUNK, PART, Trained

MNIST = Path(__file__).parents[2] / "datasets" / "mnist"


def test_squared_error_of_known_images(linear):
    x = torch.tensor([[1.0, 0, 0, 0], [0.5, 0.5, 1, 0]])
    first = torch.tensor([[1.0, 0, 0, 0]])  # keeps the first pixel, loses the others
    none = torch.zeros(1, 4)
    trained = linear(torch.stack([first, none]), x)
    # Lost by the first seed: 0 and .25 + 1; by the second: 1 and .25 + .25 + 1.
    assert reconstruction.squared_error(trained, split="test") == [1.25 / 2, 2.5 / 2]


def test_squared_error_averages_over_images_not_over_chunks(linear):
    x = torch.zeros(CHUNK + 1, 4)
    x[-1, 0] = 1  # alone in its chunk
    trained = linear(torch.zeros(1, 1, 4), x)
    assert reconstruction.squared_error(trained, split="train") == [
        pytest.approx(1 / (CHUNK + 1), rel=1e-12)
    ]


def test_squared_error_of_fitted_components_is_sklearns(run):
    x = torch.rand(200, 16)
    test_x = torch.rand(50, 16)
    stack = Stack([lambda: PCA(16, latent=3)] * 2, [0, 1])
    stack.share("fit", x)
    oracle = Oracle(3, svd_solver="full").fit(x.numpy())
    projected = oracle.inverse_transform(oracle.transform(test_x.numpy()))
    expected = float(((test_x.numpy() - projected) ** 2).sum(1).mean())
    trained = run(stack, x, shape=(4, 4), test_x=test_x)
    values = reconstruction.squared_error(trained, split="test")
    assert values == pytest.approx([expected, expected], rel=1e-10)
    assert reconstruction.squared_error(trained, split="train") != pytest.approx(values, rel=1e-3)


def test_cross_entropy_is_the_mean_of_nats_per_image(linear):
    x = torch.tensor([[1.0, 0, 0, 0], [0.5, 0, 0, 0]])
    half = torch.tensor([[[math.sqrt(0.5), 0, 0, 0]]])  # q = x / 2
    expected = [math.log(2), -0.5 * math.log(0.25) - 0.5 * math.log(0.75)]
    trained = linear(half, x)
    # A pixel that is 0 and reconstructed as 0 costs -log(1 - 1e-7).
    assert reconstruction.cross_entropy(trained, split="test") == [
        pytest.approx(sum(expected) / 2 + 3e-7, abs=1e-7)
    ]


def test_cross_entropy_of_a_certain_mistake_is_the_clip(linear):
    trained = linear(torch.zeros(1, 1, 1), torch.ones(3, 1))
    assert reconstruction.cross_entropy(trained, split="test") == [
        pytest.approx(-math.log(1e-7), rel=1e-12)
    ]


def test_a_diverged_seed_keeps_its_nan_to_itself(linear):
    weights = torch.zeros(3, 1, 4)
    weights[1], weights[2] = math.nan, 1e200
    trained = linear(weights, torch.ones(5, 4))
    for metric, first in (
        (reconstruction.squared_error, 4.0),
        (reconstruction.cross_entropy, -4 * math.log(1e-7)),
    ):
        values = metric(trained, split="test")
        assert values[0] == pytest.approx(first, rel=1e-12)
        assert math.isnan(values[1])
    assert math.isnan(reconstruction.squared_error(trained, split="test")[2])  # overflow


def _mnist(part: str) -> torch.Tensor:
    content = gzip.decompress((MNIST / f"{part}-images-idx3-ubyte.gz").read_bytes())
    images = np.frombuffer(content, np.uint8, offset=16).reshape(-1, 784)
    return torch.tensor(images).to(torch.float32) / 255


@pytest.mark.slow
def test_principal_components_of_mnist_have_the_published_error(run):
    """Hinton and Salakhutdinov (2006), figure 2: PCA-30 has 13.87 on the test set."""
    torch.set_default_dtype(torch.float32)
    x, test_x = _mnist("train"), _mnist("t10k")
    stack = Stack([lambda: PCA(784, latent=30)], [0])
    stack.share("fit", x)
    found = {}
    for latent in (30, 2, 0):
        part = Stack([lambda latent=latent: PCA(784, latent=latent)], [0])
        fitted = stack.tensors()
        part.load({**fitted, "components": fitted["components"][:, :latent]})
        trained = run(part, x, shape=(28, 28), test_x=test_x)
        found[latent] = reconstruction.squared_error(trained, split="test")[0]
    assert found[30] == pytest.approx(13.866, abs=0.005)
    assert found[2] == pytest.approx(43.645, abs=0.001)
    assert found[0] == pytest.approx(52.90, abs=0.005)


def test_pixels_at_the_floor_are_counted(run):
    build = partial(GaussianVAE, 4, hidden=[2], latent=1, init=0.0, floor=-3.0)
    stack = Stack([build] * 2, [0, 1])
    bias = torch.zeros(2, 8)
    bias[0, 4:] = torch.tensor([-9.0, -3.0, -2.9, 1.0])
    stack.load(stack.tensors() | {"decoder.2.bias": bias})
    trained = run(stack, torch.rand(3, 4), shape=(2, 2))
    assert reconstruction.pixels_at_floor(trained, split="test", floor=-3.0) == [50.0, 0.0]


def test_cross_entropy_per_pixel_is_keras_loss(linear):
    """Keras averages binary cross-entropy over pixels and images; so does torch."""
    x = torch.rand(7, 9)
    trained = linear(torch.rand(2, 3, 9) / 5, x)
    made = trained.of("reconstruct", "test")
    oracle = torch.nn.functional.binary_cross_entropy
    expected = [oracle(q, x).item() for q in made]
    values = reconstruction.cross_entropy_per_pixel(trained, split="test")
    assert values == pytest.approx(expected, rel=1e-6)


def test_what_gives_back_its_input_keeps_the_noise(linear):
    """E of the error that noise 0.5, cut to [0, 1], does to a black pixel: by integration."""
    x = torch.zeros(1500, 16)
    keep, lose = torch.eye(16), torch.zeros(16, 16)
    error = {"split": "test", "noise": 0.5, "examples": 1200}
    kept, lost = reconstruction.restored_squared_error(
        linear(torch.stack([keep, lose]), x), **error
    )
    grid = torch.linspace(0, 12, 2_000_001)
    density = torch.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi)
    expected = 16 * torch.trapezoid((0.5 * grid).clamp(max=1) ** 2 * density, grid).item()
    assert kept == pytest.approx(expected, rel=0.05)  # standard error 1 %
    assert lost == 0
    again, other = reconstruction.restored_squared_error(
        linear(torch.stack([keep, keep]), x), **error
    )
    assert again == kept != other


def test_noise_moves_the_image_that_is_restored_not_the_one_it_is_held_against(linear):
    x = torch.full((300, 4), 0.5)
    none = linear(torch.zeros(1, 4, 4), x)
    found = reconstruction.restored_squared_error(none, split="test", noise=0.5, examples=300)
    assert found == [pytest.approx(4 * 0.25)]


def test_nmse_of_the_mean_of_all_pixels_is_1(run):
    def constant():
        model = PCA(4, latent=0)
        model.mean.fill_(0.25)
        return model

    x = torch.tensor([[0.0, 0, 0, 1], [0.5, 0, 0, 0.5]])
    other = torch.tensor([[0.25, 0.25, 0.25, 0.75]])
    trained = run(Stack([constant] * 2, [0, 1]), x, shape=(2, 2), test_x=other)
    variance = np.var(x.numpy())  # 0.125
    found = reconstruction.pixel_variance(trained, split="train")
    assert found == pytest.approx([variance] * 2, rel=1e-12)
    assert reconstruction.nmse(trained, split="train") == pytest.approx([1.0, 1.0], rel=1e-12)
    assert reconstruction.nmse(trained, split="test") == pytest.approx([0.25 / 4 / variance] * 2)


@pytest.mark.parametrize(
    "measure",
    [
        reconstruction.pixel_variance,
        reconstruction.nmse,
        reconstruction.squared_error,
        reconstruction.cross_entropy,
        partial(reconstruction.fine_detail, examples=CHUNK + 300),
    ],
)
@pytest.mark.parametrize("in_turn", [True, False])
def test_of_a_set_of_photographs_no_copy_is_held(run, monkeypatch, in_turn, measure):
    """Of each image a few numbers are kept; of 2,300 images 250 are in memory where seeds take turns."""
    held, seen = [], []
    over = Trained.over

    def watched(trained, split, function, *more, **named):
        def piece(x):
            seen.append(len(x))
            return function(x)

        found = over(trained, split, piece, *more, **named)
        held.append(sum(t.numel() for t in found))
        return found

    monkeypatch.setattr(Trained, "over", watched)
    monkeypatch.setattr(PCA, "in_turn", in_turn)
    x = torch.rand(CHUNK + 300, 12)
    trained = run(Stack([lambda: PCA(12, latent=0)] * 2, [0, 1]), x, shape=(3, 2, 2))
    whole = measure(trained, split="test")
    assert max(held) <= 2 * len(x) + 100
    if measure not in (reconstruction.pixel_variance, reconstruction.nmse):
        assert max(seen) == (PART if in_turn else CHUNK)
    monkeypatch.setattr(Trained, "rows", 10**6)
    assert measure(trained, split="test") == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(("tracks", "rows"), [(True, PART), (False, CHUNK)])
def test_what_is_normalised_by_the_present_batch_is_seen_in_whole_pieces(
    run, monkeypatch, tracks, rows
):
    def built():
        model = PCA(4, latent=0)
        model.norm = torch.nn.BatchNorm1d(4, track_running_stats=tracks)
        return model

    monkeypatch.setattr(PCA, "in_turn", True)
    trained = run(Stack([built], [0]), torch.rand(5, 4), shape=(2, 2))
    assert trained.rows == rows


def test_fine_detail_of_a_blur_is_what_its_transfer_function_lets_through(run):
    side = 8
    index = np.arange(side)
    blur = np.zeros((side, side))
    for step, weight in ((-1, 0.25), (0, 0.5), (1, 0.25)):
        blur[index, (index + step) % side] = weight  # along a row, around its end
    whole = torch.tensor(np.kron(np.eye(side), blur))

    def blurred():
        model = PCA(side**2, latent=side**2)
        model.components.copy_(torch.eye(side**2))
        return model

    stack = Stack([blurred] * 2, [0, 1])
    columns = np.fft.fftfreq(side)
    through = (0.5 + 0.5 * np.cos(2 * np.pi * columns)) ** 2
    x = torch.rand(6, side**2)
    power = np.abs(np.fft.fft2(x.reshape(-1, side, side).numpy())) ** 2
    fine = np.maximum(np.abs(columns)[:, None], np.abs(columns)) > 0.25
    expected = 100 * (power * through * fine)[:4].sum() / (power * fine)[:4].sum()
    stack.buffers["components"][1] = _half(whole)
    trained = run(stack, x, shape=(side, side))
    found = reconstruction.fine_detail(trained, split="test", examples=4)
    assert found == pytest.approx([100.0, expected], rel=1e-6)


def _half(blur):
    """A matrix H with H^T H = blur, which is symmetric and has no eigenvalue below 0."""
    values, vectors = torch.linalg.eigh(blur)
    return values.clamp(min=0).sqrt()[:, None] * vectors.T
