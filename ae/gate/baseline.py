"""Baselines: what ten or more calibration seeds of a spec's quick tier gave, and where.

One file a spec, `reports/baseline/<spec>.json`. It is bound to its protocol: to what the tier
trains and measures, not to titles, captions and claims.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from ae.errors import UserError
from ae.read import cells
from ae.record import Environment, Number, Part, Record, digest, write_atomically
from ae.spec import Spec

SCHEMA: Literal[1] = 1
LEAST = 10
TIER = "quick"
FOLDER = Path("reports") / "baseline"
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Usage(Part):
    """What a run took: CPU and wall seconds, peak resident memory, and the yardstick's seconds.

    The yardstick is a fixed matrix product that is timed before and after the run (`usage`).
    """

    cpu: Positive
    wall: Positive
    peak_mib: Positive | None
    yardstick: Positive


class BaselineRun(Part):
    """One run: `metrics` by name, in the order of the baseline's seeds; `seconds` of training."""

    name: str
    diverged: dict[int, str]
    metrics: dict[str, list[Number]]
    seconds: float


class Baseline(Part):
    """The calibration seeds of one spec."""

    schema_version: Literal[1]
    spec: str
    tier: str
    protocol: str
    spec_digest: str
    seeds: Annotated[list[int], Field(min_length=LEAST)]
    started: str
    seconds: float
    usage: Usage | None
    environment: Environment
    data: dict[str, str]
    runs: list[BaselineRun]

    @model_validator(mode="after")
    def _one_value_a_seed(self) -> Self:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed is there twice")
        for run in self.runs:
            for metric, values in run.metrics.items():
                if len(values) != len(self.seeds):
                    raise ValueError(
                        f"{run.name}: {metric}: found {len(values)} values of {len(self.seeds)} "
                        "seeds"
                    )
        return self

    def run(self, name: str) -> BaselineRun | None:
        """The run of that name, if there is one."""
        return next((r for r in self.runs if r.name == name), None)


def protocol(spec: Spec, tier: str, where: str) -> str:
    """sha256 of what a tier trains and measures: data, models, training, measures; not seeds."""
    trained = [
        cell.model_dump(
            mode="json",
            by_alias=True,
            exclude_defaults=True,
            exclude={"label": True, "train": {"seeds"}},
        )
        for cell in cells(spec, tier, where=where)
    ]
    keys = {"name", "function", "arguments", "runs", "direction"}
    measured = [
        m.model_dump(mode="json", include=keys, exclude_defaults=True)
        for m in spec.measure
        if tier in m.tiers
    ]
    return digest({"trained": trained, "measured": measured})


def data_of(record: Record) -> dict[str, str]:
    """sha256 of each split that was used."""
    return {f"{d.name}/{d.split}": d.sha256 for d in record.data}


def from_record(record: Record, usage: Usage | None = None) -> Baseline:
    """The baseline that a record of calibration seeds makes.

    Raises:
        UserError: It is of another tier, has too few seeds, or its runs have different ones.
    """
    if any(run.seeds != record.runs[0].seeds for run in record.runs):
        raise UserError(
            f"record of {record.name}: its runs have different seeds; run it with --seeds 100-109"
        )
    return from_records([record], usage)


def from_records(records: Sequence[Record], usage: Usage | None = None) -> Baseline:
    """The baseline that records with different seeds make together, the newest first.

    Of each record the seeds count that all of its runs have. Machine and time are the newest's.

    Raises:
        UserError: One is of another tier, protocol, data or versions, or the seeds are too few.
    """
    newest = records[0]
    where = f"record of {newest.name}"
    for record in records:
        if record.tier != TIER:
            raise UserError(f"{where}: found tier {record.tier}; a baseline needs {TIER}")
        if _meaning(record) != _meaning(newest):
            raise UserError(
                f"{where}: those of {newest.started} and {record.started} are of another protocol, "
                "other data or versions; a baseline is of one"
            )
    chosen = own_seeds(records)
    seeds = [seed for own in chosen for seed in own]
    if len(seeds) < LEAST:
        raise UserError(
            f"{where}: found {len(seeds)} seeds; a baseline needs {LEAST}: --seeds 100-109"
        )
    return Baseline(
        schema_version=SCHEMA,
        spec=newest.name,
        tier=newest.tier,
        protocol=protocol(newest.meaning, newest.tier, newest.name),
        spec_digest=newest.spec_digest,
        seeds=seeds,
        started=newest.started,
        seconds=sum(record.seconds for record in records),
        usage=usage,
        environment=newest.environment,
        data=data_of(newest),
        runs=[_joined(run.name, records, chosen) for run in newest.runs],
    )


def _meaning(record: Record) -> tuple[object, ...]:
    names = [(run.name, sorted(run.metrics)) for run in record.runs]
    made = protocol(record.meaning, record.tier, record.name)
    return made, data_of(record), record.environment.versions, record.environment.device, names


def own_seeds(records: Sequence[Record]) -> list[list[int]]:
    """Of each record, what all of its runs have and no record before it."""
    taken: set[int] = set()
    chosen = []
    for record in records:
        common = set.intersection(*(set(run.seeds) for run in record.runs)) - taken
        taken |= common
        chosen.append(sorted(common))
    return chosen


def _joined(name: str, records: Sequence[Record], chosen: Sequence[Sequence[int]]) -> BaselineRun:
    metrics: dict[str, list[float]] = {}
    diverged: dict[int, str] = {}
    seconds = 0.0
    for record, seeds in zip(records, chosen, strict=True):
        run = next(r for r in record.runs if r.name == name)
        seconds += run.seconds
        diverged |= {seed: why for seed, why in run.diverged.items() if seed in seeds}
        for metric, values in run.metrics.items():
            found = dict(zip(run.seeds, values, strict=True))
            metrics.setdefault(metric, []).extend(found[seed] for seed in seeds)
    return BaselineRun(name=name, diverged=diverged, metrics=metrics, seconds=seconds)


def write(baseline: Baseline, path: Path) -> None:
    """Write a baseline, one line a metric, whole or not at all."""
    table = baseline.model_dump(mode="json")
    runs = table.pop("runs")
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in table.items()]
    for run in runs:
        metrics = [
            f"    {json.dumps(name)}: {json.dumps(values)}"
            for name, values in run.pop("metrics").items()
        ]
        head = json.dumps(run)[:-1]
        run["text"] = f'  {head}, "metrics": {{\n' + ",\n".join(metrics) + "}}"
    body = ",\n".join(run["text"] for run in runs)
    text = "{\n" + "\n".join(lines) + f'\n "runs": [\n{body}\n ]\n}}\n'
    write_atomically(path, text.encode())


def read(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        UserError: The file cannot be read or holds none.
    """
    remedy = f"`ae calibrate {path.stem}` makes a new one"
    try:
        return Baseline.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(p) for p in first["loc"]) or "the file"
        raise UserError(
            f"{path}: not a baseline of schema {SCHEMA}: {place}: {first['msg']}; {remedy}"
        ) from None


def check(baseline: Baseline, path: Path, spec: Spec, where: str) -> None:
    """Refuse a baseline that was made by another protocol than the spec's.

    Raises:
        UserError: With what to do.
    """
    if baseline.protocol != protocol(spec, baseline.tier, where):
        raise UserError(
            f"{path}: made by another protocol than {where} has now (data, model, training or "
            f"measures of tier {baseline.tier} changed); `ae calibrate {path.stem}` makes a new one"
        )
