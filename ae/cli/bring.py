"""`ae import`: what another machine has trained."""

from pathlib import Path

import click

from ae.cli.options import JOBS, Stop, with_library
from ae.cli.session import Session
from ae.library import Library


@click.command("import")
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER ...",
)
@click.option("--no-pdf", is_flag=True, help="Write the HTML report only.")
@JOBS
@with_library(results=True)
def bring(folders: tuple[Path, ...], no_pdf: bool, jobs: int | None, library: Library) -> None:
    """Take what another machine has trained: a results folder, SPEC/TIER of one, or what was kept.

    Arguments, seeds, protocol, data and code of every member are compared with what would be trained
    here today; if one contradicts, a line names it and nothing is taken. Device, processor and
    torch may differ: every page says which gave which number. Then the records are made anew.

    Members that were kept without their weights (reports/published) serve while what was measured of
    them is all that is wanted; those that contradict are passed over. So a fresh checkout goes on
    with `ae import reports/published`, and trains what is missing.
    """
    from ae.machine.threads import set_policy

    set_policy()
    from ae.running.importing import bring as bring_all
    from ae.running.settings import Settings
    from ae.running.state import Request
    from ae.running.suite import Suite

    settings = Settings(library, tier="paper")
    papers = {path.stem: path for path in library.specs()}
    requests = []
    for taken in bring_all(folders, papers, settings):
        click.echo(
            f"{taken.spec}, {taken.tier} tier: {taken.new} members taken "
            f"({', '.join(taken.devices) or 'none'}), {taken.known} were there"
        )
        if taken.passed:
            more = f" (and {len(taken.passed) - 1} more)" if len(taken.passed) > 1 else ""
            click.echo(f"  passed over: {taken.passed[0]}{more}")
        if not taken.new + taken.known:
            continue
        own = settings.with_(tier=taken.tier, wanted=())
        requests.append(Request(papers[taken.spec], own))
    session = Session(library, pdf=not no_pdf, track=False)
    session.watch(Suite(requests, Stop(), jobs=jobs))
    session.conclude()
    if session.fault is not None:
        raise session.fault
