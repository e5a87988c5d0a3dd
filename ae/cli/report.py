"""`ae report`: records into pages."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ae.cli.options import with_library
from ae.disk import visible
from ae.errors import UserError
from ae.library import Library, near
from ae.records.folders import RECORD, listed

if TYPE_CHECKING:
    from ae.records.record import Record
    from ae.report import Rendered
    from ae.spec import Spec


@click.command()
@click.option("--no-pdf", is_flag=True, help="Write the HTML report only.")
@click.option(
    "--each",
    is_flag=True,
    help="Write a PDF of every paper as well, and link it; doubles the time.",
)
@click.option("--published", is_flag=True, help="Report reports/published instead of results/.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write; results/report by default.",
)
@click.option(
    "--against",
    metavar="REF",
    help="Say what moved since REF: a folder of records, a git revision, an MLflow experiment; "
    "reports/published by default.",
)
@with_library(results=True)
def report(
    no_pdf: bool,
    each: bool,
    published: bool,
    out: Path | None,
    against: str | None,
    library: Library,
) -> None:
    """Render HTML, PDF, Markdown and CSV from the records alone."""
    sources = sources_of(library, published=published)
    render_report(library, sources, pdf=not no_pdf, each=each, out=out, against=against)


def sources_of(library: Library, *, published: bool) -> list[Path]:
    """The folders that records are taken from.

    Raises:
        UserError: The published ones are wanted, and there are none.
    """
    if published and not library.published:
        raise UserError(
            "--published: an installed package brings no published records; they are in a checkout "
            "of the project, under reports/published"
        )
    return library.published if published else library.all_results()


def render_report(
    library: Library,
    sources: Sequence[Path],
    *,
    pdf: bool,
    each: bool = False,
    out: Path | None = None,
    only: Sequence[Path] = (),
    against: str | None = None,
    quiet: bool = False,
) -> None:
    """Render the records of folders, or of those in `only`, and say where unless `quiet`.

    Trials, and the smoke tier where there is another, are left out; so is a record that cannot be
    read, or of which there is another in a folder that comes before, with a line that names it.

    Raises:
        UserError: There is no record.
        OutsideError: A file cannot be written.
    """
    from ae.report.folder import writing

    out = out or library.results / ("report" if not only else f"report-{only[0].name}")
    with writing(out):
        records = reported(library, sources, only)
        made = rendered(
            library, sources, records, out, only=only, pdf=pdf, each=each, against=against
        )
    if quiet:
        return
    if made.pdf_note:
        click.echo(f"ae: {made.pdf_note}", err=True)
    click.echo(f"report: {near(out / 'index.html')}")
    for path in made.files:
        if path.suffix == ".pdf":
            click.echo(f"        {near(path)}")


def reported(
    library: Library, sources: Sequence[Path], only: Sequence[Path] = ()
) -> "list[tuple[Record, Path]]":
    """The records that a report shows, each with its file; see `render_report`.

    Raises:
        UserError: There is none.
    """
    found = readable([f / RECORD for f in only] or first_of_each(sources))
    shown = [(record, path) for record, path in found if record.tier != "smoke"] or found
    if not shown:
        others = ", `ae report --published` shows those that come with the project"
        raise UserError(
            f"{', '.join(map(str, sources))}: found no record; `ae run` makes one"
            f"{others if library.published else ''}"
        )
    return shown


def rendered(
    library: Library,
    sources: Sequence[Path],
    records: "Sequence[tuple[Record, Path]]",
    out: Path,
    *,
    only: Sequence[Path] = (),
    pdf: bool = False,
    each: bool = False,
    against: str | None = None,
    write: "Callable[..., Rendered] | None" = None,
) -> "Rendered":
    """Render records with what the library knows besides; `write` is `render` by default."""
    from ae.records import prices
    from ae.records.reviews import read_all
    from ae.records.speed import read
    from ae.report import render

    names = {record.name for record, _ in records}
    specs = suite_of(library)
    return (write or render)(
        records,
        out,
        templates=library.templates,
        pdf=pdf,
        each=each,
        speeds=[read(p) for p in library.speeds],
        reviews={name: said for f in library.reviews for name, said in read_all(f).items()},
        reference=_reference(library, against, [record for record, _ in records]),
        specs={name: s for name, s in specs.items() if not only or name in names},
        prices=prices.read_all([*sources, *library.all_results()], "paper"),
        papers=_papers(library, records),
    )


def _papers(
    library: Library, records: "Sequence[tuple[Record, Path]]"
) -> "dict[str, tuple[Record, Path]]":
    """The published records of the paper tier of what has a record of a reduced tier alone."""
    own = {record.name for record, _ in records if record.tier == "paper"}
    names = sorted({record.name for record, _ in records} - own)
    there = [p for name in names if (p := library.published_record(name, "paper")).is_file()]
    return {record.name: (record, path) for record, path in readable(there)}


def suite_of(library: Library) -> "dict[str, Spec]":
    """The specs of today by their names, and a line for each that cannot be read."""
    found = {}
    for path in library.specs():
        try:
            found[path.stem] = _spec(path, path.stat().st_mtime_ns if path.is_file() else 0)
        except UserError as error:
            click.echo(f"ae: its claims are not counted: {error}", err=True)
    return found


@functools.cache
def _spec(path: Path, _: int) -> "Spec":
    """A spec, read again when its file changed: a run of many papers renders them again and again."""
    from ae.spec.read import read_spec

    return read_spec(path)


def first_of_each(sources: Sequence[Path]) -> list[Path]:
    """The records of folders; of one that two have, the first folder's, and a line for the other."""
    found: dict[tuple[str, str], Path] = {}
    for path in (path for source in sources for path in listed(source)):
        key = (path.parents[1].name, path.parent.name)
        if key in found:
            click.echo(f"ae: left out: {near(path)}: {near(found[key])} comes before it", err=True)
        found.setdefault(key, path)
    return list(found.values())


def readable(paths: Sequence[Path]) -> "list[tuple[Record, Path]]":
    """Those of these records that can be read, and a line for each that cannot."""
    from ae.records import record as records

    found = []
    for path in paths:
        try:
            found.append((records.read(path), path))
        except UserError as error:
            click.echo(f"ae: left out: {error}", err=True)
    return found


def _reference(
    library: Library, against: str | None, shown: "Sequence[Record]"
) -> "tuple[str, Sequence[Record]] | None":
    """What a report is compared with: `against`, else the published records, if there are any."""
    from ae.report import reference

    if against is not None:
        found = reference.find(against, library, shown)
    elif any(visible(folder, "*/*/record.json") for folder in library.published):
        found = reference.in_folders(library.published, "the published reference")
    else:
        return None
    return found.name, found.records
