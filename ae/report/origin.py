"""Where a record's numbers came from, line by line: code, machine, energy, copies."""

from pathlib import Path
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from ae.errors import UserError
from ae.records.entries import RunRecord
from ae.records.record import Record
from ae.redaction import bare
from ae.report.text import count, duration
from ae.tracking import content as tracked
from ae.tracking.store import database_of, uri_of
from ae.verdict.numbers import number

COUNTED = "counted is all that ran there meanwhile, without memory, disks and power supply"


def origin(record: Record, folder: Path) -> list[tuple[str, str | Markup]]:
    """What a page says of a record's origin; `folder` is where the record lies."""
    e = record.environment
    return [
        ("spec digest", record.spec_digest),
        ("record digest", record.digest),
        ("commit", e.commit + (" with uncommitted changes" if e.dirty else "")),
        ("code digest", e.code),
        *((f"code of {c.name}", f"{c.owner}, source {c.sha256}") for c in record.foreign),
        ("weights trained by", "; ".join(dict.fromkeys(map(_trained, record.runs)))),
        ("started", record.started),
        ("wall time", duration(record.seconds)),
        ("energy", energy(record)),
        ("device", e.device),
        ("machine", f"{e.machine}, {e.processor}, {e.cores} cores, {e.memory_gib:.1f} GiB"),
        ("platform", f"{e.platform}, Python {e.python}"),
        ("threads", f"{e.threads}; {e.thread_policy}"),
        ("precision", e.precision),
        ("versions", ", ".join(f"{k} {v}" for k, v in sorted(e.versions.items()))),
        ("copies in MLflow", copies(record, folder)),
    ]


def data_line(record: Record) -> str:
    """The data in a few words: `mnist train 10 000 of 60 000`."""
    parts = []
    for d in record.data:
        whole = "" if d.examples == d.available else f" of {count(d.available)}"
        parts.append(f"{d.name} {d.split} {count(d.examples)}{whole}")
    return ", ".join(parts)


def commands(record: Record, folder: Path) -> list[str]:
    """What to type to get a record's very numbers again; `folder` is where it lies."""
    base = f"ae run {record.name} --tier {record.tier}"
    chosen = {tuple(run.seeds) for run in record.runs}
    if "-seeds-" in folder.name and len(chosen) == 1:
        base += f" --seeds {','.join(map(str, *chosen))}"
    again = [base, f"{base} --fresh"]
    if "--seeds" not in base:
        again.append(f"ae verify {record.name} --tier {record.tier}")
    return again


def energy(record: Record) -> str:
    """What the run used, in kJ and Wh, what that covers and what it does not."""
    found = record.energy
    if found is None:
        return "not recorded"
    why = f" ({found.note})" if found.note else ""
    if not found.joules:
        return f"not readable on this machine{why}"
    total = sum(found.joules.values())
    each = ", ".join(f"{name} {number(used / 1000)} kJ" for name, used in found.joules.items())
    words = f"{number(total / 1000)} kJ ({number(total / 3600)} Wh) in {duration(found.seconds)}"
    said = [f"{words}: {each}", COUNTED]
    if record.seconds > 1.05 * found.seconds + 1:
        said.append("training in earlier sessions was not measured")
    if found.note:
        said.append(f"not counted: {found.note}")
    return "; ".join(said)


def copies(record: Record, folder: Path) -> str | Markup:
    """Where the record was sent, as the note beside it says: a server's run as a link."""
    try:
        found = tracked.copies(record, folder)
    except UserError:
        return f"not known: {tracked.MARKER} beside the record is damaged"
    lines = [_copy(copy, record.name, folder) for copy in found]
    return Markup("; ").join(lines) if lines else "none noted beside the record"


def _copy(copy: tracked.Copy, experiment: str, folder: Path) -> str | Markup:
    words = f"sent to {_near(copy.uri, folder)}, experiment {experiment}, run {copy.run}"
    address = _address(copy)
    if address is None:
        return words
    return Markup('<a href="{}">{}</a>').format(address, words)


def _address(copy: tracked.Copy) -> str | None:
    """The run's page in the server's interface; None where that is not known, or no server."""
    try:
        parts = urlsplit(copy.uri)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not copy.experiment or not copy.run:
        return None
    experiment, run = quote(copy.experiment, safe=""), quote(copy.run, safe="")
    return f"{bare(copy.uri).rstrip('/')}/#/experiments/{experiment}/runs/{run}"


def _near(uri: str, folder: Path) -> str:
    """The URI as it is shown; a database in the record's project by its place in that."""
    try:
        database = database_of(uri)
    except UserError:
        database = None
    for root in folder.resolve().parents[2:3]:
        if database and database.is_relative_to(root):
            return uri_of(database.relative_to(root))
    return bare(uri).rstrip("/")


def _trained(run: RunRecord) -> str:
    """Where a run's weights were trained, which may be another session than the record's."""
    found = run.trained
    if not found:
        return "not recorded"
    torch, python, processor, threads = (
        found.get(key, "unknown") for key in ("torch", "python", "processor", "threads")
    )
    return f"torch {torch}, Python {python}, {processor}, {threads} threads"
