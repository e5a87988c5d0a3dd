"""Patches of photographs: whitening against its formula, places, and what a byte stands for."""

from pathlib import Path

import numpy as np
import pytest

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.data.photographs import patches, whitened
from ae.library import Library

ROOT = Path(__file__).parents[2]


def test_whitening_multiplies_a_wave_by_its_frequency_and_the_cutoff():
    column = np.arange(64)
    slow, fast = (np.cos(2 * np.pi * f * column / 64) for f in (4, 16))
    picture = np.broadcast_to(5 + slow + fast, (32, 64))
    white = whitened(picture)
    gains = {n: (n / 64) * np.exp(-((n / 64 / 0.4) ** 4)) for n in (4, 16)}
    expected = gains[4] * slow + gains[16] * fast
    np.testing.assert_allclose(white[3], expected / expected.std(), atol=1e-12)
    assert white.std() == pytest.approx(1)


def test_natural_amplitudes_become_flat_below_the_cutoff():
    f = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.rfftfreq(128)[None])
    f[0, 0] = 1
    phase = np.exp(2j * np.pi * np.random.default_rng(0).random(f.shape))
    power = np.abs(np.fft.rfft2(whitened(np.fft.irfft2(phase / f, (128, 128))))) ** 2
    low, middle = (power[(f > a) & (f < b)].mean() for a, b in ((0.03, 0.08), (0.1, 0.15)))
    assert low / middle == pytest.approx(1, abs=0.15)


def test_patches_have_about_the_deviation_of_their_photographs_and_no_mean():
    x, y = patches("train", 4000, 1)
    value = (x / 127.5 - 1) * 5
    assert (x.shape, y.any()) == ((4000, 12, 12), False)
    assert value.mean() == pytest.approx(0, abs=0.02)
    assert value.std() == pytest.approx(1, abs=0.1)


def test_the_first_n_are_the_same_and_training_and_test_places_lie_apart(monkeypatch):
    class Two:
        images = tuple(np.broadcast_to(np.arange(80.0)[:, None], (40, 80, 3)) for _ in range(2))

    monkeypatch.setattr("sklearn.datasets.load_sample_images", Two)
    monkeypatch.setattr("ae.data.photographs.whitened", lambda grey: (grey - 40) / 8)
    train, test = (patches(split, 500, 1)[0] for split in ("train", "test"))
    column = {split: 40 + 8 * 5 * (x[:, 0] / 127.5 - 1) for split, x in (("a", train), ("b", test))}
    assert column["a"].min() == pytest.approx(0, abs=0.2)
    assert column["a"].max() == pytest.approx(59, abs=0.2)
    assert column["b"].min() == pytest.approx(60, abs=0.2)
    assert column["b"].max() == pytest.approx(79, abs=0.2)
    np.testing.assert_array_equal(patches("train", 7, 1)[0], train[:7])


def test_the_manifest_agrees_with_what_is_made():
    manifest = find_manifest("natural-patches", Library.at(ROOT))
    data = load(manifest, "train", limit=20, library=Library.at(ROOT), device="cpu")
    assert (data.x.shape, data.available) == ((20, 144), 100000)
