"""Codes of every combination of dSprites-small's factors: made by a seed, or by a trained model."""

from pathlib import Path

import numpy as np

FACTORS = {"shape": 3, "scale": 4, "orientation": 4, "x": 8, "y": 8}
PLACES = np.stack(
    np.unravel_index(np.arange(np.prod([*FACTORS.values()])), [*FACTORS.values()]), -1
)
# Posterior means of the VAE of higgins2017-beta-vae's quick tier after 30 epochs, in 16 bits.
TRAINED = Path(__file__).with_name("trained.npz")
KINDS = ("perfect", "rotated", "noisy", "trained")


def known_codes(kind):
    """(3072, numbers), an example for each row of PLACES.

    `perfect`: a number a factor, in another order. `rotated`: these, turned by an orthogonal
    matrix. `noisy`: these with normal noise, and a number that is nothing but noise.
    """
    if kind == "trained":
        with np.load(TRAINED) as kept:
            return kept["codes"].astype(np.float64)
    rng = np.random.default_rng(0)
    perfect = (PLACES - PLACES.mean(0)) / PLACES.std(0)
    perfect = perfect[:, [3, 0, 4, 2, 1]]
    if kind == "perfect":
        return perfect
    if kind == "rotated":
        return perfect @ np.linalg.qr(rng.normal(size=(5, 5)))[0]
    noise = rng.normal(size=(len(perfect), 6))
    return np.pad(perfect, ((0, 0), (0, 1))) + noise * [0.2, 0.2, 0.5, 0.5, 0.5, 1]
