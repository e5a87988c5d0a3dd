"""Whitened patches of the two photographs that scikit-learn carries.

They stand in for the natural scenes of Olshausen and Field (1996), Emergence of simple-cell
receptive field properties by learning a sparse code for natural images, Nature 381:607-609.
"""

import numpy as np
from numpy.typing import NDArray

from ae.data.variations import stream

SIDE = 12
CUTOFF = 0.4  # cycles a pixel: 200 cycles in a picture of 512 pixels, as Olshausen and Field
EXTREME = 5.0  # standard deviations that a byte of 0 or 255 stands for
TRAINING = 0.75  # of each photograph, from the left; the rest is for tests


def patches(split: str, count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Patches (n, 12, 12) at uniform places of a photograph that a fair coin chooses; no labels.

    A byte b stands for (2 b / 255 - 1) * 5 standard deviations of its whitened photograph; what lies
    beyond is cut. The split `train` takes places within the left three quarters, any other within
    the right quarter.
    """
    from sklearn.datasets import load_sample_images

    photographs = [whitened(image.mean(-1)) for image in load_sample_images().images]
    chance = stream(seed, split, "place").random((count, 3))
    x = np.empty((count, SIDE, SIDE), np.uint8)
    for i, (which, down, across) in enumerate(chance):
        photograph = photographs[int(which * len(photographs))]
        height, width = photograph.shape
        middle = round(TRAINING * width)
        first, last = (0, middle) if split == "train" else (middle, width)
        top = int(down * (height - SIDE + 1))
        left = first + int(across * (last - first - SIDE + 1))
        patch = photograph[top : top + SIDE, left : left + SIDE]
        x[i] = np.rint(255 * (patch / EXTREME + 1) / 2).clip(0, 255)
    return x, np.zeros(count, np.uint8)


def whitened(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """A picture with its amplitudes multiplied by f exp(-(f / CUTOFF)^4); of variance 1.

    Natural amplitudes fall as 1 / f, so that this makes them flat up to the cutoff.
    """
    vertical = np.fft.fftfreq(grey.shape[0])[:, None]
    horizontal = np.fft.rfftfreq(grey.shape[1])[None]
    f = np.hypot(vertical, horizontal)
    flat = np.fft.irfft2(np.fft.rfft2(grey) * f * np.exp(-((f / CUTOFF) ** 4)), grey.shape)
    white: NDArray[np.float64] = flat / flat.std()
    return white
