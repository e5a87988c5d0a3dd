"""Evaluations of a stack while it trains, on images that it does not train on.

An evaluation draws from generators of its own, one a member's seed, named after the stage, the watch
and the step. So it moves no other random number, a training that is resumed finds the same values,
and members with equal seeds see equal noise.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from ae.errors import UserError
from ae.models.base import Batch, Draw, Noise, Objective
from ae.spec import Watch
from ae.training.batches import Source
from ae.training.noise import NoiseSource
from ae.training.stack import Stack

CHUNK = 2000  # images that one call of the model sees, times samples


def evaluate(stack: Stack, watch: Watch, data: Source, purpose: str) -> dict[str, Tensor]:
    """Each term's mean over the first examples of `data`: name -> (member,), in double precision.

    Raises:
        UserError: The data set has fewer examples, or a draw to be silenced is unknown.
    """
    examples = data.examples if watch.examples == "all" else watch.examples
    if examples > data.examples:
        raise UserError(
            f"{purpose}: examples: found {examples}; the split {watch.split!r} has {data.examples}"
        )
    source = NoiseSource(stack.seeds, stack.device, purpose)
    stack.train(False)
    try:
        with torch.no_grad():
            if watch.samples is None:
                pieces = _objective(stack, watch, data, examples, source, purpose)
            else:
                pieces = _log_weights(stack, watch.samples, data, examples, source)
            return _mean(pieces)
    finally:
        stack.train()


def _mean(pieces: Iterator[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean over the last axis of all pieces, name by name."""
    sums: dict[str, Tensor] = {}
    count = 0
    for piece in pieces:
        count += next(iter(piece.values())).shape[-1]
        for name, values in piece.items():
            total = values.double().sum(-1)
            sums[name] = sums[name] + total if name in sums else total
    return {name: total / count for name, total in sums.items()}


def _objective(
    stack: Stack, watch: Watch, data: Source, examples: int, source: NoiseSource, purpose: str
) -> Iterator[dict[str, Tensor]]:
    draws = stack.model.draws_for(watch.by, None)
    if strange := [name for name in watch.silent if name not in draws]:
        raise UserError(
            f"{purpose}: silent: found {strange[0]!r}; expected draws of the model: "
            f"{', '.join(draws) or 'it has none'}"
        )
    for batch in _pieces(data, examples, stack.device, CHUNK):
        noise = source.draw(draws, len(batch.x))
        for name in watch.silent:
            noise[name].zero_()
        out: Objective = stack.call(watch.by, _for_all(stack, batch), noise)
        yield {"loss": out.loss, **out.parts}


def _log_weights(
    stack: Stack, samples: int, data: Source, examples: int, source: NoiseSource
) -> Iterator[dict[str, Tensor]]:
    draws = stack.model.draws_for("log_weights", None)
    for batch in _pieces(data, examples, stack.device, max(1, CHUNK // samples)):
        noise = _noise(source, draws, samples, len(batch.x))
        weights: Tensor = stack.sample("log_weights", batch.x, noise).double()
        yield {
            "bound": weights.mean(1),
            "nll": math.log(samples) - weights.logsumexp(1),
        }


def _noise(source: NoiseSource, draws: dict[str, Draw], samples: int, batch: int) -> Noise:
    """Noise (member, sample, batch, *shape)."""
    flat = source.draw(draws, samples * batch)
    return {n: v.view(len(v), samples, batch, *v.shape[2:]) for n, v in flat.items()}


def _pieces(data: Source, examples: int, device: torch.device, size: int) -> Iterator[Batch]:
    """Consecutive examples, without the member axis."""
    for first in range(0, examples, size):
        yield data.batch(torch.arange(first, min(first + size, examples), device=device))


def _for_all(stack: Stack, batch: Batch) -> Batch:
    """The same examples for every member."""
    members = len(stack.seeds)
    y = None if batch.y is None else batch.y.expand(members, *batch.y.shape)
    return Batch(batch.x.expand(members, *batch.x.shape), y)
