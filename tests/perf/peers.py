"""The same networks as others write them: plain modules, a DataLoader loop, pythae's trainer."""

import logging
import tempfile
import warnings
from abc import ABC, abstractmethod

import torch
from PIL import Image
from torch import nn
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, Dataset


class Net(nn.Module, ABC):
    """A network with two costs: as a tuned loop computes it, and as an example writes it."""

    latent = 0

    @abstractmethod
    def loss(self, x, noise):
        """The mean over the batch, by the fastest means that torch has."""

    @abstractmethod
    def example_loss(self, x):
        """The same as an example writes it, drawing its own noise."""

    @abstractmethod
    def for_pythae(self):
        """The same network as a model of pythae."""


class GaussianNet(Net):
    """A Gaussian code, Bernoulli pixels."""

    encoder: nn.Sequential
    decoder: nn.Sequential
    beta = 1.0

    def loss(self, x, noise):
        mean, logvar = self.encoder(x).chunk(2, -1)
        logits = self.decoder(mean + (logvar / 2).exp() * noise)
        cross_entropy = binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * (1 + logvar - mean**2 - logvar.exp()).sum()
        return (cross_entropy + self.beta * kl) / len(x)

    def example_loss(self, x):
        mean, logvar = self.encoder(x).chunk(2, -1)
        std = torch.exp(0.5 * logvar)
        reconstruction = torch.sigmoid(self.decoder(mean + torch.randn_like(std) * std))
        cross_entropy = binary_cross_entropy(reconstruction, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())
        return (cross_entropy + self.beta * kl) / len(x)

    def for_pythae(self):
        from pythae.models import VAE, BetaVAE, BetaVAEConfig, VAEConfig
        from pythae.models.base.base_utils import ModelOutput
        from pythae.models.nn import BaseDecoder, BaseEncoder

        class Encoder(BaseEncoder):
            def __init__(self, layers):
                super().__init__()
                self.layers = layers

            def forward(self, x):
                mean, logvar = self.layers(x).chunk(2, -1)
                return ModelOutput(embedding=mean, log_covariance=logvar)

        class Decoder(BaseDecoder):
            def __init__(self, layers):
                super().__init__()
                self.layers = layers

            def forward(self, z):
                return ModelOutput(reconstruction=torch.sigmoid(self.layers(z)))

        shared = {"latent_dim": self.latent, "reconstruction_loss": "bce"}
        parts = {"encoder": Encoder(self.encoder), "decoder": Decoder(self.decoder)}
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

    def loss(self, x, noise):
        return (self.decode(self.encode(x)) - x).square().sum() / len(x)

    def example_loss(self, x):
        return nn.functional.mse_loss(self.decode(self.encode(x)), x, reduction="sum") / len(x)

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


class ToTensorSet(Dataset):
    """Images one at a time as the usual image data sets give them: through PIL, as floats."""

    def __init__(self, images, side):
        self.images = images.view(-1, side, side)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        import numpy as np

        image = Image.fromarray(self.images[index].numpy(), mode=None)
        array = np.array(image, copy=True)[:, :, None]
        tensor = torch.from_numpy(array).permute(2, 0, 1).contiguous()
        return tensor.to(torch.float32).div(255), 0


def example_epoch(net, loader, optimizer):
    """An epoch as the usual example writes it; returns the mean loss."""
    net.train()
    total = 0.0
    for images, _ in loader:
        optimizer.zero_grad()
        loss = net.example_loss(images.view(len(images), -1))
        loss.backward()
        total += loss.item()
        optimizer.step()
    return total / len(loader)


def example_loader(images, side, batch):
    return DataLoader(ToTensorSet(images, side), batch_size=batch, shuffle=True)


def pythae_trainer(net, images, batch, rate):
    """pythae's trainer, ready for an epoch; without progress bar, printing and checkpoints."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pythae.data.datasets import BaseDataset
        from pythae.trainers import BaseTrainer, BaseTrainerConfig
        from pythae.trainers.training_callbacks import CallbackHandler

        logging.getLogger("pythae").setLevel(logging.ERROR)
        logging.getLogger("pythae.trainers.base_trainer.base_trainer").setLevel(logging.ERROR)
        config = BaseTrainerConfig(
            output_dir=tempfile.mkdtemp(prefix="pythae-"),
            per_device_train_batch_size=batch,
            learning_rate=rate,
            num_epochs=1,
            no_cuda=True,
        )
        data = BaseDataset(images.float() / 255, torch.zeros(len(images)))
        trainer = BaseTrainer(net.for_pythae(), data, training_config=config)
        trainer.prepare_training()
        trainer.callback_handler = CallbackHandler([], trainer.model)
    return trainer
