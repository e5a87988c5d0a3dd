"""The same networks as others write them: plain modules, and as models of pythae."""

from abc import ABC, abstractmethod

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits


class Net(nn.Module, ABC):
    """A network with its costs written twice: as a tuned loop computes them, and as an example does.

    Costs are means over the batch, one for each of `groups`.
    """

    latent = 0

    @abstractmethod
    def losses(self, x, noise):
        """The costs, by the fastest means that torch has; x (batch, features), noise of `draw`."""

    @abstractmethod
    def example_losses(self, x):
        """The same as an example writes them, drawing its own noise."""

    @abstractmethod
    def for_pythae(self):
        """The same network as a model of pythae."""

    def groups(self):
        """The parameters that minimise each cost."""
        return (list(self.parameters()),)

    def draw(self, count, generator=None):
        """Standard normal noise for so many images, (count, latent)."""
        return torch.empty(count, self.latent).normal_(generator=generator)

    def backward(self, losses):
        """Give each group the gradient of its own cost, and nothing of the others'."""
        for loss, own in zip(losses, self.groups(), strict=True):
            loss.backward(inputs=own, retain_graph=loss is not losses[-1])


class GaussianNet(Net):
    """A Gaussian code, Bernoulli pixels."""

    encoder: nn.Sequential
    decoder: nn.Sequential
    beta = 1.0

    def losses(self, x, noise):
        mean, logvar = self.encoder(x).chunk(2, -1)
        logits = self.decoder(mean + (logvar / 2).exp() * noise)
        cross_entropy = binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * (1 + logvar - mean**2 - logvar.exp()).sum()
        return ((cross_entropy + self.beta * kl) / len(x),)

    def example_losses(self, x):
        mean, logvar = self.encoder(x).chunk(2, -1)
        std = torch.exp(0.5 * logvar)
        reconstruction = torch.sigmoid(self.decoder(mean + torch.randn_like(std) * std))
        cross_entropy = binary_cross_entropy(reconstruction, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())
        return ((cross_entropy + self.beta * kl) / len(x),)

    def for_pythae(self):
        from pythae.models import VAE, BetaVAE, BetaVAEConfig, VAEConfig
        from pythae_parts import Decoder, GaussianEncoder

        shared = {"latent_dim": self.latent, "reconstruction_loss": "bce"}
        parts = {"encoder": GaussianEncoder(self.encoder), "decoder": Decoder(self.decoder)}
        if self.beta == 1.0:
            return VAE(VAEConfig(**shared), **parts)
        return BetaVAE(BetaVAEConfig(beta=self.beta, **shared), **parts)


class DenseNet(GaussianNet):
    def __init__(self, features, hidden, latent):
        super().__init__()
        self.latent = latent
        up, down = nn.Linear(features, hidden), nn.Linear(hidden, 2 * latent)
        self.encoder = nn.Sequential(up, nn.Tanh(), down)
        back, out = nn.Linear(latent, hidden), nn.Linear(hidden, features)
        self.decoder = nn.Sequential(back, nn.Tanh(), out)


class ConvNet(GaussianNet):
    def __init__(self, beta):
        super().__init__()
        self.latent, self.beta = 10, beta
        encoder = [nn.Unflatten(-1, (1, 64, 64))]
        for i, o in ((1, 32), (32, 32), (32, 64), (64, 64)):
            encoder += [nn.Conv2d(i, o, 4, 2, 1), nn.ReLU()]
        encoder += [nn.Flatten(), nn.Linear(1024, 256), nn.ReLU(), nn.Linear(256, 20)]
        decoder = [nn.Linear(10, 256), nn.ReLU(), nn.Linear(256, 1024)]
        decoder += [nn.Unflatten(-1, (64, 4, 4))]
        for i, o in ((64, 64), (64, 32), (32, 32), (32, 1)):
            decoder += [nn.ReLU(), nn.ConvTranspose2d(i, o, 4, 2, 1)]
        self.encoder = nn.Sequential(*encoder)
        self.decoder = nn.Sequential(*decoder, nn.Flatten())


class SparseNet(Net):
    def __init__(self, features, hidden, k):
        super().__init__()
        self.k = k
        self.weight = nn.Parameter(torch.randn(hidden, features) * 0.05)
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.visible_bias = nn.Parameter(torch.zeros(features))

    def encode(self, x):
        activity = nn.functional.linear(x, self.weight, self.hidden_bias)
        kept = activity.topk(self.k, dim=-1)
        return torch.zeros_like(activity).scatter(-1, kept.indices, kept.values)

    def decode(self, z):
        return torch.addmm(self.visible_bias, z, self.weight)

    def losses(self, x, noise):
        return ((self.decode(self.encode(x)) - x).square().sum() / len(x),)

    def example_losses(self, x):
        made = self.decode(self.encode(x))
        return (nn.functional.mse_loss(made, x, reduction="sum") / len(x),)

    def for_pythae(self):
        from pythae.models import AE, AEConfig
        from pythae.models.base.base_utils import ModelOutput
        from pythae.models.nn import BaseDecoder, BaseEncoder

        net = self

        class Encoder(BaseEncoder):
            def __init__(self):
                super().__init__()
                self.net = net

            def forward(self, x):
                return ModelOutput(embedding=self.net.encode(x))

        class Decoder(BaseDecoder):
            def __init__(self):
                super().__init__()
                self.net = net

            def forward(self, z):
                return ModelOutput(reconstruction=self.net.decode(z))

        return AE(AEConfig(latent_dim=len(self.weight)), encoder=Encoder(), decoder=Decoder())
