"""What measures and figures ask of other measures, and what a tier may change of them."""

from collections.abc import Iterator, Sequence

from ae.spec import Figure, Measure, Spec, Tier, TierName
from ae.spec.consistency.names import named, no_run, texts
from ae.toml.file import STAND_IN, Fault, Steps, no_such, unknown_key

DENSITIES = ("likelihood", "annealed", "evidence")  # files of ae/metrics that estimate log p(x)
COUNTS = ("likelihood.active_units", "likelihood.kl_units")  # but these are no likelihoods
STUDIES = ("tradeoff", "study")  # files of ae/figures that draw measures of many runs
MATCHED = "matched"  # file of ae/metrics whose functions look at other measures and runs
SIZES = ("samples", "chains", "temperatures")  # arguments that an estimate is named after


def is_density(measure: Measure) -> bool:
    """Whether a measure estimates log p(x)."""
    return measure.function.partition(".")[0] in DENSITIES and measure.function not in COUNTS


def unnamed_sizes(measure: Measure, number: int) -> Iterator[Fault]:
    """Estimates of different sizes are different quantities: a label says which it is of."""
    for key in SIZES if is_density(measure) else ():
        size = measure.arguments.get(key)
        words = measure.label.replace(",", "").split()
        if isinstance(size, int) and str(size) not in words:
            found = f"found {measure.label!r}; expected it to name the {size} {key}"
            yield Fault(("measure", number, "label"), found)


def unmatched(spec: Spec, measure: Measure, number: int) -> Iterator[Fault]:
    """What a measure of other measures looks at: taken before it, of its own and the curve's runs."""
    if measure.function.partition(".")[0] != MATCHED:
        return
    place: Steps = ("measure", number, "arguments")
    curve = measure.arguments.get("curve")
    curve = curve if isinstance(curve, list) else []
    yield from no_run(spec, (*place, "curve"), curve)
    before = {m.name: m for m in spec.measure[:number]}
    own = named(spec, measure.runs)
    for key in ("metric", "at"):
        if (name := measure.arguments.get(key)) is None:
            continue
        if (other := before.get(str(name))) is None:
            yield Fault((*place, key), no_such("measure before it", str(name), before))
        else:
            faults = _unmeasured(other, [*own, *curve], measure.tiers)
            yield from (Fault((*place, key), fault) for fault in faults)


def undrawn(spec: Spec, figure: Figure, number: int) -> Iterator[Fault]:
    """What a figure of measures shows: taken of all its runs, in every tier that has one of them."""
    if figure.function.partition(".")[0] not in STUDIES:
        return
    place: Steps = ("figure", number, "arguments")
    known = {m.name: m for m in spec.measure}
    runs = named(spec, figure.runs)
    tiers = [n for n, t in spec.tier.items() if t.runs == "all" or {*t.runs} & {*runs}]
    for key in ("metric", "at", "measures"):
        for name in texts(figure.arguments.get(key)):
            if (other := known.get(name)) is None:
                yield Fault((*place, key), no_such("measure", name, known))
            else:
                faults = _unmeasured(other, runs, tiers)
                yield from (Fault((*place, key), fault) for fault in faults)
    for key in ("lines", "groups"):
        for name in texts(figure.arguments.get(key)):
            if name not in runs:
                yield Fault((*place, key), no_such("run of the figure", name, runs))


def _unmeasured(other: Measure, runs: list[str], tiers: Sequence[TierName]) -> Iterator[str]:
    """Why a measure is not there to be looked at."""
    taken = runs if other.runs == "all" or STAND_IN in other.runs else other.runs
    if missing := [run for run in runs if run not in taken]:
        yield f"{other.name!r} is not measured on run {missing[0]!r}"
    if lost := [tier for tier in tiers if tier not in other.tiers]:
        yield f"{other.name!r} is not taken in tier {lost[0]!r}"


def changed_measures(spec: Spec, name: TierName, tier: Tier) -> Iterator[Fault]:
    """Arguments that a tier changes: of measures that are there, and never what their label says."""
    known = {m.name: m for m in spec.measure}
    for measure, arguments in tier.measure.items():
        place: Steps = ("tier", name, "measure", measure)
        if measure not in known:
            yield Fault(place, no_such("measure", measure, known))
            continue
        own = known[measure].arguments
        for key in arguments:
            if key not in own:
                yield Fault(place, unknown_key(key, own))
            elif is_density(known[measure]) and key in SIZES:
                yield Fault((*place, key), "an estimate's size is in its label; add a measure")
