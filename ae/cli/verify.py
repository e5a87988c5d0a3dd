"""`ae verify`: a paper again, beside its published record."""

import shutil
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from ae.cli.options import DEVICE, JOBS, Stop, check_names, with_library
from ae.cli.plan import find_requests
from ae.cli.session import Session
from ae.errors import UserError
from ae.library import Library

if TYPE_CHECKING:
    from ae.spec import TierName


@click.command()
@click.argument("spec")
@click.option(
    "--tier",
    type=click.Choice(["paper", "quick", "smoke"]),
    default="quick",
    show_default=True,
    help="Which of its tiers.",
)
@click.option(
    "--record",
    "given",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare with this record; reports/published/SPEC/TIER/record.json by default.",
)
@DEVICE
@JOBS
@with_library(results=True)
def verify(
    spec: str, tier: str, given: Path | None, device: str, jobs: int | None, library: Library
) -> None:
    """Run a paper again and compare with its published record; exit with 1 if they differ.

    The runs and seeds of the record are trained anew. The results are equal bit for bit, equal to
    rounding (to a relative 1e-4), or different. Says which value of which run and seed differs, by
    how much, and what differs in spec, data, versions and machine. Runs in results/verify/, which
    is removed afterwards.
    """
    from ae.errors import Interrupted
    from ae.machine.threads import set_policy

    stop = Stop()
    check_names(library, [spec])
    set_policy()
    from ae.records import record as records
    from ae.records.compare import compare
    from ae.running.devices import choose_device
    from ae.running.settings import Settings
    from ae.running.suite import Suite

    settings = Settings(
        library=library.with_results(library.results / "verify"),
        tier=cast("TierName", tier),
        device=choose_device(device),
        exact=True,
    )
    (request,) = find_requests([spec], settings)
    name = request.path.stem
    given = given or published_record(library, name, tier)
    there = records.read(given)
    wanted = tuple((run.name, tuple(run.seeds)) for run in there.runs)
    request = replace(request, settings=settings.with_(wanted=wanted))
    session = Session(settings.library, pdf=False, track=False)
    try:
        ((_, here, _),) = session.records_of(Suite([request], stop, jobs=jobs))
    except Interrupted as stopped:
        click.echo(f"ae: {stop.said}{stopped}; verify again to go on", err=True)
        sys.exit(stop.code)
    found = compare(there, given.parent, here, settings.results / name / tier)
    shutil.rmtree(settings.results / name)
    with suppress(OSError):  # another is at work there
        settings.results.rmdir()
    for difference in found.results:
        kind = "rounding" if difference.rounding else "DIFFERENT"
        click.echo(f"  {kind}: {difference.what}")
    for line in found.provenance:
        click.echo(f"  provenance: {line}")
    click.echo(f"{name}, {tier} tier: {found.values} values, {found.word}")
    if not found.equal:
        sys.exit(1)


def published_record(library: Library, name: str, tier: str) -> Path:
    """The published record of a spec in a tier.

    Raises:
        UserError: It is not there; an installed package brings none.
    """
    path = library.published_record(name, tier)
    if not path.is_file():
        where = library.shown(path)
        raise UserError(
            f"{where}: found no published record of {name}, tier {tier}; --record names another, and "
            "a checkout of the project has those that are published"
        )
    return path
