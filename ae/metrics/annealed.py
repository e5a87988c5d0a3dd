"""log p(x) by annealed importance sampling: a second estimator, which needs no encoder; in nats.

Neal, Annealed Importance Sampling, 2001, https://arxiv.org/abs/physics/9803008; as Wu, Burda,
Salakhutdinov and Grosse (ICLR 2017, https://arxiv.org/abs/1611.04273) use it for decoders: 10,000
temperatures, 16 chains, Hamiltonian transitions of 10 leapfrog steps that begin at size 0.01.
"""

import math
from collections.abc import Sequence
from itertools import count, pairwise
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ae.errors import UserError
from ae.maths.probability import log_standard_normal
from ae.metrics import likelihood
from ae.metrics.hamiltonian import Chains
from ae.metrics.shared import Split, by_seed, up_to
from ae.models.base import Draw
from ae.spec.facts import measure
from ae.training.trained_run import Trained

BLOCK = 100  # examples that share a stream of noise
RADIUS = 4.0  # of the sigmoid schedule

Schedule = Literal["sigmoid", "cubic"]


@measure(
    label="-log p(x), {examples:,} {split} images, by annealing, {chains:,} chains, "
    "{temperatures:,} temperatures",
    unit="nats",
    better="lower",
)
def nll(
    trained: Trained,
    *,
    split: Split,
    examples: int,
    chains: int,
    temperatures: int,
    leapfrogs: int,
    step: float,
    schedule: Schedule = "sigmoid",
) -> list[float]:
    """-log of the mean weight of `chains`, averaged over examples; lower is better.

    On average it is not below -log p(x), and it falls towards it with more chains and temperatures.
    Step sizes begin at `step` and adapt on the way, which leaves the estimate exact only in the
    limit; too few temperatures for them to grow show as chains that hardly move. The `schedule`
    is Wu's `sigmoid`, or `cubic`, whose weights vary less where the likelihood is sharp.

    Raises:
        UserError: There are fewer than two temperatures, or no chain, or no leapfrog step.
    """
    if temperatures < 2 or chains < 1 or leapfrogs < 1:
        raise UserError(
            f"annealed.nll: found {temperatures} temperatures, {chains} chains, {leapfrogs} "
            "leapfrogs; expected at least 2, 1, 1"
        )
    heats = SCHEDULES[schedule](temperatures)
    blocks = count()

    def piece(x: Tensor) -> Tensor:
        return torch.cat(
            [
                _log_evidence(trained, part, next(blocks), chains, heats, leapfrogs, step)
                for part in torch.split(x, BLOCK)
            ],
            1,
        )

    found = torch.cat(trained.over(split, piece, up_to(trained, split, examples)), 1)
    return by_seed(-found, np.mean)


@measure(
    label="-log p(x) by {samples:,} importance samples less that by annealing, {chains:,} "
    "chains, {temperatures:,} temperatures",
    unit="nats",
    better="lower",
)
def excess(
    trained: Trained,
    *,
    split: Split,
    examples: int,
    samples: int,
    chains: int,
    temperatures: int,
    leapfrogs: int,
    step: float,
) -> list[float]:
    """`likelihood.nll` of `samples` less `nll`, of the same examples: near 0 where both are tight.

    Above 0 by what importance sampling leaves, below by what annealing leaves. The two share the
    decoder and the prior alone, so an error in log q(z given x) parts them.
    """
    annealed = nll(
        trained,
        split=split,
        examples=examples,
        chains=chains,
        temperatures=temperatures,
        leapfrogs=leapfrogs,
        step=step,
    )
    sampled = likelihood.nll(trained, split=split, examples=examples, samples=samples)
    return [a - b for a, b in zip(sampled, annealed, strict=True)]


def sigmoid_schedule(temperatures: int) -> list[float]:
    """Inverse temperatures from 0 to 1, closest together at both ends."""
    steps = torch.linspace(-RADIUS, RADIUS, temperatures, dtype=torch.float64).sigmoid()
    scaled: list[float] = ((steps - steps[0]) / (steps[-1] - steps[0])).tolist()
    return scaled


def cubic_schedule(temperatures: int) -> list[float]:
    """Inverse temperatures (t / T)^3, closest together at 0, where a sharp likelihood sets in.

    Friel and Pettitt, Marginal likelihood estimation via power posteriors, JRSS B 70(3), 2008.
    """
    return [(t / (temperatures - 1)) ** 3 for t in range(temperatures)]


SCHEDULES = {"sigmoid": sigmoid_schedule, "cubic": cubic_schedule}


def _log_evidence(
    trained: Trained,
    x: Float[Tensor, "batch features"],
    block: int,
    chains: int,
    schedule: Sequence[float],
    leapfrogs: int,
    step: float,
) -> Float[Tensor, "seed batch"]:
    """The estimate of log p(x) of every example, from the standard normal to p(x, z)."""
    draws = trained.model.draws_for("log_joint", None)
    size = sum(math.prod(draw.shape) for draw in draws.values())
    shape = (chains, len(x))
    generators = [trained.generator(m, f"annealed/{block}") for m in range(len(trained.seeds))]

    def normal() -> Tensor:
        return torch.stack([x.new_empty(*shape, size).normal_(generator=g) for g in generators])

    def uniform() -> Tensor:
        return torch.stack([x.new_empty(shape).uniform_(generator=g) for g in generators])

    def log_joint(z: Tensor) -> Tensor:
        joint: Tensor = trained.stack.sample("log_joint", x, named(z, draws))
        return joint

    state = Chains.at(normal(), 1, step)
    weight = torch.zeros(len(generators), *shape, dtype=torch.float64, device=x.device)
    for before, after in pairwise(schedule):
        ratio = log_joint(state.z).double() - log_standard_normal(state.z).double()
        weight += (after - before) * ratio

        def tempered(z: Tensor, heat: float = after) -> Tensor:
            return (1 - heat) * log_standard_normal(z) + heat * log_joint(z)

        state.move(tempered, normal(), uniform(), leapfrogs)
    return weight.logsumexp(1) - math.log(chains)


def named(
    z: Float[Tensor, "*chain latent"], draws: dict[str, Draw]
) -> dict[str, Float[Tensor, "*chain _"]]:
    """The parts of a flat code by name, in the shapes that the model declares."""
    sizes = [math.prod(draw.shape) for draw in draws.values()]
    return {
        name: part.reshape(*z.shape[:-1], *draw.shape)
        for (name, draw), part in zip(draws.items(), torch.split(z, sizes, -1), strict=True)
    }
