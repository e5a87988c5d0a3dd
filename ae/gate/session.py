"""Where the gate's records come from: trained now, or taken from a folder of results."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ae import record as records
from ae.errors import UserError
from ae.gate.baseline import (
    FOLDER,
    LEAST,
    TIER,
    Baseline,
    Usage,
    check,
    from_record,
    from_records,
    own_seeds,
    read,
    write,
)
from ae.gate.regress import Trial
from ae.read import find_spec, find_specs, read_spec
from ae.record import Record

if TYPE_CHECKING:
    from ae.bench import Bench

WHOLE = 0.8  # of the record's time that a session must have spent itself for its usage to count


def baseline_path(root: Path, name: str) -> Path:
    """Where the baseline of a spec is kept."""
    return root / FOLDER / f"{name}.json"


def calibrate(bench: "Bench", paths: Sequence[Path]) -> list[Path]:
    """Train the calibration seeds of specs and keep what they gave as their baselines."""

    def kept(path: Path, record: Record, usage: Usage | None) -> Path:
        return _keep(bench.root, from_record(record, _whole(record, usage)))

    return bench.work(paths, kept, metered=True)


def trials(bench: "Bench", baselines: Mapping[Path, Baseline]) -> list[Trial]:
    """Train specs and put their records beside their baselines."""

    def tried(path: Path, record: Record, usage: Usage | None) -> Trial:
        return trial(bench.root, record, baselines[path], _whole(record, usage))

    return bench.work(list(baselines), tried, metered=True)


def keep(root: Path, found: Sequence[Record]) -> Path:
    """Keep one record, or several with different seeds, as the baseline of their spec.

    Raises:
        UserError: The spec has another protocol by now, or as `from_records`.
    """
    return _keep(root, from_records(found))


def _keep(root: Path, baseline: Baseline) -> Path:
    path = baseline_path(root, baseline.spec)
    source = find_spec(baseline.spec, root / "benchmarks")
    check(baseline, path, read_spec(source), source.name)
    write(baseline, path)
    return path


def _whole(record: Record, usage: Usage | None) -> Usage | None:
    """What was used, if all of the record was made by it."""
    return usage if usage and usage.wall >= WHOLE * record.seconds else None


def baseline_for(root: Path, path: Path) -> Baseline | None:
    """The baseline of a spec, None where there is none.

    Raises:
        UserError: It is damaged, or was made by another protocol than the spec's.
    """
    place = baseline_path(root, path.stem)
    if not place.exists():
        return None
    baseline = read(place)
    check(baseline, place, read_spec(path), path.name)
    return baseline


def trial(root: Path, record: Record, baseline: Baseline, usage: Usage | None = None) -> Trial:
    """A record beside its spec's baseline."""
    place = baseline_path(root, baseline.spec)
    return Trial(record, baseline, place.relative_to(root), usage)


def with_baseline(root: Path, paths: Sequence[Path]) -> tuple[dict[Path, Baseline], list[str]]:
    """The specs that have a baseline, with it, and the names of those that have none.

    Raises:
        UserError: As `baseline_for`.
    """
    found = {path: baseline_for(root, path) for path in paths}
    have = {path: baseline for path, baseline in found.items() if baseline is not None}
    return have, [path.stem for path in paths if path not in have]


def taken(
    root: Path, baselines: Mapping[Path, Baseline], folder: Path, seeds: tuple[int, ...] | None
) -> tuple[list[Trial], list[str]]:
    """Records of a folder beside their baselines, and the specs of which it has none to compare.

    Raises:
        UserError: It has none at all.
    """
    trials, missing = [], []
    found = given([folder], [path.stem for path in baselines])
    for path, baseline in baselines.items():
        record = comparable(found.get(path.stem, []), baseline, seeds)
        if record:
            trials.append(trial(root, record, baseline))
        else:
            missing.append(path.stem)
    if not trials:
        raise UserError(
            f"{folder}: no record of tier {TIER} with other seeds than the baseline's of "
            f"{', '.join(missing)}"
        )
    return trials, missing


def specs(root: Path, names: Sequence[str]) -> list[Path]:
    """The specs of these names, all if there are none."""
    folder = root / "benchmarks"
    return [find_spec(name, folder) for name in names] if names else find_specs(folder)


def given(folders: Sequence[Path], names: Iterable[str]) -> dict[str, list[Record]]:
    """Records of the quick tier in FOLDER/spec/tier/record.json, newest first, by spec.

    Raises:
        UserError: A record cannot be read, or there is none of these specs.
    """
    found: dict[str, list[Record]] = {}
    for name in names:
        paths = sorted(p for f in folders for p in (f / name).glob(f"{TIER}*/record.json"))
        read_now = [record for path in paths if (record := records.read(path)).tier == TIER]
        if read_now:
            found[name] = sorted(read_now, key=_started, reverse=True)
    if not found:
        where = ", ".join(map(str, folders))
        raise UserError(f"{where}: found no record of tier {TIER}: SPEC/{TIER}*/record.json")
    return found


def _started(record: Record) -> datetime:
    return datetime.fromisoformat(record.started)


def calibration(found: Sequence[Record], seeds: tuple[int, ...] | None) -> list[Record]:
    """The newest record with these seeds, or with ten or more; else all, if theirs add up to it."""
    filled = [record for record in found if record.runs]
    for record in filled:
        (own,) = own_seeds([record])
        if own == list(seeds) if seeds else len(own) >= LEAST:
            return [record]
    together = sum(map(len, own_seeds(filled)))
    return filled if together >= LEAST and not seeds else []


def comparable(
    found: Sequence[Record], baseline: Baseline, seeds: tuple[int, ...] | None
) -> Record | None:
    """The newest record with these seeds, or with none of the baseline's, if there is one."""
    for record in found:
        own = {seed for run in record.runs for seed in run.seeds}
        if own == set(seeds) if seeds else not own & set(baseline.seeds):
            return record
    return None
