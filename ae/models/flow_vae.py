"""Variational autoencoder whose posterior is a Gaussian sent through inverse autoregressive flows.

Kingma, Salimans, Jozefowicz, Chen, Sutskever and Welling, Improving Variational Inference with Inverse
Autoregressive Flow, NeurIPS 2016, https://arxiv.org/abs/1606.04934; networks as in
altosaar/variational-autoencoder at c7b298e, flow.py and train_variational_autoencoder_pytorch.py,
https://github.com/altosaar/variational-autoencoder
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from ae.maths.networks import affine, mlp
from ae.maths.probability import log_normal
from ae.models.base import Batch, Draw, Noise, Objective
from ae.models.sampled_code import SampledCode

OPEN = 2.0  # the gates' initial bias: sigmoid(2) = 0.88 of a number passes


class FlowVAE(SampledCode):
    """q(z given x): N(mean, diag(std^2)), then flows; p(z) = N(0, I); Bernoulli pixels; ReLU layers.

    Each flow mixes a number with what it makes of those before it and of the encoder's context, and
    then the order of the numbers is reversed.

    Args:
        features: Number of pixels.
        hidden: Widths between the data and the code; the decoder mirrors them.
        latent: Size of the code, and of the context.
        flows: How many.
        width: Units of the two hidden layers of a flow.
    """

    def __init__(
        self, features: int, *, hidden: list[int], latent: int, flows: int, width: int
    ) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden, 3 * latent], nn.ReLU)
        self.decoder = mlp([latent, *hidden[::-1], features], nn.ReLU)
        self.flows = nn.ModuleList(Flow(latent, width) for _ in range(flows))
        self.draws = {"z": Draw("normal", (latent,))}

    def encode(self, x: Float[Tensor, "batch features"]) -> Float[Tensor, "batch latent"]:
        """Where the flows send the mean of the Gaussian."""
        mean = self.encoder(x).chunk(3, -1)[0]
        return self.posterior_sample(x, {"z": torch.zeros_like(mean)})[0]

    def posterior_sample(
        self, x: Float[Tensor, "batch features"], noise: Noise
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, " batch"]]:
        """The code that the noise becomes, and log q of it given x; nats."""
        mean, scale, context = self.encoder(x).chunk(3, -1)
        deviation = softplus(scale)
        z = mean + deviation * noise["z"]
        log_q = log_normal(z, mean, 2 * deviation.log())
        for flow in self.flows:
            z, log_slope = flow(z, context)
            z, log_q = z.flip(-1), log_q - log_slope
        return z, log_q

    def objective(self, batch: Batch, noise: Noise) -> Objective:
        """-log p(x, z) + log q(z given x), one sample of z; nats per image."""
        kl, parts = self.sampled_terms(batch.x, noise)
        return Objective(loss=parts["reconstruction"] + kl, parts=parts)


class Flow(nn.Module):
    """z_i becomes g z_i + (1 - g) m, where g in (0, 1) and m depend on z_1 .. z_(i-1) and the context.

    Of an autoregressive network with two hidden layers (Germain et al., MADE, ICML 2015), whose hidden
    units have degrees that are drawn once and for all, equal in every flow.
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(size, width)
        self.second = nn.Linear(width, width)
        self.last = nn.Linear(width, 2 * size)
        self.context = nn.Linear(size, width, bias=False)
        self.gate = nn.Parameter(torch.full((size,), OPEN))
        for i, mask in enumerate(masks(size, width)):
            self.register_buffer(f"mask_{i}", mask)

    def forward(
        self, z: Float[Tensor, "batch size"], context: Float[Tensor, "batch size"]
    ) -> tuple[Float[Tensor, "batch size"], Float[Tensor, " batch"]]:
        """Where z goes, and the log of the determinant of the map's slope there."""
        h = (self._masked(0, self.first, z) + self.context(context)).relu()
        h = self._masked(1, self.second, h).relu()
        m, s = self._masked(2, self.last, h).chunk(2, -1)
        s = s + self.gate
        gate = s.sigmoid()
        return gate * z + (1 - gate) * m, logsigmoid(s).sum(-1)

    def _masked(self, index: int, layer: nn.Linear, x: Tensor) -> Tensor:
        return affine(x, self.get_buffer(f"mask_{index}") * layer.weight, layer.bias)


def masks(size: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Which weights of the three layers are there: outputs by inputs, 1 or 0.

    Inputs and outputs have degrees 1 to `size`, hidden units 1 to `size` - 1. A hidden unit hears
    degrees up to its own, an output those below its own.
    """
    draw = np.random.RandomState(0)
    ends = np.arange(1, size + 1)
    hidden = [draw.randint(1, size, size=width) for _ in range(2)]
    degrees = [ends, *hidden, np.concatenate([ends, ends])]
    allowed = [
        degrees[1][:, None] >= degrees[0],
        degrees[2][:, None] >= degrees[1],
        degrees[3][:, None] > degrees[2],
    ]
    first, second, last = (torch.tensor(a, dtype=torch.get_default_dtype()) for a in allowed)
    return first, second, last
