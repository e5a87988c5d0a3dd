"""`ae list`, `ae check`, `ae fetch` and `ae sync`: what there is, and whether it is sound."""

from collections.abc import Sequence

import click

from ae.cli.options import with_library
from ae.errors import MissingData, UserError
from ae.library import Library


@click.command("list")
@click.argument("specs", nargs=-1, metavar="[SPEC ...]")
@click.option("--tested", is_flag=True, help="The published values that were tested, as a table.")
@click.option(
    "--strongest", is_flag=True, help="The strongest that was tested of each, as a table."
)
@click.option(
    "--published",
    is_flag=True,
    help="With one of these two, or of papers that are named: of reports/published alone.",
)
@with_library(results=True)
def list_specs(
    specs: Sequence[str], *, tested: bool, strongest: bool, published: bool, library: Library
) -> None:
    """List the papers, what was tested of them and how it came out, and all by kind of evidence.

    Of papers that are named, every run, and every claim with its verdict. Records are those of
    results/, and the published ones where there is none of the same tier; --tested and --strongest
    show those of results/ alone, or with --published the published ones.
    """
    from ae.spec.read import read_spec

    if tested and strongest:
        raise UserError("--tested and --strongest: give one of them, each is a table of its own")
    if published and not (tested or strongest or specs):
        raise UserError(
            "--published: goes with --tested, --strongest or a SPEC; else published records are shown "
            "too"
        )
    if tested or strongest:
        from ae.cli.spec_list import tables

        for line in tables(specs, library, strongest=strongest, published=published):
            click.echo(line)
        return
    if specs:
        from ae.cli.spec_list import lines_of

        for path in map(library.spec, specs):
            for line in lines_of(path.stem, read_spec(path), library, published=published):
                click.echo(line)
        return
    from ae.cli.spec_list import overview

    for line in overview(library):
        click.echo(line)


@click.command()
@with_library(results=False)
def check(library: Library) -> None:
    """Check every spec and manifest; trains nothing and loads no torch."""
    from ae.check import check_tree

    problems, unseen = check_tree(library)
    for note in unseen:
        click.echo(note)
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        raise UserError(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} found")
    click.echo("all specs and manifests are sound")


@click.command()
@click.argument("names", nargs=-1, metavar="[DATA SET ...]")
@click.option("--offline", is_flag=True, help="Only look at what is on this machine.")
@with_library(results=False)
def fetch(names: Sequence[str], offline: bool, library: Library) -> None:
    """Find, download and verify data sets (all, or those named) ahead of a run."""
    from ae.cli.progress import Download
    from ae.data.files import fetch as fetch_files
    from ae.data.manifest import find_manifest

    missing = []
    for name in names or library.manifests():
        manifest = find_manifest(name, library)
        try:
            with Download() as download:
                paths = fetch_files(manifest, library, progress=download, offline=offline)
            found = f"{len(paths)} files, sha256 verified" if paths else "generated, without files"
            if manifest.original is not None:
                found = f"{manifest.origin(original=True)} verified"
            click.echo(f"{name}: {found}")
        except MissingData as error:
            if manifest.original is not None and offline:
                click.echo(f"{name}: {manifest.origin(original=False)}: {error}")
                continue
            missing.append(name if manifest.original is None else f"the original of {name}")
            click.echo(f"ae: {error}", err=True)
    if missing:
        raise MissingData(f"not at hand: {', '.join(missing)}")


@click.command()
@with_library(results=True)
def sync(library: Library) -> None:
    """Send records to MLflow that are not there yet; nothing is sent twice."""
    from ae.cli.session import verdicts_for_tracking
    from ae.tracking import default_uri, shown
    from ae.tracking import sync as send_all

    sent = send_all(library.results, verdicts_for_tracking)
    click.echo(
        f"{len(sent)} record{'' if len(sent) == 1 else 's'} sent to {shown(default_uri(library.results))}"
    )
