"""What code that was released with a paper computes for itself, from torch's own generator."""

import copy
from typing import Any

import torch

from ae.errors import UserError
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(label="{term:words} of the first step", unit=None, better=None)
def first_step(trained: Trained, *, seed: int, term: str) -> list[float]:
    """A VAE's terms for one random image, before any training: `log_q` or `loss`, in nats.

    After `torch.manual_seed(seed)`: the layers' weights in the order of their definition, as
    torch draws them, then the image from N(0, I), then the code's noise. The same number for each
    of the run's seeds, which have no part in it. `log_q` is log q(z given x), `loss` the mean
    squared error of a pixel plus `weight` times log q(z given x) - log p(z).

    Raises:
        UserError: `term` is neither of the two.
    """
    if term not in ("log_q", "loss"):
        raise UserError(f"released.first_step: term: found {term!r}; expected 'log_q' or 'loss'")
    model: Any = copy.deepcopy(trained.model).to("cpu", torch.float32)
    shapes = (trained.train.features, *model.draws["z"].shape)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for module in model.modules():
            if isinstance(module, torch.nn.Linear):
                module.reset_parameters()
        x, z = (torch.randn(1, size, dtype=torch.float32) for size in shapes)
        error, log_q, log_p = model.terms(x, x, z)
        terms = {"log_q": log_q, "loss": error + model.weight * (log_q - log_p)}
    return [terms[term].item()] * len(trained.seeds)
