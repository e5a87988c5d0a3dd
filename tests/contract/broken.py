"""Models that each break one rule of the contract. What is said of them is in test_suite.py."""

import random

import torch
from torch import nn
from torch.nn.functional import dropout

from ae.models.base import Autoencoder, Draw, Objective


class Sound(Autoencoder):
    """A linear denoising autoencoder that keeps the contract; the others change a part of it."""

    sweeps = frozenset({"weight"})

    def __init__(self, features: int, *, hidden: int = 4, weight: float = 0.5) -> None:
        super().__init__()
        self.down = nn.Linear(features, hidden)
        self.up = nn.Linear(hidden, features)
        self.register_buffer("weight", torch.tensor(float(weight)))
        self.register_buffer("mean", torch.zeros(hidden))
        self.draws = {"noise": Draw("normal", (features,))}

    def encode(self, x):
        return self.down(x)

    def code(self, batch, noise):
        return self.encode(batch.x + self.weight * noise["noise"])

    def loss(self, batch, code):
        return (self.up(code) - batch.x).square().sum(-1)

    def objective(self, batch, noise):
        code = self.code(batch, noise)
        self.mean.mul_(0.9).add_(0.1 * code.detach().mean(0))
        loss = self.loss(batch, code)
        return Objective(loss, {"size": code.detach().square().sum(-1)})


class DrawsItself(Sound):
    def loss(self, batch, code):
        return super().loss(batch, code + torch.randn_like(code))


class DropsOut(Sound):
    def code(self, batch, noise):
        return dropout(super().code(batch, noise), 0.5)


class TakesItem(Sound):
    def loss(self, batch, code):
        return super().loss(batch, code) * code.mean().item()


class Branches(Sound):
    def loss(self, batch, code):
        return super().loss(batch, code if code.mean() > 0 else -code)


class Selects(Sound):
    def loss(self, batch, code):
        return super().loss(batch, code) + code[code > 0].mean()


class MeanLoss(Sound):
    def loss(self, batch, code):
        return super().loss(batch, code).mean()


class LosesUpdate(Sound):
    def objective(self, batch, noise):
        code = self.code(batch, noise)
        self.mean = 0.9 * self.mean + 0.1 * code.detach().mean(0)
        return Objective(self.loss(batch, code), {})


class KeepsTensor(Sound):
    def loss(self, batch, code):
        self.last = code
        return super().loss(batch, code)


class NoDraws(Sound):
    sweeps = frozenset()

    def __init__(self, features: int) -> None:
        super().__init__(features)
        del self.draws


class UndeclaredNoise(Sound):
    def code(self, batch, noise):
        return super().code(batch, noise) + noise["more"]


class IdleNoise(Sound):
    def code(self, batch, noise):
        return self.encode(batch.x)


class IdleParameter(Sound):
    sweeps = frozenset()

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.forgotten = nn.Parameter(torch.ones(3))


class SweptAttribute(Sound):
    def __init__(self, features: int, *, weight: float = 0.5) -> None:
        super().__init__(features, weight=1.0)
        self.own = weight

    def loss(self, batch, code):
        return super().loss(batch, self.own * code)


class SameSeed(Sound):
    sweeps = frozenset()

    def __init__(self, features: int) -> None:
        torch.manual_seed(1)
        super().__init__(features)


class PythonsRandom(Sound):
    def loss(self, batch, code):
        return super().loss(batch, code + random.random())


class ReturnsPair(Sound):
    def objective(self, batch, noise):
        return self.loss(batch, self.code(batch, noise)), {}


class UnknownAdversary(Sound):
    def objective(self, batch, noise):
        loss = self.loss(batch, self.code(batch, noise))
        return Objective(loss, {}, {"critic": -loss})


class WrongWidth(Sound):
    sweeps = frozenset()

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.up = nn.Linear(5, features)


class TakesGradients(Sound):
    def loss(self, batch, code):
        loss = super().loss(batch, code)
        loss.sum().backward()
        return loss


class RemakesItself(Sound):
    sweeps = frozenset()

    def __init__(self, features: int) -> None:
        super().__init__(features)
        self.shift = random.random()

    def reconstruct(self, x):
        return self.up(self.encode(x)) + self.shift


class WeighsByItself(RemakesItself):
    def reconstruct(self, x):
        return self.up(self.encode(x))

    def log_weights(self, x, noise):
        return (noise["noise"] * x).sum(-1) + self.shift
