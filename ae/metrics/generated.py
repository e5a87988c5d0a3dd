"""Images that a model makes of its own prior, and codes that it gives to real ones."""

import torch
from jaxtyping import Float
from torch import Tensor

from ae.errors import UserError
from ae.metrics.pieces import decoded, prior_codes
from ae.metrics.shared import Split, fresh_noise, up_to
from ae.training.trained_run import Trained


def generated(trained: Trained, samples: int) -> Float[Tensor, "seed samples features"]:
    """Images of random codes of the model's prior; of a model of prototypes, the first of these.

    Raises:
        UserError: There are fewer prototypes than that.
    """
    if (held := trained.stack.buffers.get("prototypes")) is None:
        return decoded(trained, samples).flatten(2)
    if held.shape[1] < samples:
        raise UserError(
            f"run {trained.name!r}: samples: found {samples}; the model holds {held.shape[1]}"
        )
    first: Tensor = held[:, :samples]
    return first


def drawn(trained: Trained, samples: int) -> Float[Tensor, "seed samples latent"]:
    """Codes of the model's own prior."""
    return prior_codes(trained, samples).detach()


def encoded(trained: Trained, split: Split, examples: int) -> Float[Tensor, "seed examples latent"]:
    """Codes of the first images of a split: samples of their posterior, where there is one."""
    count = up_to(trained, split, examples)
    if not hasattr(trained.model, "sample_code"):
        return trained.of("encode", split, count)
    draws = trained.model.draws_for("sample_code", None)
    members = range(len(trained.seeds))
    generators = [trained.generator(m, f"encoded/{split}") for m in members]

    def piece(x: Tensor) -> Tensor:
        noise = fresh_noise(draws, generators, 1, x)
        codes: Tensor = trained.stack.sample("sample_code", x, noise)
        return codes.squeeze(1)

    def found() -> Tensor:
        return torch.cat(trained.over(split, piece, count), 1)

    return trained.remembered(("encoded", split, count), found)
