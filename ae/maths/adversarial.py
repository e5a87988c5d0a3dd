"""What adversarial autoencoders share: a discriminator's logit and loss, images of every class."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import softplus


def judged(
    discriminator: nn.Module, code: Float[Tensor, "batch inputs"]
) -> Float[Tensor, " batch"]:
    """log D / (1 - D)."""
    logits: Tensor = discriminator(code)
    return logits.squeeze(-1)


def judging(
    real: Float[Tensor, " batch"], fake: Float[Tensor, " batch"]
) -> Float[Tensor, " batch"]:
    """-log D(prior) - log(1 - D(code)), of the logits of both."""
    return softplus(-real) + softplus(fake)


def every_class(
    decoder: nn.Module, z: Float[Tensor, "batch latent"], classes: int
) -> Float[Tensor, "batch classes features"]:
    """The decoder's images of each class in one style, in (0, 1); its input is class, then style."""
    labels = torch.eye(classes, dtype=z.dtype, device=z.device).expand(len(z), -1, -1)
    styles = z.unsqueeze(1).expand(-1, classes, -1)
    images: Tensor = decoder(torch.cat([labels, styles], -1).flatten(0, 1)).sigmoid()
    return images.view(len(z), classes, -1)
