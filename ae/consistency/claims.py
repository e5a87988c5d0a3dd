"""Whether a claim can be judged by what the rest of the spec trains and measures."""

from collections import Counter
from collections.abc import Iterator

from ae.consistency.measures import is_density
from ae.spec import (
    Claim,
    FigureClaim,
    PooledClaim,
    Spec,
    Tier,
    TierName,
    TrendClaim,
    ValueClaim,
    runs_of,
)
from ae.toml import no_such

LEAST_TREND = 3


def unfounded(spec: Spec, claim: Claim) -> Iterator[str]:
    """Why a claim cannot be judged, or not as it says, a line each."""
    yield from _judgeable(spec, claim)
    runs = runs_of(claim)
    for run, times in Counter(runs).items():
        if times > 1:
            yield f"run {run!r} is given {times} times; kind {claim.kind!r} needs distinct runs"
    if isinstance(claim, TrendClaim) and len(runs) < LEAST_TREND:
        yield f"runs: found {len(runs)}; a trend needs at least {LEAST_TREND}"
    if isinstance(claim, PooledClaim):
        yield from _pooled(spec, claim)
    if claim.primary and claim.status == "recalled":
        yield "primary: found true; a claim of status 'recalled' is never primary"
    if claim.primary and "paper" not in claim.tiers:
        yield "tiers: a primary claim is judged in tier 'paper'; add it, or set primary = false"
    small = [tier for tier in claim.tiers if tier != "paper"]
    if small and not claim.control and isinstance(claim, ValueClaim | FigureClaim):
        yield (
            f"tiers: found {small[0]!r}; a reduced run never tests a published number: "
            "expected ['paper'], or control = true for a test of the measurement"
        )


def _pooled(spec: Spec, claim: PooledClaim) -> Iterator[str]:
    """Whether a statistic has what it is of: groups to compare, other metrics to rank by."""
    if claim.statistic in ("explained", "dominance") and len(claim.groups) < 2:
        yield f"groups: found {len(claim.groups)}; {claim.statistic!r} needs at least 2"
    if (claim.statistic == "correlation") != bool(claim.others):
        yield (
            f"others: found {list(claim.others)}; expected one metric or more with "
            "statistic = 'correlation', and none with another"
        )
    for metric in claim.others:
        if metric == claim.metric:
            yield f"others: found {metric!r}, the claim's own metric"
        yield from _judgeable(spec, claim.model_copy(update={"metric": metric}))


def _judgeable(spec: Spec, claim: Claim) -> Iterator[str]:
    """Where the runs exist, are measured, and are trained in every tier that the claim lists."""
    names = [run.name for run in spec.run]
    strange = [run for run in runs_of(claim) if run not in names]
    yield from (no_such("run", run, names) for run in strange)
    measure = next((m for m in spec.measure if m.name == claim.metric), None)
    if measure is None:
        metrics = [m.name for m in spec.measure]
        yield f"metric: {no_such('[[measure]]', claim.metric, metrics)}"
        return
    for run in runs_of(claim):
        if run in strange:
            continue
        if measure.runs != "all" and run not in measure.runs:
            yield (
                f"metric: {claim.metric!r} is not measured on run {run!r}; "
                f"[[measure]] {claim.metric!r} has runs {', '.join(measure.runs)}"
            )
    for name in claim.tiers:
        if name not in measure.tiers:
            yield (
                f"tiers: found {name!r}; [[measure]] {claim.metric!r} is taken in "
                f"{', '.join(measure.tiers)}"
            )
        tier = spec.tier.get(name)
        for run in runs_of(claim):
            if tier is not None and tier.runs != "all" and run in names and run not in tier.runs:
                yield f"tiers: [tier.{name}] leaves out run {run!r}, which the claim is about"
    if is_density(measure) and not strange:
        yield from _different_data(spec, claim)


def _different_data(spec: Spec, claim: Claim) -> Iterator[str]:
    """A log likelihood on one data set, or one binarisation of it, is not that on another."""
    for tier in claim.tiers:
        first, *others = ((run, _data_name(spec, tier, run)) for run in runs_of(claim))
        for run, name in others:
            if name != first[1]:
                yield (
                    f"tiers: in {tier!r} run {first[0]!r} is on data set {first[1]!r} and run "
                    f"{run!r} on {name!r}: their {claim.metric!r} cannot be compared; expected "
                    "runs on one data set"
                )


def _data_name(spec: Spec, tier: TierName, run: str) -> str:
    """The data set of a run in a tier; the later override wins."""
    name = spec.data.name
    own = spec.tier.get(tier, Tier())
    tables = [own.data, *(r.data for r in spec.run if r.name == run)]
    for table in (*tables, own.run.get(run, {}).get("data")):
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            name = table["name"]
    return name
