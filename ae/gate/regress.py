"""Records against their baselines: every metric of every run, judged as one family."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from ae.errors import UserError
from ae.gate.baseline import Baseline, Usage
from ae.gate.speed import Rate, spent
from ae.gate.structure import faults
from ae.record import Record, RunRecord
from ae.spec import Direction, ExactClaim, Spec
from ae.verdict.movement import Move, Movement, Pair, movements
from ae.verdict.result import WORST

Kind = Literal["metric", "structure", "cost"]
WORDS: tuple[Move, ...] = ("worse", "better", "undecided", "unchanged")


@dataclass(frozen=True)
class Trial:
    """A record to be judged, the baseline for it, and what the run took if this process ran it."""

    record: Record
    baseline: Baseline
    path: Path
    usage: Usage | None = None


@dataclass(frozen=True)
class Row:
    """One thing that was compared. `file` is the baseline's or measurement's, for annotations."""

    kind: Kind
    spec: str
    run: str
    what: str
    unit: str
    word: Move
    note: str
    file: str
    movement: Movement | None = None
    rate: Rate | None = None

    @property
    def name(self) -> str:
        """`run: metric`, or what there is of it."""
        return ": ".join(filter(None, (self.run, self.what)))


@dataclass(frozen=True)
class Outcome:
    """All rows of a run of the gate, and what it says besides: notes that fail nothing."""

    rows: list[Row]
    notes: list[str] = field(default_factory=list)

    def of(self, word: Move) -> list[Row]:
        """The rows of one state."""
        return [row for row in self.rows if row.word == word]

    @property
    def red(self) -> bool:
        """Whether anything is worse."""
        return bool(self.of("worse"))

    @property
    def counts(self) -> dict[Move, int]:
        """How many rows each state has."""
        return {word: len(self.of(word)) for word in WORDS}


def regress(trials: Sequence[Trial], rates: Sequence[Row] = ()) -> Outcome:
    """Judge records; `rates` are further rows, of speed measurements.

    Raises:
        UserError: A record shares seeds with its baseline, or is of another tier.
    """
    rows: list[Row] = []
    notes: list[str] = []
    pairs: list[Pair] = []
    places: list[tuple[Trial, RunRecord, str]] = []
    for trial in trials:
        _comparable(trial)
        spec, file = trial.record.name, str(trial.path)
        rows += [
            Row("structure", spec, f.run, f.what, "", "worse", f.note, file)
            for f in faults(trial.record, trial.baseline)
        ]
        notes += _provenance(trial)
        for run, metric, pair in _pairs(trial):
            pairs.append(pair)
            places.append((trial, run, metric))
    for movement, (trial, run, metric) in zip(movements(pairs), places, strict=True):
        rows.append(_row(trial, run, metric, movement))
    for trial in trials:
        rows += [
            Row("cost", trial.record.name, "", r.what, "", r.word, r.note, str(trial.path), rate=r)
            for r in spent(trial.record, trial.baseline, trial.usage)
        ]
    return Outcome([*rows, *rates], notes)


def _comparable(trial: Trial) -> None:
    record, baseline = trial.record, trial.baseline
    if record.tier != baseline.tier:
        raise UserError(
            f"record of {record.name}: found tier {record.tier}; the baseline is of {baseline.tier}"
        )
    taken = sorted({s for run in record.runs for s in run.seeds} & set(baseline.seeds))
    if taken:
        raise UserError(
            f"record of {record.name}: seeds {', '.join(map(str, taken))} are the baseline's own; "
            "a comparison needs others: --seeds 200-202"
        )


def _pairs(trial: Trial) -> list[tuple[RunRecord, str, Pair]]:
    """The metrics that the record and the baseline have in common."""
    record, baseline = trial.record, trial.baseline
    spec = record.meaning
    directions: dict[str, Direction] = {m.name: m.direction for m in spec.measure}
    pinned = {(c.run, c.metric) for c in spec.claim if isinstance(c, ExactClaim)}
    found = []
    for old in baseline.runs:
        new = record.run(old.name)
        if new is None:
            continue
        for metric, values in old.metrics.items():
            if not new.metrics.get(metric):
                continue
            direction = None if (old.name, metric) in pinned else directions[metric]
            pair = Pair(
                _by_seed(values, baseline.seeds, old.diverged),
                _by_seed(new.metrics[metric], new.seeds, new.diverged),
                direction,
                record.name,
                _scale(baseline, metric),
            )
            found.append((new, metric, pair))
    return found


def _by_seed(values: Sequence[float], seeds: Sequence[int], diverged: dict[int, str]) -> np.ndarray:
    pairs = zip(seeds, values, strict=True)
    return np.array([np.nan if seed in diverged else value for seed, value in pairs])


def _scale(baseline: Baseline, metric: str) -> float:
    """The largest magnitude that the metric has in any run: its rounding is of that size."""
    values = (abs(v) for run in baseline.runs for v in run.metrics.get(metric, ()))
    return max((v for v in values if v < WORST), default=0.0)


def _row(trial: Trial, run: RunRecord, metric: str, movement: Movement) -> Row:
    spec: Spec = trial.record.meaning
    unit = next(m.unit for m in spec.measure if m.name == metric)
    word, note = movement.word, movement.note
    name = trial.record.name
    return Row("metric", name, run.name, metric, unit, word, note, str(trial.path), movement)


def _provenance(trial: Trial) -> list[str]:
    """What is new and has no baseline, and what of the machine is another."""
    record, baseline = trial.record, trial.baseline
    notes = []
    for run in record.runs:
        old = baseline.run(run.name)
        fresh = [m for m in run.metrics if old is None or m not in old.metrics]
        if fresh:
            notes.append(f"{record.name}: no baseline for {', '.join(fresh)} of {run.name}")
    one, two = baseline.environment, record.environment
    keys = ("processor", "device", "threads", "python")
    pairs = [(key, getattr(one, key), getattr(two, key)) for key in keys]
    pairs += [(key, one.versions.get(key), two.versions.get(key)) for key in ("torch", "numpy")]
    other = [f"{key} {a} there, {b} here" for key, a, b in pairs if a != b]
    if other:
        notes.append(f"{record.name}: the baseline was made elsewhere: {'; '.join(other)}")
    return notes
