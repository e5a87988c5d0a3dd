"""`ae null`: which claims an untrained model meets."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from ae.cli.options import DEVICE, JOBS, Stop, check_names, with_library
from ae.errors import MissingData
from ae.library import Library

if TYPE_CHECKING:
    from ae.cli.session import Session
    from ae.running.null import NullVerdict

SAID = {
    "survives": "an untrained model meets it, and the spec gives no `untrained` reason",
    "idle": "the spec says that an untrained model meets it, but it does not",
}


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC ...]")
@DEVICE
@JOBS
@with_library(results=True)
def null(specs: Sequence[str], device: str, jobs: int | None, library: Library) -> None:
    """Train every stage for one step and judge the quick tier (all, or those named).

    A claim that an untrained model meets tests nothing. Such a claim is mended, or its spec says in
    `untrained` why it cannot fail at initialisation: then it is not counted as evidence. Controls and
    claims about closed forms are what they are. Results are under results/null, and in no report.

    Exit codes: 0 no claim survives without a reason; 1 some do, or a reason is idle.
    """
    check_names(library, specs)
    from ae.errors import Interrupted

    stop = Stop()
    found: list[NullVerdict] = []
    session = _session(library)
    try:
        for one in _judged(session, specs, device, jobs, stop):
            for verdict in one:
                if verdict.fault:
                    _say(verdict)
            found += one
    except Interrupted as stopped:
        click.echo(f"ae: {stop.said}{stopped}; run again to go on", err=True)
        sys.exit(stop.code)
    counts = Counter(verdict.standing for verdict in found)
    shown = ", ".join(f"{count} {standing}" for standing, count in counts.most_common())
    click.echo(f"null run: {len(found)} claim{'' if len(found) == 1 else 's'} judged: {shown}")
    if any(verdict.fault for verdict in found):
        sys.exit(1)
    if specs and session.left:
        raise MissingData(f"not run: {', '.join(session.left)}")


def _session(library: Library) -> "Session":
    from ae.cli.session import Session

    return Session(library.with_results(library.results / "null"), pdf=False, track=False)


def _judged(
    session: "Session", specs: Sequence[str], device: str, jobs: int | None, stop: Stop
) -> "Iterator[list[NullVerdict]]":
    """The null run of every spec, judged as it is done."""
    from ae.cli.plan import find_requests
    from ae.machine.threads import set_policy

    set_policy()
    from ae.running.devices import choose_device
    from ae.running.null import null_requests, null_verdicts
    from ae.running.settings import Settings
    from ae.running.suite import Suite

    settings = Settings(session.library, tier="quick", device=choose_device(device))
    suite = Suite(null_requests(find_requests(specs, settings)), stop, jobs=jobs)
    return (null_verdicts(record) for _, record, _ in session.records_of(suite))


def _say(found: "NullVerdict") -> None:
    """A claim that has to be mended, in a line."""
    verdict = found.verdict
    click.echo(
        f"{found.spec}: {verdict.id}: {verdict.finding.word}: {SAID[found.standing]}"
        f" ({verdict.ours or verdict.note})"
    )
