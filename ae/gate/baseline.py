"""Baselines: what ten or more calibration seeds of a spec's quick tier gave, and where.

One file a spec, `reports/baseline/<spec>.json`. It is bound to its protocol: to what the tier
trains and measures, not to titles, captions and claims.
"""

import codecs
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from ae.disk import digest, write_atomically
from ae.errors import UserError
from ae.machine.usage import Usage
from ae.records.entries import Environment, Number, Part, Value
from ae.records.record import Record
from ae.spec import Spec
from ae.spec.tiers import cells

SCHEMA: Literal[1] = 1
LEAST = 10
TIER = "quick"


class BaselineRun(Part):
    """One run: `metrics` by name, in the order of the baseline's seeds; `seconds` of training.

    `ends`, likewise, are the last values of the objectives' terms; `applied` what the trainings really
    did, as `condensed`. Both are empty where the records had none.
    """

    name: str
    diverged: dict[int, str]
    metrics: dict[str, list[Number]]
    seconds: float
    ends: dict[str, list[Number]] = {}
    applied: dict[str, list[Value]] = {}


class Again(Part):
    """What a baseline's first seeds gave when they were trained once more, by themselves.

    `runs` -> metric -> a value a seed. The same seeds in the same company on the same machine give the
    same numbers, so that whatever differs is the code's doing.
    """

    seeds: Annotated[list[int], Field(min_length=1)]
    runs: dict[str, dict[str, list[Number]]]

    @model_validator(mode="after")
    def _one_value_a_seed(self) -> Self:
        for name, table in self.runs.items():
            for metric, values in table.items():
                if len(values) != len(self.seeds):
                    raise ValueError(f"again: {name}: {metric}: expected a value a seed")
        return self


class Baseline(Part):
    """The calibration seeds of one spec; `again` is none where they were trained once."""

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
    again: Again | None = None

    @model_validator(mode="after")
    def _one_value_a_seed(self) -> Self:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed is there twice")
        for run in self.runs:
            for metric, values in (*run.metrics.items(), *run.ends.items()):
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


def write(baseline: Baseline, path: Path) -> None:
    """Write a baseline, one line a metric, whole or not at all."""
    table = baseline.model_dump(mode="json")
    runs = table.pop("runs")
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in table.items()]
    for run in runs:
        parts = [_lines(part, run.pop(part)) for part in ("metrics", "ends", "applied")]
        head = json.dumps(run)[:-1]
        run["text"] = f"  {head}, {', '.join(parts)}}}"
    body = ",\n".join(run["text"] for run in runs)
    text = "{\n" + "\n".join(lines) + f'\n "runs": [\n{body}\n ]\n}}\n'
    write_atomically(path, text.encode())


def _lines(name: str, table: Mapping[str, Sequence[Any]]) -> str:
    """A table as JSON, a line a row."""
    rows = [f"    {json.dumps(key)}: {json.dumps(values)}" for key, values in table.items()]
    return (
        f"{json.dumps(name)}: {{\n" + ",\n".join(rows) + "}"
        if rows
        else f"{json.dumps(name)}: {{}}"
    )


def read(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        UserError: The file cannot be read or holds none.
    """
    remedy = f"`ae calibrate {path.stem}` makes a new one"
    try:
        return Baseline.model_validate_json(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(p) for p in first["loc"]) or "the file"
        raise UserError(
            f"{path}: not a baseline of schema {SCHEMA}: {place}: {first['msg']}; {remedy}"
        ) from None


def enough(seeds: Sequence[int], where: str) -> None:
    """Refuse too few seeds for a baseline.

    Raises:
        UserError: They are fewer than it needs.
    """
    if len(seeds) < LEAST:
        raise UserError(
            f"{where}: found {len(seeds)} seeds; a baseline needs {LEAST}: --seeds 100-109"
        )


def others(baseline: Baseline, seeds: Iterable[int], where: str) -> None:
    """Refuse a baseline's own seeds for what is compared with it.

    Raises:
        UserError: With those that are.
    """
    if taken := sorted({*seeds} & {*baseline.seeds}):
        raise UserError(
            f"{where}: seeds {', '.join(map(str, taken))} are the baseline's own; a comparison needs "
            "others: --seeds 200-202"
        )


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
