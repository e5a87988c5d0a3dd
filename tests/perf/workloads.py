"""What is trained: three networks, their data, and the arithmetic that they cannot do without."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import peers
import torch
from torch.nn.functional import pad

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.library import Library
from ae.models.base import Autoencoder
from ae.models.conv_vae import ConvVAE
from ae.models.k_sparse import KSparse
from ae.models.vae import VAE

ROOT = Path(__file__).parents[2]
RATE = 1e-3  # of Adam, in every arm


@dataclass(frozen=True)
class Product:
    """A layer's multiply-adds per example, and whether its input needs a gradient."""

    layer: str
    macs: int
    inner: bool = True


def dense(inputs, outputs, inner=True):
    return Product(f"{inputs} x {outputs}", inputs * outputs, inner)


def conv(inputs, outputs, side, inner=True):
    """A 4 x 4 convolution (or its transpose); `side` is that of its smaller image."""
    label = f"16 x {inputs} x {outputs} x {side}^2"
    return Product(label, 16 * inputs * outputs * side**2, inner)


@dataclass(frozen=True)
class Workload:
    """A network, a batch size, and how long it is timed.

    Args:
        name: For people who type.
        title: For people who read.
        build: The suite's model.
        net: The same network as a plain module.
        batch: Examples a step.
        steps: Steps that are timed at a time, an epoch.
        rounds: How often each arm is timed, in turn with the others.
        side: Of the images.
        products: The network's layers.
        extra: Arms besides the usual ones.
    """

    name: str
    title: str
    build: Callable[[], Autoencoder]
    net: Callable[[], "peers.Net"]
    batch: int
    steps: int
    rounds: int
    side: int
    products: tuple[Product, ...]
    extra: tuple[str, ...] = ()

    @property
    def flops(self):
        """2 x multiply-adds of a step: forward, weights' gradient, inputs' gradient but first."""
        return 2 * self.batch * sum(p.macs * (3 if p.inner else 2) for p in self.products)

    @property
    def formula(self):
        first, *rest = (p.layer for p in self.products)
        return f"2 x {self.batch} x (2 ({first}) + 3 ({' + '.join(rest)}))"

    def images(self):
        """As many bytes of MNIST as an epoch takes, (examples, features); 64 x 64 if so wanted."""
        mnist = find_manifest("mnist", Library.at(ROOT))
        count = self.steps * self.batch
        x = load(mnist, "train", limit=count, library=Library.at(ROOT), device="cpu").x
        if self.side == 64:
            large = x.view(-1, 28, 28).repeat_interleave(2, 1).repeat_interleave(2, 2)
            x = pad(large, (4, 4, 4, 4)).flatten(1)
        assert x.dtype == torch.uint8
        return x


def aevb(width=500):
    return partial(VAE, 784, hidden=[width], latent=20, init=0.05, beta=1.0)


WORKLOADS = {
    w.name: w
    for w in (
        Workload(
            "aevb",
            "Variational autoencoder, 784-500-20-500-784, batch 100",
            aevb(),
            partial(peers.DenseNet, 784, 500, 20),
            batch=100,
            steps=30,
            rounds=6,
            side=28,
            products=(dense(784, 500, False), dense(500, 40), dense(20, 500), dense(500, 784)),
        ),
        Workload(
            "k-sparse",
            "k-sparse autoencoder, 784-1000-784, k = 25, batch 100",
            partial(KSparse, 784, hidden=1000, k=25, most=25, alpha=1.0, classes=0, init=0.05),
            partial(peers.SparseNet, 784, 1000, 25),
            batch=100,
            steps=16,
            rounds=5,
            side=28,
            products=(dense(784, 1000, False), dense(1000, 784)),
        ),
        Workload(
            "conv",
            "Convolutional beta-VAE, 64 x 64, 32-32-64-64 planes, 10 latents, batch 64",
            partial(
                ConvVAE,
                4096,
                colours=1,
                planes=[32, 32, 64, 64],
                hidden=256,
                latent=10,
                beta=4.0,
            ),
            partial(peers.ConvNet, 4.0),
            batch=64,
            steps=3,
            rounds=3,
            side=64,
            products=(
                conv(1, 32, 32, False),
                conv(32, 32, 16),
                conv(32, 64, 8),
                conv(64, 64, 4),
                dense(1024, 256),
                dense(256, 20),
                dense(10, 256),
                dense(256, 1024),
                conv(64, 64, 4),
                conv(64, 32, 8),
                conv(32, 32, 16),
                conv(32, 1, 32),
            ),
            extra=("grouped-10",),
        ),
    )
}
