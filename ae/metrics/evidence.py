"""Estimators held against a model whose log p(x) is known: a model with `log_evidence(x)`; in nats."""

import numpy as np
import torch

from ae.metrics import annealed, likelihood
from ae.metrics.shared import Split, by_seed, up_to
from ae.spec.facts import measure
from ae.training.trained_run import Trained


@measure(label="log p(x), closed form, {split} set", unit="nats", better="higher")
def log_evidence(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """Mean of log p(x) in closed form; higher is better."""
    return _mean(trained, "log_evidence", split, examples)


@measure(label="ELBO, closed form, {split} set", unit="nats", better="higher")
def elbo(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """Mean of the ELBO in closed form; higher is better."""
    return _mean(trained, "elbo", split, examples)


@measure(label="log p(x) less ELBO, both in closed form, {split} set", unit="nats", better="lower")
def gap(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """log p(x) - ELBO, both in closed form: the divergence of the posterior; never negative."""
    return _less(
        log_evidence(trained, split=split, examples=examples),
        elbo(trained, split=split, examples=examples),
    )


@measure(
    label="-log p(x) by importance sampling, {samples:,} samples, less the exact value; "
    "{examples:,} {split} images",
    unit="nats",
    better="lower",
)
def importance_error(trained: Trained, *, split: Split, examples: int, samples: int) -> list[float]:
    """`likelihood.nll` with `samples`, less the true -log p(x); on average not below 0."""
    found = likelihood.nll(trained, split=split, examples=examples, samples=samples)
    return _plus(found, log_evidence(trained, split=split, examples=examples))


@measure(
    label="ELBO by {samples:,} samples less that in closed form; {examples:,} {split} images",
    unit="nats",
    better="lower",
)
def sampling_error(trained: Trained, *, split: Split, examples: int, samples: int) -> list[float]:
    """`likelihood.elbo` with `samples`, less the ELBO in closed form; 0 on average."""
    found = likelihood.elbo(trained, split=split, examples=examples, samples=samples)
    return _less(found, elbo(trained, split=split, examples=examples))


@measure(
    label="-log p(x) by annealed importance sampling, {chains:,} chains, {temperatures:,} "
    "temperatures, less the exact value; {examples:,} {split} images",
    unit="nats",
    better="lower",
)
def annealed_error(
    trained: Trained,
    *,
    split: Split,
    examples: int,
    chains: int,
    temperatures: int,
    leapfrogs: int,
    step: float,
    schedule: annealed.Schedule = "sigmoid",
) -> list[float]:
    """`annealed.nll`, less the true -log p(x); on average not below 0, but for adapted steps."""
    found = annealed.nll(
        trained,
        split=split,
        examples=examples,
        chains=chains,
        temperatures=temperatures,
        leapfrogs=leapfrogs,
        step=step,
        schedule=schedule,
    )
    return _plus(found, log_evidence(trained, split=split, examples=examples))


@measure(
    label="Log-likelihood of probabilistic PCA (scikit-learn) less ELBO, {split} set",
    unit="nats",
    better="lower",
)
def ppca_shortfall(trained: Trained, *, split: Split, examples: int) -> list[float]:
    """What probabilistic PCA, as scikit-learn fits it, has more than the closed-form ELBO.

    Fitted to the whole training set with as many components as the code has units, and scored on
    the first examples of the split. On the training set it is at least 0: no ELBO is above the
    greatest likelihood. scikit-learn divides the covariance by n - 1, which changes little.
    """
    from sklearn.decomposition import PCA

    every = torch.arange(len(trained.train.x), device=trained.train.x.device)
    x = trained.train.batch(every).x.double().cpu().numpy()
    asked = trained.split(split).batch(every[: up_to(trained, split, examples)]).x
    units = trained.of("encode", split, 1).shape[-1]
    best = PCA(units, svd_solver="covariance_eigh").fit(x).score(asked.double().cpu().numpy())
    return [best - value for value in elbo(trained, split=split, examples=examples)]


def _mean(trained: Trained, method: str, split: Split, examples: int) -> list[float]:
    values = trained.of(method, split, up_to(trained, split, examples))
    return by_seed(values.double(), np.mean)


def _less(first: list[float], second: list[float]) -> list[float]:
    return [a - b for a, b in zip(first, second, strict=True)]


def _plus(first: list[float], second: list[float]) -> list[float]:
    return [a + b for a, b in zip(first, second, strict=True)]
