"""Records into tables."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ae.errors import UserError
from ae.records.entries import MemberRecord, RunRecord
from ae.records.folders import RECORD, listed
from ae.records.record import Record, read
from ae.results.claims import claim_rows
from ae.results.columns import CLAIMS, VALUES, of_rows
from ae.results.curves import curves_of


@dataclass(frozen=True)
class Frames:
    """Results as tidy tables; `COLUMNS` says what their columns are.

    Attributes:
        values: A row a spec, tier, run, metric and seed. Seeds that diverged are there, as NaN.
        twins: The same of seeds that another kind of device trained as well; they decide nothing.
        claims: A row a spec, tier and claim, judged.
        curves: A row a spec, tier, run, stage, part, seed and point.
    """

    values: pd.DataFrame
    twins: pd.DataFrame
    claims: pd.DataFrame
    curves: pd.DataFrame


def load(folder: str | Path) -> Frames:
    """The results of a folder: `results`, `reports/published`, or that of one record.

    Trials (`--set`) are left out; the smoke tier is there, and its numbers mean nothing.

    Args:
        folder: Where records lie as `SPEC/TIER/record.json`, or one record alone.

    Raises:
        UserError: There is no record, or one cannot be read, or is of another format.
    """
    place = Path(folder)
    paths = listed(place) or [p for p in (place / RECORD, place) if p.is_file()][:1]
    if not paths:
        raise UserError(f"{place}: found no record; `ae run` makes one")
    return frames_of(read(path) for path in paths)


def frames_of(records: Iterable[Record]) -> Frames:
    """The results of records, in their order.

    Raises:
        UserError: A record's spec is of another format than this version's.
    """
    kept = list(records)
    return Frames(
        values=values_of(kept),
        twins=of_rows(VALUES, [row for record in kept for row in _rows(record, _twins(record))]),
        claims=claims_of(kept),
        curves=curves_of(kept),
    )


def claims_of(records: Iterable[Record]) -> pd.DataFrame:
    """Every claim of these records with its verdict."""
    return of_rows(CLAIMS, [row for record in records for row in claim_rows(record)])


def values_of(records: Iterable[Record]) -> pd.DataFrame:
    """Every value of every seed of these records."""
    return of_rows(VALUES, [row for record in records for row in _rows(record, _values(record))])


Sample = tuple[RunRecord, str, tuple[object, ...], MemberRecord | None]
"""Run, metric, then seed, value and why there is none; and who trained it."""


def _values(record: Record) -> Iterator[Sample]:
    for run in record.runs:
        members = {m.seed: m for m in run.members}
        for metric in run.metrics:
            why = run.unmeasured.get(metric, {})
            for seed, value in run.values(metric).items():
                lost = run.diverged.get(seed), why.get(seed)
                yield run, metric, (seed, value, *lost), members.get(seed)


def _twins(record: Record) -> Iterator[Sample]:
    for run in record.runs:
        for twin in run.twins:
            for metric, value in twin.metrics.items():
                yield run, metric, (twin.member.seed, value, twin.diverged, None), twin.member


def _rows(record: Record, cells: Iterable[Sample]) -> Iterator[tuple[object, ...]]:
    """Rows as `columns.VALUES` has them."""
    measures, digest = {m.name: m for m in record.meaning.measure}, record.digest[:12]
    for run, metric, found, member in cells:
        measure = measures.get(metric)
        unit, direction = (measure.unit, measure.direction) if measure else (None, None)
        named = record.name, record.tier, run.name, run.label, metric, unit, direction
        yield (*named, *found, *_trained(record, run, member), digest)


def _trained(
    record: Record, run: RunRecord, member: MemberRecord | None
) -> tuple[str | None, str | None, str | None, bool]:
    """Device, processor, torch of a seed, and whether it was imported.

    Records of before members were kept say it of the run, and its device of the session.
    """
    found = member.trained if member else run.trained
    device = found.get("device") or (None if member else record.environment.device)
    return device, found.get("processor"), found.get("torch"), bool(member and member.imported)
