"""A model of points: its prior, its codes and its images are noise and pixels themselves."""

import torch
from torch import Tensor

from ae.models.base import Autoencoder, Batch, Draw, Noise, Objective


class Points(Autoencoder):
    """z = a x + b, prior N(0, s^2 I), images z + shift."""

    def __init__(self, features: int, a: float, b: float, s: float, shift: float = 0.0) -> None:
        super().__init__()
        for name, value in {"a": a, "b": b, "s": s, "shift": shift}.items():
            self.register_buffer(name, torch.tensor(value))
        self.draws = {"z": Draw("normal", (features,))}

    def encode(self, x: Tensor) -> Tensor:
        return self.a * x + self.b

    def prior_code(self, noise: Noise) -> Tensor:
        return self.s * noise["z"]

    def decode(self, z: Tensor) -> Tensor:
        return z + self.shift

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        raise NotImplementedError
