"""Baselines: what ten or more calibration seeds of a spec's quick tier gave, and where.

One file a spec, `reports/baseline/<spec>.json`. It is bound to its protocol: to what the tier
trains and measures, not to titles, captions and claims.
"""

import json
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from ae.errors import UserError
from ae.read import cells
from ae.record import Environment, Number, Part, Record, digest, write_atomically
from ae.spec import Spec

SCHEMA: Literal[1] = 1
LEAST = 10
TIER = "quick"
FOLDER = Path("reports") / "baseline"


class Usage(Part):
    """What a run took: CPU and wall seconds, peak resident memory, and the yardstick's seconds.

    The yardstick is a fixed matrix product that is timed before and after the run (`usage`).
    """

    cpu: float
    wall: float
    peak_mib: float | None
    yardstick: float


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
    seeds: list[int]
    started: str
    seconds: float
    usage: Usage | None
    environment: Environment
    data: dict[str, str]
    runs: list[BaselineRun]

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
    where = f"record of {record.name}"
    seeds = record.runs[0].seeds if record.runs else []
    if record.tier != TIER:
        raise UserError(f"{where}: found tier {record.tier}; a baseline needs {TIER}")
    if any(run.seeds != seeds for run in record.runs):
        raise UserError(f"{where}: its runs have different seeds; run it with --seeds 100-109")
    if len(seeds) < LEAST:
        raise UserError(
            f"{where}: found {len(seeds)} seeds; a baseline needs {LEAST}: --seeds 100-109"
        )
    return Baseline(
        schema_version=SCHEMA,
        spec=record.name,
        tier=record.tier,
        protocol=protocol(record.meaning, record.tier, record.name),
        spec_digest=record.spec_digest,
        seeds=seeds,
        started=record.started,
        seconds=record.seconds,
        usage=usage,
        environment=record.environment,
        data=data_of(record),
        runs=[
            BaselineRun(
                name=run.name, diverged=run.diverged, metrics=run.metrics, seconds=run.seconds
            )
            for run in record.runs
        ],
    )


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
