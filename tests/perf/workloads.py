"""What is trained: networks, their data, and the arithmetic that they cannot do without."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from coded_nets import AdversarialNet, QuantisedNet
from nets import ConvNet, DenseNet, Net, SparseNet
from torch.nn.functional import pad

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.library import Library
from ae.models.base import Autoencoder
from ae.models.conv_vae import ConvVAE
from ae.models.k_sparse import KSparse
from ae.models.unified_aae import UnifiedAAE
from ae.models.unified_ae import QuantisedAE
from ae.models.vae import VAE

ROOT = Path(__file__).parents[2]
RATE = 1e-3  # of Adam, in every arm


@dataclass(frozen=True)
class Product:
    """A layer's multiply-adds per example, and how often a step cannot do without them.

    Mostly three times: forward, for the weights' gradient and for the inputs', which the first layer
    does not need.
    """

    layer: str
    macs: int
    times: int


def dense(inputs, outputs, times=3):
    return Product(f"{inputs} x {outputs}", inputs * outputs, times)


def conv(inputs, outputs, side, times=3):
    """A 4 x 4 convolution (or its transpose); `side` is that of its smaller image."""
    label = f"16 x {inputs} x {outputs} x {side}^2"
    return Product(label, 16 * inputs * outputs * side**2, times)


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
        constant: What the suite's loss has and the peers' leave out, whatever the weights; nats.
        peers: Others that train it.
        extra: Arms besides the usual ones.
    """

    name: str
    title: str
    build: Callable[[], Autoencoder]
    net: Callable[[], Net]
    batch: int
    steps: int
    rounds: int
    side: int
    products: tuple[Product, ...]
    constant: float = 0.0
    peers: tuple[str, ...] = ("pythae", "plain", "tuned")
    extra: tuple[str, ...] = ()

    @property
    def flops(self):
        """2 x multiply-adds of a step."""
        return 2 * self.batch * sum(p.macs * p.times for p in self.products)

    @property
    def formula(self):
        layers = {}
        for product in self.products:
            layers.setdefault(product.times, []).append(product.layer)
        terms = [f"{times} ({' + '.join(same)})" for times, same in layers.items()]
        return f"2 x {self.batch} x ({' + '.join(terms)})"

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


DENSE = {"network": "dense", "widths": [512], "latent": 16}  # pythae's own default networks


def aevb(width=500):
    return partial(VAE, 784, hidden=[width], latent=20, init=0.05, beta=1.0)


WORKLOADS = {
    w.name: w
    for w in (
        Workload(
            "aevb",
            "Variational autoencoder, 784-500-20-500-784, batch 100",
            aevb(),
            partial(DenseNet, 784, 500, 20),
            batch=100,
            steps=30,
            rounds=6,
            side=28,
            products=(dense(784, 500, 2), dense(500, 40), dense(20, 500), dense(500, 784)),
        ),
        Workload(
            "k-sparse",
            "k-sparse autoencoder, 784-1000-784, k = 25, batch 100",
            partial(KSparse, 784, hidden=1000, k=25, most=25, alpha=1.0, classes=0, init=0.05),
            partial(SparseNet, 784, 1000, 25),
            batch=100,
            steps=16,
            rounds=5,
            side=28,
            products=(dense(784, 1000, 2), dense(1000, 784)),
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
            partial(ConvNet, 4.0),
            batch=64,
            steps=3,
            rounds=3,
            side=64,
            products=(
                conv(1, 32, 32, 2),
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
            peers=("pythae", "plain", "tuned", "lightning"),
            extra=("grouped-10",),
        ),
        Workload(
            "vq-vae",
            "VQ-VAE, 784-512-16-512-784, 256 entries by moving averages, batch 100",
            partial(QuantisedAE, 784, **DENSE, entries=256, beta=0.25, decay=0.99),
            partial(QuantisedNet, 784, 512, 16, entries=256, beta=0.25, decay=0.99),
            batch=100,
            steps=24,
            rounds=5,
            side=28,
            # An entry is one number: finding the nearest is comparing, not a product of matrices.
            products=(dense(784, 512, 2), dense(512, 16), dense(16, 512), dense(512, 784)),
        ),
        Workload(
            "aae",
            "Adversarial autoencoder, 784-512-16-512-784, discriminator 16-256-1, batch 100",
            partial(UnifiedAAE, 784, **DENSE, variance=1.0, weight=0.9, discriminator=[256]),
            partial(AdversarialNet, 784, 512, 16, judging=256, weight=0.9),
            batch=100,
            steps=24,
            rounds=5,
            side=28,
            # The discriminator sees a code and one of the prior, and its weights get a gradient of
            # both. Gradients go through it once to the code; between its layers once for the code's
            # loss and twice for its own.
            products=(
                dense(784, 512, 2),
                dense(512, 32),
                dense(16, 512),
                dense(512, 784),
                dense(16, 256, 2 + 2 + 1),
                dense(256, 1, 2 + 2 + 3),
            ),
            constant=784 / 2 * math.log(2 * math.pi),  # of pixels that are Gaussian, of variance 1
        ),
    )
}
