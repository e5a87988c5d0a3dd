"""`ae export`: values, claims and curves as tables for other programs."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ae.cli.options import with_library
from ae.cli.report import first_of_each, readable, sources_of
from ae.disk import check_writable, write_atomically
from ae.errors import UserError
from ae.library import Library, near

if TYPE_CHECKING:
    from ae.records.record import Record
    from ae.spec import TierName

TABLES = ("values", "claims", "curves", "twins")


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC ...]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "parquet"]),
    default="csv",
    show_default=True,
    help="Parquet needs the package pyarrow.",
)
@click.option("--tier", type=click.Choice(["paper", "quick", "smoke"]), help="This tier alone.")
@click.option(
    "--table",
    type=click.Choice(TABLES),
    help="One table, printed or written to --out; without it all, into a folder.",
)
@click.option("--published", is_flag=True, help="Of reports/published instead of results/.")
@click.option(
    "--out",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The folder, results/export by default; with --table the file.",
)
@with_library(results=True)
def export(
    specs: Sequence[str],
    form: Literal["csv", "json", "parquet"],
    tier: "TierName | None",
    table: str | None,
    published: bool,
    out: Path | None,
    library: Library,
) -> None:
    """Write values, claims and curves of the records as tables; docs/results.md has their columns.

    Of the papers that are named, or of all. The same tables in Python: ae.results.load("results").
    """
    names = [library.spec(name).stem for name in specs]
    _check(form, table, out)
    from ae.results import frames_of
    from ae.results.files import check, encoded

    check(form)
    frames = frames_of(_records(library, names, tier, published=published))
    if table is not None:
        content = encoded(getattr(frames, table), form)
        if out is None:
            click.echo(content, nl=False)
        else:
            write_atomically(out, content)
        return
    folder = out or library.results / "export"
    for name in TABLES:
        found = getattr(frames, name)
        if name == "twins" and found.empty:
            continue
        path = folder / f"{name}.{form}"
        write_atomically(path, encoded(found, form))
        click.echo(f"{near(path)}: {len(found)} row{'' if len(found) == 1 else 's'}")


def _check(form: str, table: str | None, out: Path | None) -> None:
    """Refuse what cannot be written before anything is read.

    Raises:
        UserError: Several tables are to go into one file, or a table into a folder.
        OutsideError: The place cannot be written.
    """
    if table is None:
        if out is not None and out.exists() and not out.is_dir():
            raise UserError(
                f"--out {out}: found a file; all tables go into a folder; "
                f"--table {'|'.join(TABLES)} writes one"
            )
        if out is not None:
            check_writable(out / f"values.{form}")
    elif out is not None:
        if out.is_dir():
            raise UserError(f"--out {out}: found a folder; --table {table} is written to a file")
        check_writable(out)
    elif form == "parquet" and sys.stdout.isatty():
        raise UserError("--format parquet: no text for a terminal; give --out FILE")


def _records(
    library: Library, names: Sequence[str], tier: "TierName | None", *, published: bool
) -> "list[Record]":
    """The records that are wanted.

    Raises:
        UserError: There is none, or none of a paper that is named.
    """
    sources = sources_of(library, published=published)
    found = [
        record
        for record, _ in readable(first_of_each(sources))
        if (record.name in names or not names) and tier in (None, record.tier)
    ]
    there = [record for record in found if _meant(record)]
    of_tier = f" in tier {tier}" if tier else ""
    absent = [name for name in names if name not in {record.name for record in there}]
    if absent or not there:
        whose = f" of {', '.join(absent)}" if absent else ""
        places = ", ".join(near(place) for place in sources)
        raise UserError(f"{places}: found no record{whose}{of_tier}; `ae run` makes one")
    return there


def _meant(record: "Record") -> bool:
    """Whether its spec can be read; a line if it cannot."""
    try:
        return record.meaning is not None
    except UserError as error:
        click.echo(f"ae: left out: {error}", err=True)
        return False
