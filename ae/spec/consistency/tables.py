"""All of a spec's tables beside each other."""

from collections import Counter
from collections.abc import Iterator
from typing import get_args

from ae.spec import Spec, TierName
from ae.spec.consistency.claims import unfounded, vague
from ae.spec.consistency.measures import changed_measures, undrawn, unmatched, unnamed_sizes
from ae.spec.consistency.names import no_run
from ae.toml.file import Fault, no_such


def inconsistencies(spec: Spec) -> Iterator[Fault]:
    """Every contradiction within a spec, where it stands in the spec's tables."""
    if spec.paper.formula is None:
        expected = "expected the objective in LaTeX, in one line"
        yield Fault(("paper",), f"missing key 'formula'; {expected}")
    yield from _repeated(spec)
    yield from _unknown_runs(spec)
    for name in get_args(TierName):
        if name not in spec.tier:
            yield Fault(("tier",), f"missing table [tier.{name}]; it may be empty")
    for number, measure in enumerate(spec.measure):
        yield from unnamed_sizes(measure, number)
        yield from unmatched(spec, measure, number)
    for number, figure in enumerate(spec.figure):
        yield from undrawn(spec, figure, number)
    for name, tier in spec.tier.items():
        yield from changed_measures(spec, name, tier)
    for number, claim in enumerate(spec.claim):
        yield from (Fault(("claim", number, *f.steps), f.text) for f in unfounded(spec, claim))
    for number, omitted in enumerate(spec.omitted):
        yield from vague(omitted.status, ("omitted", number))


def dangling(spec: Spec) -> Iterator[Fault]:
    """Names that are given twice, and claims on what is not measured: they cannot be judged."""
    yield from _repeated(spec)
    metrics = [m.name for m in spec.measure]
    for number, claim in enumerate(spec.claim):
        if claim.metric not in metrics:
            yield Fault(("claim", number, "metric"), no_such("measure", claim.metric, metrics))


def _repeated(spec: Spec) -> Iterator[Fault]:
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
                last = len(names) - 1 - names[::-1].index(name)
                yield Fault(
                    (table, last, key), f"{name!r} is given to {times} tables; expected one"
                )


def _unknown_runs(spec: Spec) -> Iterator[Fault]:
    for number, measure in enumerate(spec.measure):
        yield from no_run(spec, ("measure", number, "runs"), measure.runs)
    for number, figure in enumerate(spec.figure):
        yield from no_run(spec, ("figure", number, "runs"), figure.runs)
    for name, tier in spec.tier.items():
        yield from no_run(spec, ("tier", name, "runs"), tier.runs)
        for run in tier.run:
            yield from no_run(spec, ("tier", name, "run", run), [run])
