"""Images of random codes, drawn by a law that is fitted to the training images' codes, or by none.

C. Chadebec, L. J. Vincent and S. Allassonnière, Pythae, NeurIPS 2022, https://arxiv.org/abs/2206.08309;
its samplers. The codes that a law is fitted to are samples of the posterior, where there is one.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from ae.maths.masked_flows import MaskedFlow
from ae.metrics.generated import encoded
from ae.metrics.pieces import prior_codes
from ae.metrics.shared import up_to
from ae.training.stack import derive
from ae.training.trained_run import Trained

Sampler = Literal["normal", "own", "mixture", "maf", "iaf"]
COMPONENTS, ITERATIONS = 10, 2000  # of the mixture, as in Pythae; most, of its fit
WIDTH, LAYERS, BLOCKS = 64, 2, 2  # of a flow
BATCH, RATE = 100, 0.002  # of its training, by Adam
FLOOR = 1e-3  # of a deviation that codes are divided by


def made(
    trained: Trained,
    *,
    sampler: Sampler,
    codes: int,
    samples: int,
    steps: int,
    members: Sequence[int] | None = None,
) -> Float[Tensor, "seed samples features"]:
    """`decode` of random codes, each seed's from its own stream; NaN of a seed whose codes are not finite.

    Args:
        trained: The run.
        sampler: `normal`, N(0, I); `own`, the model's own prior, N(0, I) where it has none; a
            `mixture` of ten Gaussians, by scikit-learn's expectation maximisation; or a masked
            autoregressive flow (`maf`) or an inverse one (`iaf`), by gradient descent.
        codes: How many training images' codes the last three are fitted to.
        samples: How many images.
        steps: Of a flow's training, of `BATCH` codes each.
        members: Of which seeds, by their places; all by default. Others have NaN.
    """
    chosen = [*range(len(trained.seeds))] if members is None else [*members]
    if sampler == "own" and hasattr(trained.model, "prior_code"):
        z = prior_codes(trained, samples).detach()
    else:
        known = encoded(trained, "train", up_to(trained, "train", codes))
        lost = [m for m in chosen if not known[m].isfinite().all()]
        sound = [m for m in chosen if m not in lost]
        z = known.new_full((len(known), samples, known.shape[-1]), torch.nan)
        if sound:
            z[sound] = _codes(trained, sampler, known[sound], samples, steps, sound)
    trained.stack.train(False)
    with torch.no_grad():
        images: Tensor = trained.stack.call("decode", z)
    return images.flatten(2)


def _codes(
    trained: Trained,
    sampler: Sampler,
    known: Float[Tensor, "seed codes size"],
    samples: int,
    steps: int,
    members: list[int],
) -> Float[Tensor, "seed samples size"]:
    if sampler == "mixture":
        return _mixture(trained, known, samples, members)
    noise = torch.stack(
        [
            torch.randn(samples, known.shape[-1], generator=g, device=g.device)
            for g in (trained.generator(m, "samplers") for m in members)
        ]
    )
    if sampler in ("normal", "own"):
        return noise
    return _flow(trained, known, noise, steps, members, inverse=sampler == "iaf")


def _mixture(
    trained: Trained, codes: Float[Tensor, "seed codes size"], samples: int, members: list[int]
) -> Float[Tensor, "seed samples size"]:
    from sklearn.mixture import GaussianMixture

    found = []
    for member, z in zip(members, codes.double().cpu().numpy(), strict=True):
        state = trained.generator(member, "samplers/mixture").initial_seed() % 2**32
        fit = GaussianMixture(min(COMPONENTS, len(z)), max_iter=ITERATIONS, random_state=state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # fewer distinct codes than components
            draw = fit.fit(z).sample
        drawn, _ = draw(samples)
        found.append(torch.from_numpy(drawn.astype(np.float32)))
    return torch.stack(found).to(codes)


class _Cost(nn.Module):
    """-log p(z) of a flow, the mean over codes: what is trained, in the form that a stack calls."""

    def __init__(self, size: int, *, inverse: bool) -> None:
        super().__init__()
        self.flow = MaskedFlow(size, width=WIDTH, layers=LAYERS, blocks=BLOCKS, inverse=inverse)

    def forward(self, z: Tensor, *, sample: bool) -> Tensor:
        return self.flow.sample(z) if sample else -self.flow.log_prob(z).mean()


def _flow(
    trained: Trained,
    codes: Float[Tensor, "seed codes size"],
    noise: Float[Tensor, "seed samples size"],
    steps: int,
    members: list[int],
    *,
    inverse: bool,
) -> Float[Tensor, "seed samples size"]:
    """All seeds' flows at once, on codes that are centred and scaled number by number."""
    size, device = codes.shape[-1], codes.device
    mean, scale = codes.mean(1, keepdim=True), codes.std(1, keepdim=True).clamp(min=FLOOR)
    known = (codes - mean) / scale
    build = []
    for seed in (trained.seeds[m] for m in members):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, "samplers/flow"))
            build.append(_Cost(size, inverse=inverse))
    parameters, buffers = stack_module_state(build)
    learnt = {k: p.detach().to(device).requires_grad_() for k, p in parameters.items()}
    fixed = {k: b.to(device) for k, b in buffers.items()}

    def each(*, sample: bool) -> Callable[..., Tensor]:
        def one(own: dict[str, Tensor], held: dict[str, Tensor], z: Tensor) -> Tensor:
            found: Tensor = functional_call(build[0], own | held, (z,), {"sample": sample})
            return found

        mapped: Callable[..., Tensor] = vmap(one)
        return mapped

    cost, draw = each(sample=False), each(sample=True)
    optimizer = torch.optim.Adam(learnt.values(), lr=RATE)
    generators = [trained.generator(m, "samplers/flow") for m in members]
    for _ in range(steps):
        rows = torch.stack(
            [
                torch.randint(known.shape[1], (BATCH,), generator=g, device=g.device)
                for g in generators
            ]
        )
        batch = known.gather(1, rows.unsqueeze(-1).expand(-1, -1, size))
        optimizer.zero_grad()
        loss = cost(learnt, fixed, batch).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        z = draw(learnt, fixed, noise)
    return z * scale + mean
