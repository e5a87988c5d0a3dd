"""Baselines out of records: of one with calibration seeds, or of several together."""

from collections.abc import Mapping, Sequence

from ae.errors import UserError
from ae.gate.baseline import SCHEMA, TIER, Baseline, BaselineRun, data_of, enough, protocol
from ae.gate.fingerprint import condensed
from ae.machine.usage import Usage
from ae.records.entries import RunRecord
from ae.records.record import Record


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
    enough(seeds, where)
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
    diverged: dict[int, str] = {}
    runs = [next(r for r in record.runs if r.name == name) for record in records]
    for run, seeds in zip(runs, chosen, strict=True):
        diverged |= {seed: why for seed, why in run.diverged.items() if seed in seeds}
    return BaselineRun(
        name=name,
        diverged=diverged,
        metrics=_of_seeds(runs, chosen, [run.metrics for run in runs]),
        seconds=sum(run.seconds for run in runs),
        ends=_of_seeds(runs, chosen, [run.ends for run in runs]),
        applied=condensed([run.applied for run in runs]),
    )


def _of_seeds(
    runs: Sequence[RunRecord],
    chosen: Sequence[Sequence[int]],
    tables: Sequence[Mapping[str, Sequence[float]]],
) -> dict[str, list[float]]:
    """The values of all records, seed by seed, of what all of them have."""
    found: dict[str, list[float]] = {}
    common = [name for name in tables[0] if all(name in table for table in tables)]
    for name in common:
        for run, seeds, table in zip(runs, chosen, tables, strict=True):
            by_seed = dict(zip(run.seeds, table[name], strict=True))
            found.setdefault(name, []).extend(by_seed[seed] for seed in seeds)
    return found
