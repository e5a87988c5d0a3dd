"""What the tables of one spec must agree on.

Names that refer to each other, and the rules of judging that need more than one key to check.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, get_args

from ae.spec import (
    Claim,
    Figure,
    FigureClaim,
    Measure,
    PooledClaim,
    Spec,
    Tier,
    TierName,
    TrendClaim,
    ValueClaim,
    runs_of,
)
from ae.toml import dotted, no_such, unknown_key

LEAST_TREND = 3
DENSITIES = ("likelihood", "annealed", "evidence")  # files of ae/metrics that estimate log p(x)
COUNTS = ("likelihood.active_units", "likelihood.kl_units")  # but these are no likelihoods
STUDIES = ("tradeoff", "study")  # files of ae/figures that draw measures of many runs
MATCHED = "matched"  # file of ae/metrics whose functions look at other measures and runs
SIZES = ("samples", "chains", "temperatures")  # arguments that an estimate is named after


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
        yield from _unnamed_sizes(measure)
        yield from _unmatched(spec, measure)
    for figure in spec.figure:
        yield from _undrawn(spec, figure)
    for name, tier in spec.tier.items():
        yield from _changed_measures(spec, name, tier)
    for claim in spec.claim:
        yield from (f"[[claim]] {claim.id!r}: {text}" for text in _claim(spec, claim))


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
        yield from _no_run(spec, f"[[measure]] {measure.name!r}: runs", measure.runs)
    for figure in spec.figure:
        yield from _no_run(spec, f"[[figure]] {figure.name!r}: runs", figure.runs)
    for name, tier in spec.tier.items():
        yield from _no_run(spec, f"[tier.{name}]: runs", tier.runs)
        yield from _no_run(spec, f"[tier.{name}.run]", tier.run)


def _is_density(measure: Measure) -> bool:
    return measure.function.partition(".")[0] in DENSITIES and measure.function not in COUNTS


def _unnamed_sizes(measure: Measure) -> Iterator[str]:
    """Estimates of different sizes are different quantities: a label says which it is of."""
    for key in SIZES if _is_density(measure) else ():
        size = measure.arguments.get(key)
        words = measure.label.replace(",", "").split()
        if isinstance(size, int) and str(size) not in words:
            yield (
                f"[[measure]] {measure.name!r}: label: found {measure.label!r}; expected it to "
                f"name the {size} {key}"
            )


def _unmatched(spec: Spec, measure: Measure) -> Iterator[str]:
    """What a measure of other measures looks at: taken before it, of its own and the curve's runs."""
    if measure.function.partition(".")[0] != MATCHED:
        return
    place = f"[[measure]] {measure.name!r}: arguments"
    curve = measure.arguments.get("curve")
    curve = curve if isinstance(curve, list) else []
    yield from _no_run(spec, f"{place}.curve", curve)
    before = {m.name: m for m in spec.measure[: spec.measure.index(measure)]}
    own = _named(spec, measure.runs)
    for key in ("metric", "at"):
        if (name := measure.arguments.get(key)) is None:
            continue
        if (other := before.get(str(name))) is None:
            yield f"{place}.{key}: {no_such('[[measure]] before it', str(name), before)}"
        else:
            faults = _unmeasured(other, [*own, *curve], measure.tiers)
            yield from (f"{place}.{key}: {fault}" for fault in faults)


def _undrawn(spec: Spec, figure: Figure) -> Iterator[str]:
    """What a figure of measures shows: taken of all its runs, in every tier that has one of them."""
    if figure.function.partition(".")[0] not in STUDIES:
        return
    place = f"[[figure]] {figure.name!r}: arguments"
    known = {m.name: m for m in spec.measure}
    runs = _named(spec, figure.runs)
    tiers = [n for n, t in spec.tier.items() if t.runs == "all" or {*t.runs} & {*runs}]
    for key in ("metric", "at", "measures"):
        for name in _texts(figure.arguments.get(key)):
            if (other := known.get(name)) is None:
                yield f"{place}.{key}: {no_such('[[measure]]', name, known)}"
            else:
                yield from (f"{place}.{key}: {fault}" for fault in _unmeasured(other, runs, tiers))
    for key in ("lines", "groups"):
        for name in _texts(figure.arguments.get(key)):
            if name not in runs:
                yield f"{place}.{key}: {no_such('run of the figure', name, runs)}"


def _unmeasured(other: Measure, runs: list[str], tiers: Sequence[TierName]) -> Iterator[str]:
    """Why a measure is not there to be looked at."""
    if missing := [run for run in runs if other.runs != "all" and run not in other.runs]:
        yield f"{other.name!r} is not measured on run {missing[0]!r}"
    if lost := [tier for tier in tiers if tier not in other.tiers]:
        yield f"{other.name!r} is not taken in tier {lost[0]!r}"


def _texts(value: object) -> list[str]:
    """Every string in a list of lists, or the one that is none."""
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []


def _named(spec: Spec, runs: tuple[str, ...] | Literal["all"]) -> list[str]:
    return [run.name for run in spec.run] if runs == "all" else [*runs]


def _changed_measures(spec: Spec, name: TierName, tier: Tier) -> Iterator[str]:
    """Arguments that a tier changes: of measures that are there, and never what their label says."""
    known = {m.name: m for m in spec.measure}
    for measure, arguments in tier.measure.items():
        place = f"[tier.{name}.measure.{dotted((measure,))}]"
        if measure not in known:
            yield f"{place}: {no_such('[[measure]]', measure, known)}"
            continue
        own = known[measure].arguments
        for key in arguments:
            if key not in own:
                yield f"{place}: {unknown_key(key, own)}"
            elif _is_density(known[measure]) and key in SIZES:
                yield f"{place}: {key}: an estimate's size is in its label; add a [[measure]]"


def _no_run(spec: Spec, place: str, names: Iterable[str]) -> Iterator[str]:
    runs = [run.name for run in spec.run]
    for name in () if names == "all" else names:
        if name not in runs:
            yield f"{place}: {no_such('run', name, runs)}"


def _claim(spec: Spec, claim: Claim) -> Iterator[str]:
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
    if _is_density(measure) and not strange:
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
