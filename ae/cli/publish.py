"""`ae publish`: records and report in a folder for any web server."""

from pathlib import Path

import click

from ae.cli.options import with_library
from ae.cli.report import rendered, reported, sources_of
from ae.library import Library, near


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--published", is_flag=True, help="Of reports/published instead of results/.")
@with_library(results=True)
def publish(folder: Path, published: bool, library: Library) -> None:
    """Write records, report (HTML) and badge into FOLDER, ready for static hosting.

    FOLDER must be empty, or one that was published before: what is no longer there is taken away.
    Trained members, checkpoints, trials and hidden files stay where they are.
    """
    from ae.report.folder import writing
    from ae.report.publish import check_own, left_out
    from ae.report.publish import publish as write

    sources = sources_of(library, published=published)
    check_own(folder)
    with writing(folder):
        records = reported(library, sources)
        made = rendered(library, sources, records, folder, write=write)
    size = sum(path.stat().st_size for path in made.files)
    plural = "" if len(records) == 1 else "s"
    click.echo(f"published: {near(folder / 'index.html')}")
    click.echo(
        f"           {len(made.files)} files, {size / 1e6:.1f} MB, {len(records)} record{plural}"
    )
    click.echo(f"badge:     {near(folder / 'badge.svg')}")
    for line in left_out(sources, records):
        click.echo(f"left out:  {line}")
