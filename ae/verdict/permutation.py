"""Exact tests by permutation, on stacks of samples; higher counts as better throughout."""

import functools
import itertools
import math

import numpy as np

from ae.verdict.result import Array

DRAWS = 10_000  # random permutations where there are too many to list
LISTED = 20_000
LONGEST = 7  # sweep whose permutations are listed
SEED = 1312


@functools.cache
def _signs(seeds: int) -> Array:
    """All sign patterns (patterns, seeds), or random ones with the observed one first."""
    if 2**seeds <= LISTED:
        return np.array(list(itertools.product((1.0, -1.0), repeat=seeds)))
    random = np.random.default_rng(SEED).choice((1.0, -1.0), size=(DRAWS, seeds))
    return np.concatenate([np.ones((1, seeds)), random])


def sign_flip(difference: Array) -> Array:
    """One-sided p of "the mean difference is positive" over all sign patterns.

    Args:
        difference: paired differences, (samples, seeds).
    """
    sums = difference @ _signs(difference.shape[-1]).T
    slack = 1e-12 * np.abs(difference).sum(-1, keepdims=True)
    return np.asarray((sums >= difference.sum(-1, keepdims=True) - slack).mean(-1))


def sign_test(above: Array, seeds: int) -> Array:
    """One-sided p of "the median is above": that at least so many of the seeds are, by coins."""
    tail = np.cumsum([math.comb(seeds, k) for k in range(seeds, -1, -1)])[::-1] / 2.0**seeds
    return np.asarray(tail[above.astype(int)])


@functools.cache
def _splits(first: int, total: int) -> Array:
    """Membership of the first group (splits, total): all of them, or random ones."""
    if math.comb(total, first) <= LISTED:
        chosen = np.array(list(itertools.combinations(range(total), first)))
    else:
        rows = np.tile(np.arange(total), (DRAWS, 1))
        rest = np.random.default_rng(SEED).permuted(rows, axis=1)[:, :first]
        chosen = np.concatenate([np.arange(first)[None], rest])
    member = np.zeros((len(chosen), total))
    np.put_along_axis(member, chosen, 1.0, axis=1)
    return member


def rank_sum(better: Array, worse: Array) -> Array:
    """One-sided p of "`better` tends to be higher", by Wilcoxon's rank sum with midranks.

    Args:
        better: (samples, n).
        worse: (samples, m), not paired with the other.
    """
    count = better.shape[-1]
    ranks = midranks(np.concatenate([better, worse], axis=-1))
    sums = ranks @ _splits(count, ranks.shape[-1]).T
    observed = ranks[..., :count].sum(-1, keepdims=True)
    return np.asarray((sums >= observed - 1e-9).mean(-1))


def adjusted_flips(differences: Array) -> Array:
    """p of "the mean difference is positive" of several metrics of the same seeds, as one family.

    Westfall and Young's step-down over sign flips of whole seeds: how often the largest t among a
    metric and the less striking ones would be as large. The chance that any metric without a
    difference is called different is at most the level, however they are correlated; metrics that
    agree cost nothing, which at five seeds, with a least p of 1/32, decides whether two can be told.

    Args:
        differences: (metrics, seeds), each metric's positive as claimed.
    """
    sums = _cosines(differences) @ _signs(differences.shape[-1]).T
    observed = _cosines(differences).sum(-1)
    return _step_down(sums, observed)


def adjusted_splits(better: Array, worse: Array) -> Array:
    """The same of two arms that share no seeds, (metrics, n) and (metrics, m), over splits."""
    n, both = better.shape[-1], np.concatenate([better, worse], axis=-1)
    unit = _cosines(both - both.mean(-1, keepdims=True))
    sums = unit @ _splits(n, both.shape[-1]).T
    return _step_down(sums, unit[:, :n].sum(-1))


def _cosines(values: Array) -> Array:
    """Rows of length one; sums of them under flips are in the order of their t statistics."""
    length = np.sqrt((values**2).sum(-1, keepdims=True))
    return np.asarray(values / np.where(length > 0, length, 1.0))


def _step_down(sums: Array, observed: Array) -> Array:
    """Adjusted p of each row: `sums` (metrics, arrangements), `observed` (metrics,)."""
    order = np.argsort(observed, kind="stable")
    largest = np.maximum.accumulate(sums[order], axis=0)
    reached = largest >= observed[order][:, None] - 1e-9
    p = reached.mean(-1)[::-1]  # from the most striking one on
    adjusted = np.empty_like(p)
    adjusted[order[::-1]] = np.maximum.accumulate(p)
    return np.asarray(adjusted)


def superiority(better: Array, worse: Array) -> Array:
    """PI: how often a value of one arm beats a value of the other, ties counting half."""
    step = np.sign(better[..., :, None] - worse[..., None, :])
    return np.asarray(0.5 + 0.5 * step.mean((-2, -1)))


def midranks(values: Array) -> Array:
    """Ranks from 1 along the last axis; equal values share the mean of their ranks."""
    step = np.sign(values[..., :, None] - values[..., None, :])
    return np.asarray(0.5 * (step.sum(-1) + values.shape[-1] + 1))


def holm(p: Array) -> Array:
    """Holm's adjusted p over the last axis."""
    order = np.argsort(p, axis=-1, kind="stable")
    factors = np.arange(p.shape[-1], 0, -1)
    stepped = np.maximum.accumulate(np.take_along_axis(p, order, -1) * factors, axis=-1)
    adjusted = np.empty_like(stepped)
    np.put_along_axis(adjusted, order, np.minimum(stepped, 1.0), axis=-1)
    return adjusted


@functools.cache
def _orders(length: int) -> Array:
    """All arrangements of the weights 1..length."""
    return np.array(list(itertools.permutations(range(1, length + 1))), dtype=float)


@functools.lru_cache(maxsize=4096)
def _seed_law(ranks: tuple[float, ...]) -> Array:
    """Law of 2 sum_j j rank_j of one seed under permutation, indexed by its value."""
    doubled = np.rint(2 * _orders(len(ranks)) @ np.array(ranks)).astype(np.int64)
    return np.bincount(doubled) / len(doubled)


@functools.lru_cache(maxsize=4096)
def _null(patterns: tuple[tuple[float, ...], ...]) -> tuple[Array, Array]:
    """P(L >= l) and P(L <= l) of Page's L within seeds of these ranks, indexed by 2 l."""
    if len(patterns[0]) <= LONGEST:
        law = functools.reduce(np.convolve, map(_seed_law, patterns))
    else:
        rng = np.random.default_rng(SEED)
        weights = np.arange(1, len(patterns[0]) + 1)
        total = np.zeros(DRAWS)
        for ranks in patterns:
            total += rng.permuted(np.tile(ranks, (DRAWS, 1)), axis=1) @ weights
        most = int(2 * sum(np.sort(ranks) @ weights for ranks in patterns))
        law = np.bincount(np.rint(2 * total).astype(np.int64), minlength=most + 1) / DRAWS
    upper, lower = np.cumsum(law[::-1])[::-1], np.cumsum(law)
    if len(patterns[0]) <= LONGEST:
        return np.minimum(upper, 1.0), np.minimum(lower, 1.0)
    return (upper * DRAWS + 1) / (DRAWS + 1), (lower * DRAWS + 1) / (DRAWS + 1)


def page(values: Array) -> tuple[Array, Array]:
    """One-sided p of Page's L for "it rises" and for "it falls", permuting within seeds.

    L = sum_j j sum_k rank_kj. Exact for sweeps of up to seven runs and any number of seeds (the
    law of L is the convolution of the seeds' laws), else over 10 000 fixed permutations.

    Args:
        values: (samples, seeds, runs), runs in the order of the sweep.
    """
    ranks = midranks(values)
    doubled = np.rint(2 * (ranks @ np.arange(1, values.shape[-1] + 1)).sum(-1)).astype(np.int64)
    patterns = np.sort(ranks, axis=-1)
    tails = []
    for rows, value in zip(patterns.tolist(), doubled, strict=True):
        upper, lower = _null(tuple(sorted(tuple(row) for row in rows)))
        tails.append((upper[value], lower[value]))
    both = np.array(tails)
    return both[:, 0], both[:, 1]
