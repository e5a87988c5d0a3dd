"""What differs between two records besides their numbers: spec, data, runs, metrics, seeds."""

from collections.abc import Iterator, Sequence

from ae.errors import UserError
from ae.records.entries import RunRecord
from ae.records.record import Record
from ae.spec import Spec


def notes(old: Record, new: Record) -> Iterator[str]:
    """What differs in spec and data, and which runs, metrics and seeds came or went."""
    if old.spec_digest != new.spec_digest:
        tables = _tables(old, new)
        where = f" in {', '.join(tables)}" if tables else ""
        yield f"the spec differs{where}: {old.spec_digest[:12]} became {new.spec_digest[:12]}"
    was, now = ({f"{d.name} {d.split}": d.sha256 for d in r.data} for r in (old, new))
    if other := [name for name in was | now if was.get(name) != now.get(name)]:
        yield f"the data differ: {', '.join(other)}"
    yield from _came("run", [r.name for r in old.runs], [r.name for r in new.runs])
    for run in new.runs:
        if (before := old.run(run.name)) is not None:
            yield from _came(f"metric of {run.name}", list(before.metrics), list(run.metrics))
            if before.seeds != run.seeds:
                yield f"seeds of {run.name}: {_seeds(before)} became {_seeds(run)}"


def _tables(old: Record, new: Record) -> list[str]:
    """The tables of the spec that do not mean the same; none if the old one cannot be read."""
    try:
        return tables_that_differ(old.meaning, new.meaning)
    except UserError:
        return []


def tables_that_differ(was: Spec, now: Spec) -> list[str]:
    """The tables of a spec that do not mean the same in both."""
    return [name for name in Spec.model_fields if getattr(was, name) != getattr(now, name)]


def _came(what: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    if came := [name for name in new if name not in old]:
        yield f"new {what}: {', '.join(came)}"
    if went := [name for name in old if name not in new]:
        yield f"gone {what}: {', '.join(went)}"


def _seeds(run: RunRecord) -> str:
    return ", ".join(map(str, run.seeds))
