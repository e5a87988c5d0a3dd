"""Whether a claim can be judged by what the rest of the spec trains and measures."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from ae.spec import (
    Claim,
    EqualClaim,
    ExactClaim,
    FigureClaim,
    OrderClaim,
    PooledClaim,
    Spec,
    TrendClaim,
    ValueClaim,
    runs_of,
)
from ae.spec.consistency.comparable import incomparable
from ae.toml.file import STAND_IN, Fault, Steps, listed, no_such

LEAST_TREND = 3


def unfounded(spec: Spec, claim: Claim) -> Iterator[Fault]:
    """Why a claim cannot be judged, or not as it says; the steps are within the claim."""
    yield from _judgeable(spec, claim)
    runs = runs_of(claim)
    for run, times in Counter(runs).items():
        if times > 1:
            many = f"run {run!r} is given {times} times; kind {claim.kind!r} needs distinct runs"
            yield Fault(_key_of(claim, run), many)
    if isinstance(claim, TrendClaim) and len(runs) < LEAST_TREND:
        yield Fault(("runs",), f"found {len(runs)}; a trend needs at least {LEAST_TREND}")
    if isinstance(claim, PooledClaim):
        yield from _pooled(spec, claim)
    yield from vague(claim.status, ())
    if claim.primary and claim.status in ("recalled", "calculated"):
        yield Fault(
            ("primary",), f"found true; a claim of status {claim.status!r} is never primary"
        )
    if claim.primary and "paper" not in claim.tiers:
        expected = "a primary claim is judged in tier 'paper'; add it, or leave primary out"
        yield Fault(("tiers",), expected)
    small = [tier for tier in claim.tiers if tier != "paper"]
    if small and not claim.control and isinstance(claim, ValueClaim | FigureClaim):
        text = (
            f"found {small[0]!r}; a reduced run never tests a published number: "
            "expected ['paper'], or control = true for a test of the measurement"
        )
        yield Fault(("tiers",), text)
    yield from _depends(spec, claim)
    yield from _untrained(claim)
    if claim.looks is not None and isinstance(claim, ExactClaim):
        yield Fault(("looks",), "an exact claim holds for every seed, at any number; leave it out")
    if any(later <= earlier for earlier, later in pairwise(claim.looks or ())):
        yield Fault(("looks",), f"found {list(claim.looks or ())}; expected numbers that rise")


def vague(status: str, place: Steps) -> Iterator[Fault]:
    """A status of earlier records, which leaves open what was read."""
    if status == "read":
        expected = "expected 'printed' (in the paper itself), 'quoted' (in a text that quotes it) or 'digitised'"
        yield Fault((*place, "status"), f"found 'read'; {expected}")


def _untrained(claim: Claim) -> Iterator[Fault]:
    """A claim that an untrained model meets is no evidence."""
    if claim.untrained is None:
        return
    if claim.primary:
        expected = "a claim that an untrained model meets is no evidence: expected another"
        yield Fault(("primary",), f"found true; {expected}")
    if claim.control:
        yield Fault(("untrained",), "a control is no evidence of training anyway; leave it out")
    if isinstance(claim, ValueClaim | FigureClaim):
        text = (
            "a published number is what training gives; an untrained model that meets it is a fault"
        )
        yield Fault(("untrained",), text)


def _depends(spec: Spec, claim: Claim) -> Iterator[Fault]:
    """Controls that a claim rests on: they are there, and they are controls."""
    if claim.depends is None:
        return
    if claim.control:
        yield Fault(("depends",), "a control rests on no other; leave it out")
    known = {other.id: other.control for other in spec.claim}
    controls = [name for name, control in known.items() if control]
    for name in claim.depends:
        if not known.get(name):
            said = f"claim {name!r} is no control; there are {listed(controls)}"
            yield Fault(("depends",), said if name in known else no_such("control", name, controls))


def _key_of(claim: Claim, run: str) -> Steps:
    """The key of a claim that names a run."""
    match claim:
        case OrderClaim():
            return ("higher",) if claim.higher == run else ("lower",)
        case PooledClaim():
            return ("groups",)
        case EqualClaim() | TrendClaim():
            return ("runs",)
        case _:
            return ("run",)


def _pooled(spec: Spec, claim: PooledClaim) -> Iterator[Fault]:
    """Whether a statistic has what it is of: groups to compare, other metrics to rank by."""
    if claim.statistic in ("explained", "dominance") and len(claim.groups) < 2:
        text = f"found {len(claim.groups)}; {claim.statistic!r} needs at least 2"
        yield Fault(("groups",), text)
    if (claim.statistic == "correlation") != bool(claim.others):
        text = (
            f"found {list(claim.others)}; expected one metric or more with "
            "statistic = 'correlation', and none with another"
        )
        yield Fault(("others",), text)
    for metric in claim.others:
        if metric == claim.metric:
            yield Fault(("others",), f"found {metric!r}, the claim's own metric")
        faults = _judgeable(spec, claim.model_copy(update={"metric": metric}))
        for steps, text in faults:
            yield Fault(("others",) if steps == ("metric",) else steps, text)


def _judgeable(spec: Spec, claim: Claim) -> Iterator[Fault]:
    """Where the runs exist, are measured, and are trained in every tier that the claim lists."""
    names = [run.name for run in spec.run]
    strange = [run for run in runs_of(claim) if run not in names]
    yield from (Fault(_key_of(claim, run), no_such("run", run, names)) for run in strange)
    measure = next((m for m in spec.measure if m.name == claim.metric), None)
    if measure is None:
        metrics = [m.name for m in spec.measure]
        yield Fault(("metric",), no_such("measure", claim.metric, metrics))
        return
    for run in runs_of(claim):
        if run in strange:
            continue
        if measure.runs != "all" and not {run, STAND_IN} & {*measure.runs}:
            text = (
                f"{claim.metric!r} is not measured on run {run!r}; it is on {listed(measure.runs)}"
            )
            yield Fault(("metric",), text)
    for name in claim.tiers:
        if name not in measure.tiers:
            text = f"found {name!r}; {claim.metric!r} is measured in {', '.join(measure.tiers)}"
            yield Fault(("tiers",), text)
        tier = spec.tier.get(name)
        for run in runs_of(claim):
            chosen = "all" if tier is None else tier.runs
            if chosen != "all" and run in names and not {run, STAND_IN} & {*chosen}:
                text = f"[tier.{name}] leaves out run {run!r}, which the claim is about"
                yield Fault(("tiers",), text)
    if not strange:
        yield from incomparable(spec, claim, measure)
