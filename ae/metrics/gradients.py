"""What a draw of noise does to the gradient of an objective: by how much it varies, and about which mean.

Kingma and Welling, An Introduction to Variational Autoencoders, 2019, https://arxiv.org/abs/1906.02691,
sections 2.4 and 2.9.
"""

import math
from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from ae.metrics.shared import Split, finite, fresh_noise, up_to
from ae.models.base import Batch
from ae.spec.facts import measure
from ae.training.trained_run import Trained

WAYS = 20  # directions in which two means are compared


@measure(
    label="Variance of the gradient of `{module}` over {draws:,} draws of noise, log10",
    unit="",
    better="lower",
)
def spread(
    trained: Trained, *, split: Split, examples: int, draws: int, module: str
) -> list[float]:
    """log10 of the sum, over a module's weights, of the variance of the gradient of `objective`.

    The gradient of the mean over the first `examples` of a split, nats a unit of the weight, by a new
    draw of noise each time.
    """
    found = _gradients(trained, "objective", split, examples, draws, module)
    first = next(found)  # from which the others are taken: sums of squares lose no digits
    total, square = torch.zeros_like(first), torch.zeros_like(first)
    for gradient in found:
        total += gradient - first
        square += (gradient - first) ** 2
    variance = (square - total**2 / draws).sum(-1) / (draws - 1)
    return finite(variance.log10().tolist())


@measure(
    label="Mean gradients of `{one}` and `{other}` apart, in standard errors, the most of 20 directions",
    unit="",
    better="lower",
)
def apart(
    trained: Trained,
    *,
    split: Split,
    examples: int,
    draws: int,
    module: str,
    one: str,
    other: str,
) -> list[float]:
    """The difference of the means of two objectives' gradients, along random directions.

    In its standard errors; the most of 20 directions, which are the same for both. Two estimators of
    one gradient are some 2 apart, and beyond 4.5 once in 7,000 times.
    """
    found = []
    for objective in (one, other):
        ways: list[Tensor] = []
        along = []
        for gradient in _gradients(trained, objective, split, examples, draws, module):
            ways = ways or _ways(trained, gradient)
            along.append(torch.stack([g @ w for g, w in zip(gradient, ways, strict=True)]))
        seen = torch.stack(along)  # draws, members, directions
        found.append((seen.mean(0), seen.var(0) / draws))
    (mean, noise), (other_mean, other_noise) = found
    return finite(((mean - other_mean).abs() / (noise + other_noise).sqrt()).amax(-1).tolist())


def _ways(trained: Trained, gradient: Float[Tensor, "seed weights"]) -> list[Tensor]:
    size = gradient.shape[-1]
    return [
        torch.randn(size, WAYS, generator=trained.generator(m, "directions"), dtype=gradient.dtype)
        / math.sqrt(size)
        for m in range(len(gradient))
    ]


def _gradients(
    trained: Trained, objective: str, split: Split, examples: int, draws: int, module: str
) -> Iterator[Float[Tensor, "seed weights"]]:
    """The gradient of the mean objective by a module's weights, draw by draw; double precision."""
    stack = trained.stack
    data = trained.split(split)
    count = up_to(trained, split, examples)
    x = data.batch(torch.arange(count, device=data.x.device)).x
    stack.train(False)
    batch = Batch(x.expand(len(trained.seeds), *x.shape))
    wanted = trained.model.draws_for(objective, None)
    generators = [trained.generator(m, f"gradients/{objective}") for m in range(len(trained.seeds))]
    weights = [p for name, p in stack.parameters.items() if name.startswith(f"{module}.")]
    before = [p.requires_grad for p in weights]
    try:
        for p in weights:
            p.requires_grad_()  # what is measured usually asks for no gradient
        for _ in range(draws):
            noise = {k: n.squeeze(1) for k, n in fresh_noise(wanted, generators, 1, x).items()}
            with torch.enable_grad():
                loss = stack.call(objective, batch, noise).loss.mean(-1).sum()
                parts = torch.autograd.grad(loss, weights)
            yield torch.cat([p.flatten(1) for p in parts], 1).double()
    finally:
        for p, asked in zip(weights, before, strict=True):
            p.requires_grad_(asked)
