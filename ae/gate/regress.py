"""Records against their baselines: every metric of every run, judged as one family.

In two looks where the gate trains: a few seeds of each spec first, judged at half of the 5 %. A spec
whose own p is at most a tenth gets more seeds, which are judged with the first ones at the other
half. So a clean run pays for three seeds a spec and a bit, and a change is told by seven.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ae.errors import UserError
from ae.gate.baseline import Baseline, others
from ae.gate.pairs import pairs_of
from ae.gate.speed import Rate, spent
from ae.gate.structure import faults
from ae.gate.weak import watched, weak
from ae.machine.usage import Usage
from ae.records.entries import RunRecord
from ae.records.record import Record
from ae.verdict.moved import Move
from ae.verdict.movement import FIRST, SECOND, SUSPECT, Movement, movements

Kind = Literal["metric", "structure", "same", "cost", "absence"]
WORDS: tuple[Move, ...] = ("worse", "better", "undecided", "unchanged")

LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn")  # what a value is computed by


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
    """All rows of a run of the gate, and what it says besides: notes that fail nothing.

    `suspects` are specs that more seeds should decide.
    """

    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    suspects: list[str] = field(default_factory=list)

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


def regress(
    trials: Sequence[Trial], rates: Sequence[Row] = (), *, again: Sequence[Trial] | None = None
) -> Outcome:
    """Judge records.

    Args:
        trials: The records.
        rates: Further rows, of speed measurements.
        again: None if this is the only look. Else what suspects of the first look gave with more
            seeds, those of `trials` among them; nothing if this is the first look.

    Raises:
        UserError: A record shares seeds with its baseline, or is of another tier.
    """
    later = {trial.record.name: trial for trial in again or ()}
    last = [later.get(trial.record.name, trial) for trial in trials]
    rows: list[Row] = []
    for trial in last:
        _comparable(trial)
        rows += [
            Row("structure", trial.record.name, f.run, f.what, "", "worse", f.note, str(trial.path))
            for f in faults(trial.record, trial.baseline)
        ]
    judged = _judged(trials, 1.0 if again is None else FIRST, None)
    first = watched(_movements(judged.values()))
    judged |= {
        key: row
        for key, row in _judged(list(later.values()), SECOND, len(trials)).items()
        if key not in judged or judged[key].word != "worse"
    }
    rows += judged.values()
    for trial in trials:
        rows += [
            Row("cost", trial.record.name, "", r.what, "", r.word, r.note, str(trial.path), rate=r)
            for r in spent(trial.record, trial.baseline, trial.usage)
        ]
    notes = [note for trial in last for note in _provenance(trial)]
    notes += _unseen(last)
    notes += weak(first, looks=1 if again is None else 2)
    return Outcome([*rows, *rates], notes, _suspects(rows, later))


def _unseen(trials: Sequence[Trial]) -> Iterator[str]:
    """That some have no fingerprint to compare: a baseline of old, or training that was taken up."""
    known = [
        (t.record.name, [r.applied for r in t.baseline.runs] + [r.applied for r in t.record.runs])
        for t in trials
    ]
    names = [name for name, runs in known if not all(runs)]
    if names:
        yield f"no fingerprint to compare, in the baseline or in the record, of {', '.join(names)}"


def _movements(rows: Iterable[Row]) -> dict[str, list[Movement]]:
    found: dict[str, list[Movement]] = {}
    for row in rows:
        if row.movement is not None:
            found.setdefault(row.spec, []).append(row.movement)
    return found


def _judged(
    trials: Sequence[Trial], share: float, among: int | None
) -> dict[tuple[str, str, str], Row]:
    """The rows of all metrics, by spec, run and metric."""
    places = [
        (trial, *found) for trial in trials for found in pairs_of(trial.record, trial.baseline)
    ]
    found = movements([pair for *_, pair in places], share=share, among=among)
    units = {t.record.name: {m.name: m.unit for m in t.record.meaning.measure} for t in trials}
    return {
        (trial.record.name, run.name, metric): _row(trial, run, metric, movement, units)
        for movement, (trial, run, metric, _) in zip(found, places, strict=True)
    }


def _suspects(rows: Sequence[Row], decided: Container[str]) -> list[str]:
    """Specs that are not red, had one look, and whose own p says that another is worth it."""
    red = {row.spec for row in rows if row.word == "worse"}
    found = {r.spec: None for r in rows if r.movement is not None and r.movement.p_own <= SUSPECT}
    return [name for name in found if name not in red and name not in decided]


def _comparable(trial: Trial) -> None:
    record, baseline = trial.record, trial.baseline
    if record.tier != baseline.tier:
        raise UserError(
            f"record of {record.name}: found tier {record.tier}; the baseline is of {baseline.tier}"
        )
    others(baseline, (s for run in record.runs for s in run.seeds), f"record of {record.name}")


def _row(
    trial: Trial,
    run: RunRecord,
    metric: str,
    movement: Movement,
    units: Mapping[str, Mapping[str, str]],
) -> Row:
    name = trial.record.name
    unit = units[name].get(metric, "")
    word, note = movement.word, movement.note
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
    pairs += [(key, one.versions.get(key), two.versions.get(key)) for key in LIBRARIES]
    other = [f"{key} {a} there, {b} here" for key, a, b in pairs if a != b]
    if other:
        notes.append(f"{record.name}: the baseline was made elsewhere: {'; '.join(other)}")
    return notes
