"""All of a spec's tables beside each other."""

from collections import Counter
from collections.abc import Iterator
from typing import get_args

from ae.consistency.claims import unfounded
from ae.consistency.measures import changed_measures, undrawn, unmatched, unnamed_sizes
from ae.consistency.names import no_run
from ae.spec import Spec, TierName
from ae.toml import no_such


def inconsistencies(spec: Spec) -> Iterator[str]:
    """Every contradiction within a spec, a line each, without the file's name."""
    if spec.paper.formula is None:
        yield "[paper]: missing key 'formula'; expected the objective in LaTeX, in one line"
    yield from _repeated(spec)
    yield from _unknown_runs(spec)
    for name in get_args(TierName):
        if name not in spec.tier:
            yield f"[tier]: missing table [tier.{name}]; it may be empty"
    for measure in spec.measure:
        yield from unnamed_sizes(measure)
        yield from unmatched(spec, measure)
    for figure in spec.figure:
        yield from undrawn(spec, figure)
    for name, tier in spec.tier.items():
        yield from changed_measures(spec, name, tier)
    for claim in spec.claim:
        yield from (f"[[claim]] {claim.id!r}: {text}" for text in unfounded(spec, claim))


def dangling(spec: Spec) -> Iterator[str]:
    """Names that are given twice, and claims on what is not measured: they cannot be judged."""
    yield from _repeated(spec)
    metrics = [m.name for m in spec.measure]
    for claim in spec.claim:
        if claim.metric not in metrics:
            missing = no_such("[[measure]]", claim.metric, metrics)
            yield f"[[claim]] {claim.id!r}: metric: {missing}"


def _repeated(spec: Spec) -> Iterator[str]:
    tables = {
        "run": [r.name for r in spec.run],
        "measure": [m.name for m in spec.measure],
        "figure": [f.name for f in spec.figure],
        "claim": [c.id for c in spec.claim],
    }
    for table, names in tables.items():
        key = "id" if table == "claim" else "name"
        for name, times in Counter(names).items():
            if times > 1:
                yield f"[[{table}]] {name!r}: {key}: given to {times} tables; expected one"


def _unknown_runs(spec: Spec) -> Iterator[str]:
    for measure in spec.measure:
        yield from no_run(spec, f"[[measure]] {measure.name!r}: runs", measure.runs)
    for figure in spec.figure:
        yield from no_run(spec, f"[[figure]] {figure.name!r}: runs", figure.runs)
    for name, tier in spec.tier.items():
        yield from no_run(spec, f"[tier.{name}]: runs", tier.runs)
        yield from no_run(spec, f"[tier.{name}.run]", tier.run)
