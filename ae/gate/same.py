"""The baseline's own seeds, trained again on the same machine: equal to rounding, or the code moved.

No seed's luck is in it, so one value that differs is enough. A baseline of old has its seeds trained
in other company only, where the last bits may differ, and training may make much of them: then a
difference is said and fails nothing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from ae.gate.baseline import Again, Baseline
from ae.gate.pairs import END
from ae.gate.regress import LIBRARIES, Row
from ae.records.record import Record

SEEDS = 2  # of the baseline, the first ones
ROUNDING = 1e-5  # of the largest value that a metric has in its run
SHOWN = 3  # differences of a run


def own_seeds(baseline: Baseline) -> tuple[int, ...]:
    """The seeds of a baseline that are trained again."""
    return tuple(baseline.again.seeds if baseline.again else sorted(baseline.seeds)[:SEEDS])


def elsewhere(record: Record, baseline: Baseline) -> str | None:
    """What of machine or versions is not the baseline's, so that equal seeds need not agree."""
    one, two = baseline.environment, record.environment
    keys = ("processor", "device", "threads")
    other = [key for key in keys if getattr(one, key) != getattr(two, key)]
    other += [name for name in LIBRARIES if one.versions.get(name) != two.versions.get(name)]
    return ", ".join(other) or None


def kept(record: Record) -> Again:
    """What a baseline keeps of its first seeds, trained by themselves."""
    return Again(seeds=record.runs[0].seeds, runs=_tables(record))


def repeated(record: Record, baseline: Baseline, file: str) -> Iterator[Row]:
    """A row a run: whether the baseline's own seeds gave what they gave."""
    before = baseline.again or _among(baseline, record.runs[0].seeds)
    for run, now in _tables(record).items():
        old = before.runs.get(run, {})
        common = [name for name in old if name in now]
        if not common:
            continue
        found = list(_differences(before.seeds, old, now, common))
        said = f"{len(common) - len({name for name, _ in found})} of {len(common)} values agree"
        note = f"{said} to rounding"
        if found:
            more = f"; {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            note += ": " + "; ".join(text for _, text in found[:SHOWN]) + more
        if found and baseline.again is None:
            note += "; trained in other company"
        differing = "worse" if baseline.again else "undecided"
        word = differing if found else "unchanged"
        what = f"seeds {', '.join(map(str, before.seeds))} again"
        yield Row("same", record.name, run, what, "", word, note, file)  # type: ignore[arg-type]


def _differences(
    seeds: Sequence[int],
    old: Mapping[str, Sequence[float]],
    now: Mapping[str, Sequence[float]],
    names: Sequence[str],
) -> Iterator[tuple[str, str]]:
    for name in names:
        finite = [abs(v) for v in (*old[name], *now[name]) if math.isfinite(v)]
        slack = ROUNDING * max(finite, default=0.0)
        for seed, a, b in zip(seeds, old[name], now[name], strict=True):
            both = math.isfinite(a), math.isfinite(b)
            if (abs(a - b) > slack) if all(both) else (repr(a) != repr(b)):
                yield name, f"{name} of seed {seed} was {a:.7g}, is {b:.7g}"
                break


def _tables(of: Record | Baseline) -> dict[str, dict[str, list[float]]]:
    """Run -> metric, or end of a term -> a value a seed."""
    return {
        run.name: run.metrics | {f"{END} {term}": values for term, values in run.ends.items()}
        for run in of.runs
    }


def _among(baseline: Baseline, seeds: Sequence[int]) -> Again:
    """The same out of the baseline's values."""
    at = [baseline.seeds.index(seed) for seed in seeds]
    chosen = {
        name: {metric: [values[i] for i in at] for metric, values in table.items()}
        for name, table in _tables(baseline).items()
    }
    return Again(seeds=list(seeds), runs=chosen)
