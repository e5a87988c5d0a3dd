"""Defects planted into the numbers of real baselines: which are red alone, which in the whole suite.

`pytest tests/gate/test_planted.py -m slow -s` prints the table. Clean records are drawn from each
baseline's own seeds with a little noise (`simulated`), seven new ones a spec, of which the gate sees
three first. Each defect stands in three specs. Twenty clean suites are judged beside them.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from project import ROOT
from simulated import FEW, MORE, NOISE

from ae.gate.baseline import Baseline, read
from ae.gate.regress import Trial, regress
from ae.records.entries import DataRecord, RunRecord
from ae.records.record import Record
from ae.spec.read import read_spec
from ae.verdict import family, movement
from ae.verdict.shift import fine

FOLDER = ROOT / "reports" / "baseline"
SEEDS = tuple(range(200, 200 + FEW + MORE))
CLEAN = 20
LEAST = 0.85  # of the defects, so that a gate that sees less than the page says is noticed
Values = dict[tuple[str, str], np.ndarray]
Defect = Callable[[Record, Baseline, np.random.Generator], Record]

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(3600)]


def clean(baseline: Baseline, rng: np.random.Generator) -> Record:
    """A record of seven new seeds, each near one of the baseline's."""
    n = len(baseline.seeds)
    chosen = rng.integers(n, size=len(SEEDS))
    runs = []
    for old in baseline.runs:
        metrics = {}
        for name, values in old.metrics.items():
            v = np.array(values)
            counts = (np.abs(v * 1000 - np.rint(v * 1000)) < 1e-6).all()
            rough = v[chosen] + NOISE * v.std() * rng.normal(size=len(SEEDS)) * (not counts)
            if len({*v}) == n and not counts:  # no value is another's to the last bit
                rough = rough * (1 + 1e-9 * rng.normal(size=len(SEEDS)))
            metrics[name] = [float(x) for x in rough]
        runs.append(
            RunRecord(
                name=old.name, label=old.name, seeds=list(SEEDS), stack="s", diverged={},
                metrics=metrics, curves=[], parameters=1, steps=1, seconds=1.0,
            )
        )  # fmt: skip
    data = [
        DataRecord(
            name=key.partition("/")[0], split=key.partition("/")[2], examples=1, available=1,
            sha256=sha, licence="", citation="", url="", note="",
        )
        for key, sha in baseline.data.items()
    ]  # fmt: skip
    spec = read_spec(ROOT / "benchmarks" / f"{baseline.spec}.toml")
    return Record(
        schema_version=1, name=baseline.spec, tier="quick", spec_digest="e", source="",
        spec=spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        started="2026-11-21T10:00:00+00:00", seconds=1.0, environment=baseline.environment,
        data=data, runs=runs, figures=[],
    )  # fmt: skip


def few(record: Record) -> Record:
    """The first three seeds of a record."""
    return record.model_copy(
        update={
            "runs": [
                run.model_copy(
                    update={
                        "seeds": run.seeds[:FEW],
                        "metrics": {k: v[:FEW] for k, v in run.metrics.items()},
                        "diverged": {s: w for s, w in run.diverged.items() if s in run.seeds[:FEW]},
                    }
                )
                for run in record.runs
            ]
        }
    )


def spread(baseline: Baseline, run: str, metric: str) -> float:
    """A metric's spread as the gate knows it: not less than rounding on another machine."""
    found = baseline.run(run)
    assert found is not None
    values = np.array(found.metrics[metric])
    return float(np.maximum(values.std(ddof=1), fine(values.mean(), 0.0)))


def loose(record: Record, baseline: Baseline) -> list[tuple[int, str]]:
    """Run and name of each metric that differs from seed to seed."""
    return [
        (i, m)
        for i, run in enumerate(record.runs)
        for m, v in run.metrics.items()
        if len({*v}) == len(v)
    ]


def one_metric(change) -> Defect:
    """A metric of a run, drawn by chance, is changed: values, spread -> values."""

    def defect(record, baseline, rng):
        places = loose(record, baseline)
        i, metric = places[rng.integers(len(places))]
        return changed(record, baseline, [(i, metric)], change)

    return defect


def one_run(change) -> Defect:
    """All metrics of a run are changed."""

    def defect(record, baseline, rng):
        places = loose(record, baseline)
        i = places[rng.integers(len(places))][0]
        return changed(record, baseline, [p for p in places if p[0] == i], change)

    return defect


def everything(change) -> Defect:
    return lambda record, baseline, _: changed(record, baseline, loose(record, baseline), change)


def changed(record, baseline, places, change) -> Record:
    """Change values; `change` gets them and the spread, which leads to the worse."""
    directions = {m.name: m.direction for m in record.meaning.measure}
    runs = list(record.runs)
    for i, metric in places:
        values = np.array(runs[i].metrics[metric])
        sd = spread(baseline, runs[i].name, metric)
        better = directions.get(metric) or "higher"
        new = [float(v) for v in change(values, sd if better == "lower" else -sd)]
        runs[i] = runs[i].model_copy(update={"metrics": runs[i].metrics | {metric: new}})
    return record.model_copy(update={"runs": runs})


def in_seeds(*which):
    """Only some of the seeds move, by so many spreads."""

    def by(spreads):
        return lambda v, sd: v + spreads * sd * np.isin(np.arange(len(v)) % FEW, which)

    return by


def run_lost(record, baseline, rng):
    return record.model_copy(update={"runs": record.runs[1:]})


def metric_lost(record, baseline, rng):
    run = record.runs[0]
    short = dict(list(run.metrics.items())[1:])
    return record.model_copy(
        update={"runs": [run.model_copy(update={"metrics": short}), *record.runs[1:]]}
    )


def other_data(record, baseline, rng):
    first = record.data[0].model_copy(update={"sha256": "0" * 64})
    return record.model_copy(update={"data": [first, *record.data[1:]]})


def seed_used_twice(record, baseline, rng):
    runs = [
        run.model_copy(
            update={"metrics": {k: [v[0], v[0], *v[2:]] for k, v in run.metrics.items()}}
        )
        for run in record.runs
    ]
    return record.model_copy(update={"runs": runs})


def diverged(record, baseline, rng):
    runs = [
        run.model_copy(update={"diverged": dict.fromkeys(run.seeds[:2], "loss not finite")})
        for run in record.runs
    ]
    return record.model_copy(update={"runs": runs})


DEFECTS: dict[str, Defect] = {
    "one metric 4 spreads worse": one_metric(lambda v, sd: v + 4 * sd),
    "one metric 5 spreads worse": one_metric(lambda v, sd: v + 5 * sd),
    "one metric 6 spreads worse": one_metric(lambda v, sd: v + 6 * sd),
    "one metric 8 spreads worse": one_metric(lambda v, sd: v + 8 * sd),
    "one metric 15 spreads worse": one_metric(lambda v, sd: v + 15 * sd),
    "one metric 15 spreads better": one_metric(lambda v, sd: v - 15 * sd),
    "one metric tripled (448 to 1330)": one_metric(lambda v, sd: 3 * v),
    "one metric halved": one_metric(lambda v, sd: v / 2),
    "one metric of the other sign": one_metric(lambda v, sd: -v),
    "one metric in percent": one_metric(lambda v, sd: 100 * v),
    "one metric in bits, not nats": one_metric(lambda v, sd: v / math.log(2)),
    "one metric without its mean": one_metric(lambda v, sd: v - v.mean() + 0.5 * sd),
    "one metric 50 spreads better": one_metric(lambda v, sd: v - 50 * sd),
    "one run 3 spreads worse": one_run(lambda v, sd: v + 3 * sd),
    "one run 4 spreads worse": one_run(lambda v, sd: v + 4 * sd),
    "one run 6 spreads worse": one_run(lambda v, sd: v + 6 * sd),
    "one run 10 % larger": one_run(lambda v, sd: 1.1 * v),
    "one run's spread 20 times as large": one_run(lambda v, sd: v.mean() + 20 * (v - v.mean())),
    "everything 3 spreads worse": everything(lambda v, sd: v + 3 * sd),
    "everything 12 spreads better": everything(lambda v, sd: v - 12 * sd),
    "everything 4 spreads worse": everything(lambda v, sd: v + 4 * sd),
    "everything 2 % larger": everything(lambda v, sd: 1.02 * v),
    "one seed of three 40 spreads worse": one_metric(in_seeds(0)(40)),
    "one seed of three 60 spreads better": one_metric(in_seeds(1)(-60)),
    "one seed of three 40 spreads off in a run": one_run(in_seeds(2)(40)),
    "two seeds of three 12 spreads worse": one_metric(in_seeds(0, 1)(12)),
    "seeds agree to a thousandth": one_metric(lambda v, sd: v.mean() + 1e-3 * (v - v.mean())),
    "a run's seeds agree to a thousandth": one_run(lambda v, sd: v[0] + 1e-3 * (v - v.mean())),
    "noise off: all seeds alike to a millionth": everything(
        lambda v, sd: v[0] + 1e-6 * (v - v.mean())
    ),
    "a run is lost": run_lost,
    "a metric is lost": metric_lost,
    "other data": other_data,
    "a seed used twice": seed_used_twice,
    "two seeds of three diverged": diverged,
}


def judged(records: list[Record], baselines: dict[str, Baseline]) -> set[str]:
    """The specs that are red, after both looks."""

    def trial(record):
        return Trial(record, baselines[record.name], Path(f"{record.name}.json"))

    trials = [trial(few(record)) for record in records]
    first = regress(trials, again=())
    more = [trial(record) for record in records if record.name in first.suspects]
    outcome = regress(trials, again=more) if more else first
    return {row.spec for row in outcome.of("worse")}


@pytest.fixture
def remembered(monkeypatch):
    """Specs that are the same in many suites are computed once."""

    def once(true, key):
        known = {}

        def found(*arguments):
            place = key(*arguments)
            if place not in known:
                known[place] = true(*arguments)
            return known[place]

        return found

    def of_rows(group, draws):
        return *(values.tobytes() for values in group), draws

    def of_pair(pair):
        return pair.baseline.tobytes(), pair.new.tobytes(), pair.direction, pair.scale

    monkeypatch.setattr(family, "rows", once(family.rows, of_rows))
    monkeypatch.setattr(movement, "_ready", once(movement._ready, of_pair))


@pytest.mark.usefixtures("remembered")
def test_planted_defects_are_red_in_the_whole_suite_and_clean_suites_are_not():
    rng = np.random.default_rng(11)
    baselines = {path.stem: read(path) for path in sorted(FOLDER.glob("*.json"))}
    names = [name for name in baselines if name != "locatello2019-challenging"]
    suites = [[clean(b, rng) for b in baselines.values()] for _ in range(CLEAN)]
    alarms = [judged(suite, baselines) for suite in suites]
    print(f"\n{sum(map(bool, alarms))} of {CLEAN} clean suites are red: {[*filter(None, alarms)]}")
    table, alone, whole = [], 0, 0
    for number, (what, defect) in enumerate(DEFECTS.items()):
        found = np.zeros(2, dtype=int)
        for turn in range(3):
            name = names[(3 * number + turn) % len(names)]
            suite = suites[(number + turn) % CLEAN]
            bad = defect(clean(baselines[name], rng), baselines[name], rng)
            found[0] += name in judged([bad], baselines)
            found[1] += name in judged([bad if r.name == name else r for r in suite], baselines)
        alone, whole = alone + found[0], whole + found[1]
        table.append(f"| {what} | {found[0]} of 3 | {found[1]} of 3 |")
        print(table[-1], flush=True)
    count = 3 * len(DEFECTS)
    print(f"in all {alone} and {whole} of {count}")
    assert sum(map(bool, alarms)) <= 2
    assert whole >= LEAST * count
