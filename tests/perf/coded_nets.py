"""The quantised and the adversarial autoencoder as others write them, with pythae's own objectives."""

from itertools import pairwise

import torch
from nets import Net
from torch import nn
from torch.nn.functional import binary_cross_entropy, mse_loss, one_hot, softplus

FLOOR = 1e-5  # added to the number of each entry's vectors, as pythae does


def rectified(*widths):
    """Dense layers of these widths with a rectifier between them."""
    layers = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class QuantisedNet(Net):
    """Each number of the code by its nearest of the entries, which follow by moving averages.

    Args:
        features: Number of pixels.
        hidden: Width of the encoder's and of the decoder's hidden layer.
        width: Numbers of a code.
        entries: Of the codebook; each is one number, as in pythae for a code without places.
        beta: Weight of the commitment.
        decay: Of the averages.
    """

    def __init__(self, features, hidden, width, *, entries, beta, decay):
        super().__init__()
        self.features, self.width, self.beta, self.decay = features, width, beta, decay
        self.encoder = rectified(features, hidden, width)
        self.decoder = rectified(width, hidden, features)
        for name in ("codebook", "sums"):
            self.register_buffer(name, torch.empty(entries).uniform_(-1 / entries, 1 / entries))
        self.register_buffer("sizes", torch.zeros(entries))

    def losses(self, x, noise):
        z = self.encoder(x)
        with torch.no_grad():
            nearest = (z.unsqueeze(-1) - self.codebook).abs_().argmin(-1)
            chosen = self.codebook[nearest]
            self.follow(z.flatten(), nearest.flatten())
        made = self.decoder(z + (chosen - z).detach()).sigmoid()
        error = mse_loss(made, x, reduction="sum") / len(x)
        return (error + self.beta * mse_loss(z, chosen),)

    def follow(self, z, nearest):
        """Take the batch's numbers, and which entry each is nearest to, into the averages."""
        new, entries = 1 - self.decay, len(self.codebook)
        self.sizes.lerp_(torch.bincount(nearest, minlength=entries).float(), new)
        total = self.sizes.sum()
        self.sizes.add_(FLOOR).mul_(total / (total + entries * FLOOR))
        self.sums.lerp_(torch.zeros_like(self.sums).index_add_(0, nearest, z), new)
        torch.div(self.sums, self.sizes, out=self.codebook)

    def example_losses(self, x):
        z = self.encoder(x)
        flat, table = z.reshape(-1, 1), self.codebook.unsqueeze(-1)
        distances = (flat**2).sum(1, keepdim=True) + (table**2).sum(1) - 2 * flat @ table.T
        choice = one_hot(distances.argmin(1), len(table)).float()
        quantised = (choice @ table).view_as(z)
        with torch.no_grad():
            new = 1 - self.decay
            sizes = self.decay * self.sizes + new * choice.sum(0)
            total = sizes.sum()
            self.sizes.copy_((sizes + FLOOR) / (total + len(table) * FLOOR) * total)
            self.sums.copy_(self.decay * self.sums + new * (choice.T @ flat).squeeze(1))
            self.codebook.copy_(self.sums / self.sizes)
        commitment = mse_loss(quantised.detach(), z)
        made = torch.sigmoid(self.decoder(z + (quantised - z).detach()))
        error = mse_loss(made, x, reduction="none").sum(1).mean()
        return (error + self.beta * commitment,)

    def for_pythae(self):
        from pythae.models import VQVAE, VQVAEConfig
        from pythae_parts import Decoder, Encoder

        config = VQVAEConfig(
            input_dim=(self.features,),
            latent_dim=self.width,
            num_embeddings=len(self.codebook),
            commitment_loss_factor=self.beta,
            use_ema=True,
            decay=self.decay,
        )
        return VQVAE(config, encoder=Encoder(self.encoder), decoder=Decoder(self.decoder))


class AdversarialNet(Net):
    """A Gaussian code, squared error, and a discriminator that tells codes from those of the prior.

    Args:
        features: Number of pixels.
        hidden: Width of the encoder's and of the decoder's hidden layer.
        latent: Size of the code.
        judging: Width of the discriminator's hidden layer.
        weight: Of its say in the autoencoder's cost.
    """

    def __init__(self, features, hidden, latent, *, judging, weight):
        super().__init__()
        self.latent, self.weight = latent, weight
        self.encoder = rectified(features, hidden, 2 * latent)
        self.decoder = rectified(latent, hidden, features)
        self.discriminator = rectified(latent, judging, 1)

    def draw(self, count, generator=None):
        """Noise of the codes, then as many codes of the prior: (2, count, latent)."""
        return torch.stack([super(AdversarialNet, self).draw(count, generator) for _ in range(2)])

    def groups(self):
        both = [*self.encoder.parameters(), *self.decoder.parameters()]
        return both, list(self.discriminator.parameters())

    def losses(self, x, noise):
        mean, logvar = self.encoder(x).chunk(2, -1)
        z = mean + (logvar / 2).exp() * noise[0]
        error = mse_loss(self.decoder(z).sigmoid(), x, reduction="sum") / 2
        # One pass serves both: `backward` takes each gradient for its own parameters alone.
        fake, real = self.discriminator(z), self.discriminator(noise[1])
        fooled, told = softplus(-fake).sum(), (softplus(-real) + softplus(fake)).sum()
        return (error + self.weight * fooled) / len(x), told / len(x)

    def example_losses(self, x):
        mean, logvar = self.encoder(x).chunk(2, -1)
        std = torch.exp(0.5 * logvar)
        z = mean + torch.randn_like(std) * std
        prior = torch.randn_like(z)
        error = 0.5 * mse_loss(torch.sigmoid(self.decoder(z)), x, reduction="none").sum(1).mean()
        true, false = torch.ones(len(x), 1), torch.zeros(len(x), 1)

        def judged(code, label):
            return binary_cross_entropy(torch.sigmoid(self.discriminator(code)), label)

        told = judged(prior, true) + judged(z.detach(), false)
        return error + self.weight * judged(z, true), told

    def for_pythae(self):
        from pythae.models import Adversarial_AE, Adversarial_AE_Config
        from pythae_parts import Decoder, Discriminator, GaussianEncoder

        config = Adversarial_AE_Config(
            latent_dim=self.latent, adversarial_loss_scale=self.weight, reconstruction_loss="mse"
        )
        return Adversarial_AE(
            config,
            encoder=GaussianEncoder(self.encoder),
            decoder=Decoder(self.decoder),
            discriminator=Discriminator(self.discriminator),
        )
