"""Every claim of a record, judged, once in a program's life."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from ae.disk import digest
from ae.records.record import Record
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
    metrics_of,
    runs_of,
)
from ae.verdict.exact import verdict_exact
from ae.verdict.finding import Finding
from ae.verdict.looks import Look, looks_of, missing, schedule
from ae.verdict.order import verdict_equal, verdict_order
from ae.verdict.pooled import verdict_pooled
from ae.verdict.result import ALPHA
from ae.verdict.samples import Samples
from ae.verdict.trend import verdict_trend
from ae.verdict.value import verdict_figure, verdict_value
from ae.verdict.verdict import Verdict

KEPT = 256  # judgements that are remembered
_kept: OrderedDict[str, tuple[Verdict, ...]] = OrderedDict()


def judge(record: Record) -> list[Verdict]:
    """Judge every claim of the record's spec, in the spec's order.

    Records of the same content are judged once.

    Raises:
        UserError: if the record's spec is of another format than this version's.
    """
    runs = {"__all__": {"name", "seeds", "diverged", "metrics"}}
    key = digest(record.model_dump(mode="json", include={"tier": True, "spec": True, "runs": runs}))
    if key not in _kept:
        _kept[key] = tuple(_judge(record))
        if len(_kept) > KEPT:
            _kept.popitem(last=False)
    return list(_kept[key])


def _judge(record: Record) -> list[Verdict]:
    spec = record.meaning
    reasons = {claim.id: _untested(claim, record) for claim in spec.claim}
    samples = Samples(record, [claim for claim in spec.claim if not reasons[claim.id]])
    found = {
        claim.id: Finding(word="UNTESTED", note=reasons[claim.id], seeds=0)
        if reasons[claim.id]
        else _looked(claim, samples)
        for claim in spec.claim
    }
    return [
        Verdict(
            claim=claim,
            measure=samples.measures[claim.metric],
            finding=found[claim.id],
            tier=record.tier,
            **_controls(claim, spec, record.tier, found),
        )
        for claim in spec.claim
    ]


def _controls(
    claim: Claim, spec: Spec, tier: str, found: dict[str, Finding]
) -> dict[str, tuple[str, ...]]:
    """The controls of the tier that a claim depends on, and that failed or were not run."""
    if claim.control:
        return {"failed": (), "absent": ()}
    meant = [c.id for c in spec.claim if c.control and tier in c.tiers]
    if claim.depends is not None:
        meant = [name for name in meant if name in claim.depends]
    return {
        "failed": tuple(name for name in meant if found[name].word in ("SHORT", "INVALID")),
        "absent": tuple(name for name in meant if found[name].word == "UNTESTED"),
    }


def _untested(claim: Claim, record: Record) -> str:
    """Why a claim cannot be tested on this record, or nothing."""
    number = isinstance(claim, ValueClaim | FigureClaim)
    if number and record.tier != "paper" and not claim.control:
        return "a quick run never tests a published number"
    if record.tier not in claim.tiers:
        return f"not judged in tier {record.tier}, only in {', '.join(claim.tiers)}"
    for name in runs_of(claim):
        run = record.run(name)
        if run is None:
            return f"run '{name}' is not part of this {record.tier} run"
        for metric in metrics_of(claim):
            if not run.metrics.get(metric):
                return f"'{metric}' was not measured on run '{name}'"
    return ""


def _looked(claim: Claim, samples: Samples) -> Finding:
    """The finding of the first look that decides, or of the last one that has its seeds."""
    if there := _there(claim, samples):
        part = _find(claim, samples, there)
        most = len(samples.listed[runs_of(claim)[0]])
        return replace(part, note=f"{part.note}; {there} of {most} listed seeds are there")
    at = schedule(claim, samples.listed)
    found = None
    for look in looks_of(claim, at):
        if absent := _missing(claim, samples, look.seeds):
            if found is None:
                return Finding(word="UNTESTED", note=f"not run: {absent}", seeds=0)
            return replace(
                found, note=f"{found.note}; to be judged at {look.seeds} seeds it needs {absent}"
            )
        found = _at(claim, samples, look)
        if len(at) > 1:
            planned = f"planned: at {', then '.join(map(str, at))}"
            found = replace(found, note=f"{found.note}; judged at {look.seeds} seeds ({planned})")
        if found.decided:
            break
    assert found is not None
    return _with_others(found, claim, samples, at[-1])


def _there(claim: Claim, samples: Samples) -> int:
    """How many seeds an exact control is judged on where fewer are there than are listed; else 0.

    Nothing of it is chance: it fails by any seed, so that every seed that is there is a test.
    """
    if not (isinstance(claim, ExactClaim) and claim.control and claim.looks is None):
        return 0
    run = samples.record.run(claim.run)
    count = len(run.seeds) if run else 0
    return count if count < len(samples.listed[claim.run]) else 0


def _at(claim: Claim, samples: Samples, look: Look) -> Finding:
    if look.level is None:
        note = f"a look at {look.seeds} seeds cannot decide {claim.kind}s"
        return Finding(word="INCONCLUSIVE", note=note, seeds=look.seeds)
    return _find(claim, samples, look.seeds, look.level)


def _missing(claim: Claim, samples: Samples, seeds: int) -> str:
    """Which seeds of which runs are not there, in words."""
    lacking: dict[tuple[int, ...], list[str]] = {}
    for name in dict.fromkeys(runs_of(claim)):
        run = samples.record.run(name)
        there = run.seeds if run else ()
        if absent := missing(there, samples.listed[name], seeds):
            lacking.setdefault(absent, []).append(name)
    return "; ".join(f"{_seeds(seeds)} of {', '.join(runs)}" for seeds, runs in lacking.items())


def _seeds(numbers: Sequence[int]) -> str:
    return f"seed{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers))}"


def _with_others(found: Finding, claim: Claim, samples: Samples, last: int) -> Finding:
    """The same, with how many seeds are there that do not decide."""
    runs = (samples.record.run(name) for name in runs_of(claim))
    more = max(len(r.seeds) - min(last, len(samples.listed[r.name])) for r in runs if r)
    if more <= 0:
        return found
    plural = "seed is" if more == 1 else "seeds are"
    verb = "does" if more == 1 else "do"
    return replace(found, note=f"{found.note}; {more} more {plural} there and {verb} not decide")


def _find(claim: Claim, samples: Samples, seeds: int, level: float = ALPHA) -> Finding:
    """Judge one claim by the rule of its kind, on so many seeds."""
    sign, either_way = samples.sign(claim), samples.either_way(claim)
    match claim:
        case ValueClaim():
            values = samples.single(claim.run, claim.metric, seeds)
            return verdict_value(claim, values, sign=sign, either_way=either_way, level=level)
        case FigureClaim():
            values = samples.single(claim.run, claim.metric, seeds)
            return verdict_figure(claim, values, sign=sign, either_way=either_way, level=level)
        case ExactClaim():
            values = samples.single(claim.run, claim.metric, seeds)
            return verdict_exact(claim, values, level=level)
        case OrderClaim() | EqualClaim():
            return _pair(claim, samples, seeds, level)
        case TrendClaim():
            table = samples.sweep(claim, seeds)
            if not len(table):
                note = "no seed is common to all runs"
                return Finding(word="INCONCLUSIVE", note=note, seeds=0)
            family = samples.family(claim, seeds)
            return verdict_trend(claim, table, family=family, level=level)
        case PooledClaim():
            family = samples.family(claim, seeds)
            return verdict_pooled(claim, samples.pooled(claim, seeds), family=family, level=level)


def _pair(claim: OrderClaim | EqualClaim, samples: Samples, seeds: int, level: float) -> Finding:
    arms = samples.arms(claim, seeds)
    sign, family = samples.sign(claim), samples.family(claim, seeds)
    if isinstance(claim, OrderClaim):
        back, _ = samples.family(claim, seeds, back=True)
        return verdict_order(claim, arms, sign=sign, family=family, back=back, level=level)
    return verdict_equal(claim, arms, sign=sign, family=family, level=level)
