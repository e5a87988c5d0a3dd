"""Encoder, decoder and discriminator in pythae's form; imported only where pythae trains."""

from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseDiscriminator, BaseEncoder


class Encoder(BaseEncoder):
    """A code that is a function of the image, (batch, latent)."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        return ModelOutput(embedding=self.layers(x))


class GaussianEncoder(BaseEncoder):
    """Mean and log variance of the code, side by side in the layers' output."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        mean, logvar = self.layers(x).chunk(2, -1)
        return ModelOutput(embedding=mean, log_covariance=logvar)


class Decoder(BaseDecoder):
    """Pixels in (0, 1); the layers give their logits."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, z):
        return ModelOutput(reconstruction=self.layers(z).sigmoid())


class Discriminator(BaseDiscriminator):
    """The probability that a code is the prior's; the layers give its logit."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, z):
        return ModelOutput(embedding=self.layers(z).sigmoid())
