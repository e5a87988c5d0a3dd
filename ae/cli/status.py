"""`ae status`: what has been run of each paper, what was begun, what is no longer of today."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from ae.cli.options import with_library
from ae.library import Library

if TYPE_CHECKING:
    from ae.running.status import Run, Status


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC ...]")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
@with_library(results=True)
def status(specs: Sequence[str], *, as_json: bool, library: Library) -> None:
    """Say what is there: trained seeds, stacks that were begun, records, and what has changed since.

    Reads files alone; trains nothing and loads no torch.
    """
    from ae.running.status import status_of
    from ae.spec.read import read_spec

    paths = [library.spec(name) for name in specs] if specs else library.specs()
    places = library.all_results()
    found = [s for path in paths for p in places for s in status_of(path, read_spec(path), p)]
    if as_json:
        click.echo(json.dumps([s.as_json for s in found], indent=1))
        return
    for one in found:
        for line in _lines(one, every=bool(specs)):
            click.echo(line)
    if not found:
        click.echo("nothing has been run yet")


def _lines(one: "Status", *, every: bool) -> Iterator[str]:
    """A line for the record, one a stack that was begun, and one a run that has anything to say."""
    record = "no record" if one.recorded is None else f"recorded {one.recorded}"
    if one.outdated:
        record += f"; {'; '.join(one.outdated)}"
    yield f"{click.style(f'{one.spec}, {one.tier}', bold=True)}: {one.fault or record}"
    touched = [run for run in one.runs if run.there or run.others or run.outdated]
    for run in touched:
        yield f"  {_run(run)}"
    untouched = [run.name for run in one.runs if run not in touched]
    if untouched:
        names = ", ".join(untouched) if every else f"{len(untouched)} of {len(one.runs)} runs"
        yield f"  no seed yet: {names}"
    for share in one.begun:
        yield f"  in progress: a stack, {100 * share:.0f} % done"


def _run(run: "Run") -> str:
    from ae.spec.seeds import shown

    missing = [seed for seed in run.listed if seed not in run.there]
    text = f"{run.name}: {len(run.there)} of {len(run.listed)} seeds"
    if missing:
        text += f", missing {shown(missing)}"
    if run.others:
        text += f"; others: {shown(run.others)}"
    if run.outdated:
        more = f" and {len(run.stale) - 1} more" if len(run.stale) > 1 else ""
        text += f"; of before a change: {shown(run.outdated)} ({run.stale[0]}{more})"
    return text
