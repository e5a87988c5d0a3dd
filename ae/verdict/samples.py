"""The values of a record that decide a claim, and the p of all claims about the same runs."""

import functools
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ae.records.record import Record
from ae.spec import (
    Claim,
    EqualClaim,
    Measure,
    OrderClaim,
    PooledClaim,
    Spec,
    TrendClaim,
    metrics_of,
    runs_of,
)
from ae.verdict.bounds import p_within
from ae.verdict.comparison import PAIRED, Arms, compared
from ae.verdict.either_way import either_way
from ae.verdict.looks import Listed, chosen, listed_seeds, schedule
from ae.verdict.permutation import adjusted_flips, adjusted_splits, holm, page
from ae.verdict.pooled import FEWEST, bounds_of, p_values
from ae.verdict.result import Array, usable

Values = dict[int, float]
Compared = OrderClaim | EqualClaim | TrendClaim | PooledClaim  # what has a family


class Samples:
    """A record's values, claim by claim, at any number of seeds."""

    def __init__(self, record: Record, tested: Sequence[Claim]) -> None:
        self.record = record
        self.tested = tested

    @cached_property
    def spec(self) -> Spec:
        """The spec as it was run."""
        return self.record.meaning

    @cached_property
    def measures(self) -> dict[str, Measure]:
        """The spec's measures by name."""
        return {m.name: m for m in self.spec.measure}

    @cached_property
    def listed(self) -> Listed:
        """The seeds that the spec lists for each run of the record's tier."""
        return listed_seeds(self.spec, self.record.tier)

    def sign(self, claim: Claim) -> int:
        """1 where a higher value of the claim's metric is better, else -1."""
        return self.measures[claim.metric].sign

    def either_way(self, claim: Claim) -> bool:
        """Whether neither more nor less of the claim's metric is better."""
        return either_way(self.measures[claim.metric])

    def values(self, run: str, metric: str, seeds: int) -> Values:
        """A metric by the seeds of a run that decide at this number of them."""
        found = self.record.run(run)
        assert found is not None
        known = found.values(metric)
        return {s: known[s] for s in chosen(found.seeds, self.listed[run], seeds)}

    def single(self, run: str, metric: str, seeds: int) -> Array:
        """The values of one run."""
        return np.array(list(self.values(run, metric, seeds).values()), dtype=float)

    def pair(self, claim: Claim) -> tuple[str, ...]:
        """The runs of a claim, of an order first the one that should be better."""
        if isinstance(claim, OrderClaim):
            return claim.arms(self.measures[claim.metric].direction)
        return runs_of(claim)

    def arms(self, claim: Claim, seeds: int) -> Arms:
        """The values of a claim's two runs."""
        first, second = (self.values(run, claim.metric, seeds) for run in self.pair(claim))
        both = _common((first, second))
        if len(both) >= PAIRED:
            return Arms(both[:, 0], both[:, 1])
        one, other = (np.array(list(v.values()), dtype=float) for v in (first, second))
        return Arms(one, other, paired=False)

    def sweep(self, claim: TrendClaim, seeds: int) -> Array:
        """(seeds, runs) on the seeds that all runs have."""
        return _common([self.values(run, claim.metric, seeds) for run in claim.runs])

    def pooled(self, claim: PooledClaim, seeds: int) -> Array:
        """(metric, seed, run) on the seeds that all runs have."""
        metrics, runs = metrics_of(claim), runs_of(claim)
        both = _common([self.values(run, m, seeds) for m in metrics for run in runs])
        return both.reshape(len(both), len(metrics), len(runs)).swapaxes(0, 1)

    def family(self, claim: Compared, seeds: int, *, back: bool = False) -> tuple[float, int]:
        """p after correction for all claims of the tier about the same runs, and their number.

        Westfall and Young's step-down over the orders among them, Holm's over claims of another
        kind; by Bonferroni over kinds, and over claims that look at other numbers of seeds.
        Controls are no claims of the paper. 0 for a claim without others: its own p stands.
        `back`: of an order, p of "it is the other way round", by the same correction.
        """
        members = [c for c in self._rivals if set(runs_of(c)) == set(runs_of(claim))]
        if claim.control or len(members) < 2:
            return 0.0, 1
        kinds = {(c.kind, schedule(c, self.listed)) for c in members}
        own = claim.kind, schedule(claim, self.listed)
        block = [c for c in members if (c.kind, schedule(c, self.listed)) == own]
        found = self._orders(block, seeds, back) if isinstance(claim, OrderClaim) else None
        if found is None:
            found = holm(np.array([self._alone(c, seeds) for c in block]))
        p = float(found[[c.id for c in block].index(claim.id)])
        return min(1.0, len(kinds) * p), len(members)

    @cached_property
    def _rivals(self) -> list[Compared]:
        return [c for c in self.tested if isinstance(c, Compared) and not c.control]

    def _orders(self, block: Sequence[Compared], seeds: int, back: bool) -> Array | None:
        """Adjusted p of orders about the same two runs.

        Where one of them cannot be computed 1, and 0 of the way back: nothing that is lost makes a
        word better.
        """
        turn = -1 if back else 1
        pairs = [self.arms(claim, seeds).turned(turn * self.sign(claim)) for claim in block]
        if any(np.isnan(np.concatenate([pair.first, pair.second])).any() for pair in pairs):
            return np.full(len(block), 0.0 if back else 1.0)
        if all(pair.paired for pair in pairs):
            return adjusted_flips(np.array([pair.first - pair.second for pair in pairs]))
        firsts = [self.pair(claim)[0] for claim in block]
        return _splits(firsts, pairs)

    @functools.lru_cache(maxsize=4096)  # noqa: B019 - lives as long as a judgement
    def _alone(self, claim: Compared, seeds: int) -> float:
        """p of one claim by itself; 1 where it has none."""
        match claim:
            case TrendClaim():
                values = usable(self.sweep(claim, seeds))
                if not values.size or np.isnan(values).any():
                    return 1.0
                rising = (1.0 if claim.moves == "up" else -1.0) * values
                return float(page(rising[None])[0].item())
            case PooledClaim():
                table = usable(self.pooled(claim, seeds))
                if table.shape[1] < FEWEST or np.isnan(table).any():
                    return 1.0
                bounds = bounds_of(claim, table)
                return p_values(claim, bounds)[0] if bounds else 1.0
            case _:
                arms = self.arms(claim, seeds)
                if np.isnan(np.concatenate([arms.first, arms.second])).any():
                    return 1.0
                found = compared(arms, claim.sigma_pin)
                if found is None or isinstance(claim, OrderClaim):
                    return 1.0
                return float(p_within(found.advantage, claim.margin).item())


def _splits(firsts: Sequence[str], pairs: Sequence[Arms]) -> Array:
    """Of arms that share no seeds; a claim may name the two runs the other way round."""
    turned = [first != firsts[0] for first in firsts]
    better = np.array([-p.second if t else p.first for p, t in zip(pairs, turned, strict=True)])
    worse = np.array([-p.first if t else p.second for p, t in zip(pairs, turned, strict=True)])
    return adjusted_splits(better, worse)


def _common(arms: Sequence[Values]) -> Array:
    """(seeds, runs) over the seeds that all runs have."""
    seeds = sorted(set.intersection(*(set(arm) for arm in arms)))
    rows = [[arm[seed] for arm in arms] for seed in seeds]
    return np.array(rows, dtype=float).reshape(len(seeds), len(arms))
