"""The claims of a record with their verdicts, a row each."""

import math
from collections.abc import Iterator

from ae.records.record import Record
from ae.spec import (
    Claim,
    ExactClaim,
    FigureClaim,
    PooledClaim,
    ValueClaim,
    evidence_of,
    runs_of,
)
from ae.verdict import Verdict, judge
from ae.verdict.finding import (
    EqualFinding,
    ExactFinding,
    Finding,
    OrderFinding,
    PooledFinding,
    TrendFinding,
)
from ae.verdict.present import target
from ae.verdict.reduced import reduced

ADJUSTED = (OrderFinding, EqualFinding, TrendFinding, PooledFinding)


def claim_rows(record: Record) -> Iterator[tuple[object, ...]]:
    """Every claim of the record's spec in its tier, in the spec's order; see `columns.CLAIMS`.

    Raises:
        UserError: The record's spec is of another format than this version's.
    """
    digest = record.digest[:12]
    for verdict in judge(record):
        claim, measure, found = verdict.claim, verdict.measure, verdict.finding
        spread = claim.spread if isinstance(claim, ValueClaim) else None
        given = spread is not None and spread.value is not None
        aside = reduced(record, verdict)
        yield (
            *(record.name, record.tier, claim.id, claim.kind, evidence_of(claim)),
            *(claim.status, claim.by, claim.source, claim.control, claim.primary),
            *(claim.statement, claim.metric, measure.unit, measure.direction),
            *(", ".join(runs_of(claim)), target(claim, measure), _target(claim, found)),
            *((spread.value, spread.kind) if spread and given else (math.nan, None)),
            *(_margin(claim, found), found.seeds, *found.numbers, _level(verdict)),
            *(_p(found), _adjusted(found)),
            *(verdict.word, verdict.reason, verdict.note),
            *((aside.mean, aside.low, aside.high) if aside else (math.nan,) * 3),
            *(_devices(record, claim), digest),
        )


def _p(found: Finding) -> float:
    """Whether an exact claim holds is no matter of chance."""
    return math.nan if found.p is None or isinstance(found, ExactFinding) else found.p


def _level(verdict: Verdict) -> float:
    return verdict.finding.level if verdict.tested else math.nan


def _adjusted(found: Finding) -> float:
    return found.p_adjusted if isinstance(found, ADJUSTED) else math.nan


def _target(claim: Claim, found: Finding) -> float:
    """As it was used, or as it would be."""
    if found.target is not None:
        return found.target
    match claim:
        case ValueClaim() | ExactClaim():
            return claim.value
        case FigureClaim():
            first, second = claim.readings
            return math.sqrt(first * second) if claim.log_axis else (first + second) / 2
        case PooledClaim():
            return claim.bound
        case _:
            return 0.0


def _margin(claim: Claim, found: Finding) -> float:
    if isinstance(claim, ExactClaim):
        return claim.tolerance
    if isinstance(claim, PooledClaim):
        return math.nan
    return claim.margin if found.margin is None else found.margin


def _devices(record: Record, claim: Claim) -> str | None:
    """What trained the seeds of its runs; None where no run is there."""
    found: list[str] = []
    for run in filter(None, map(record.run, runs_of(claim))):
        if run.members:
            found += [m.trained.get("device", "unknown") for m in run.members]
        else:
            found.append(record.environment.device)
    return ", ".join(dict.fromkeys(found)) or None
