"""Where the gate's records come from: trained now, or taken from a folder of results."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ae.disk import visible
from ae.errors import UserError
from ae.gate import same
from ae.gate.absence import Absence
from ae.gate.baseline import LEAST, TIER, Baseline, check, read, write
from ae.gate.calibration import from_record, from_records, own_seeds
from ae.gate.regress import Trial
from ae.library import Library
from ae.machine.usage import Usage
from ae.records import record as records
from ae.records.record import Record
from ae.spec.read import read_spec

WHOLE = 0.8  # of the record's time that a session must have spent itself for its usage to count


def calibrated(
    library: Library, record: Record, usage: Usage | None, again: Record | None = None
) -> Path:
    """Keep the record of calibration seeds as their spec's baseline; the baseline's file.

    Args:
        library: Where baselines are.
        record: Of the seeds.
        usage: What they took.
        again: The record of the first of them, trained by themselves.
    """
    baseline = from_record(record, _whole(record, usage))
    if again is not None:
        baseline = baseline.model_copy(update={"again": same.kept(again)})
    return _keep(library, baseline)


def tried(library: Library, record: Record, baseline: Baseline, usage: Usage | None) -> Trial:
    """A record that was made now beside its spec's baseline."""
    return trial(library, record, baseline, _whole(record, usage))


def keep(library: Library, found: Sequence[Record]) -> Path:
    """Keep one record, or several with different seeds, as the baseline of their spec.

    Raises:
        UserError: The spec has another protocol by now, or as `from_records`.
    """
    return _keep(library, from_records(found))


def _keep(library: Library, baseline: Baseline) -> Path:
    path = library.baseline(baseline.spec, new=True)
    source = library.spec(baseline.spec)
    check(baseline, path, read_spec(source), source.name)
    write(baseline, path)
    return path


def _whole(record: Record, usage: Usage | None) -> Usage | None:
    """What was used, if all of the record was made by it."""
    return usage if usage and usage.wall >= WHOLE * record.seconds else None


def baseline_for(library: Library, path: Path) -> Baseline | None:
    """The baseline of a spec, None where there is none.

    Raises:
        UserError: It is damaged, or was made by another protocol than the spec's.
    """
    place = library.baseline(path.stem)
    if not place.exists():
        return None
    baseline = read(place)
    check(baseline, place, read_spec(path), path.name)
    return baseline


def trial(
    library: Library, record: Record, baseline: Baseline, usage: Usage | None = None
) -> Trial:
    """A record beside its spec's baseline."""
    return Trial(record, baseline, library.shown(library.baseline(baseline.spec)), usage)


def with_baseline(
    library: Library, paths: Sequence[Path]
) -> tuple[dict[Path, Baseline], list[Absence]]:
    """The specs that have a baseline, with it, and those that have none that can be used.

    Raises:
        UserError: None has one.
    """
    have: dict[Path, Baseline] = {}
    absent = []
    for path in paths:
        try:
            baseline = baseline_for(library, path)
        except UserError as error:  # the others are compared all the same
            absent.append(Absence(path.stem, "outdated", str(error)))
            continue
        if baseline is None:
            none = "no baseline; `ae calibrate SPEC` makes one"
            absent.append(Absence(path.stem, "baseline", none))
        else:
            have[path] = baseline
    if not have:
        unfit = [one.words for one in absent if one.cause == "outdated"]
        names = ", ".join(one.spec for one in absent)
        raise UserError(
            unfit[0] if unfit else f"no baseline for {names}; `ae calibrate` makes them"
        )
    return have, absent


def taken(
    library: Library,
    baselines: Mapping[Path, Baseline],
    folder: Path,
    seeds: tuple[int, ...] | None,
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
            trials.append(trial(library, record, baseline))
        else:
            missing.append(path.stem)
    if not trials:
        raise UserError(
            f"{folder}: no record of tier {TIER} with other seeds than the baseline's of "
            f"{', '.join(missing)}"
        )
    return trials, missing


def specs(library: Library, names: Sequence[str]) -> list[Path]:
    """The specs of these names, all if there are none."""
    return [library.spec(name) for name in names] if names else library.specs()


def given(folders: Sequence[Path], names: Iterable[str]) -> dict[str, list[Record]]:
    """Records of the quick tier in FOLDER/spec/tier/record.json, newest first, by spec.

    Raises:
        UserError: A record cannot be read, or there is none of these specs.
    """
    found: dict[str, list[Record]] = {}
    names = list(names)
    for name in names:
        paths = [p for f in folders for p in visible(f / name, f"{TIER}*/record.json")]
        read_now = [record for path in paths if (record := records.read(path)).tier == TIER]
        if read_now:
            found[name] = sorted(read_now, key=_started, reverse=True)
    if not found:
        where = ", ".join(map(str, folders))
        wanted = ", ".join(names) if len(names) < 4 else f"these {len(names)} specs"
        raise UserError(
            f"{where}: found no record of tier {TIER} of {wanted}: expected SPEC/{TIER}*/record.json "
            f"there, and it has {_there(folders)}"
        )
    return found


def _there(folders: Sequence[Path]) -> str:
    """What such folders hold instead of what was looked for."""
    paths = [p for f in folders for p in visible(f, f"*/{TIER}*/record.json")]
    if names := dict.fromkeys(p.parent.parent.name for p in paths):
        return f"those of {', '.join(names)}"
    places = [
        p for f in folders for at in ("", "*/", "*/*/") for p in visible(f, f"{at}record.json")
    ]
    return str(places[0]) if places else "none at all"


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
