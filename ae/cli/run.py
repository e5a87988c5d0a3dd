"""`ae run`: train, measure and judge."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import click

from ae.cli.options import DEVICE, JOBS, Stop, check_names, seeds_option, with_library
from ae.cli.plan import find_requests, show_plan
from ae.cli.session import Session
from ae.cli.spend import budget_option, check_budget, spend
from ae.errors import MissingData, OutsideError, UserError
from ae.library import Library

if TYPE_CHECKING:
    from ae.spec import TierName
    from ae.verdict import Verdict


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC ...]")
@click.option(
    "--tier",
    type=click.Choice(["auto", "paper", "quick", "smoke"]),
    default="auto",
    show_default=True,
    help="How much: auto is paper with CUDA, else quick (minutes on two CPU cores).",
)
@DEVICE
@click.option("--run", "runs", multiple=True, metavar="NAME", help="Only this run; * and ? match.")
@click.option(
    "--claim",
    "claims",
    multiple=True,
    metavar="ID",
    help="Only what this claim needs; * and ? match.",
)
@click.option(
    "--seeds", callback=seeds_option, help="Instead of the spec's: numbers and ranges, 0-4,7."
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="A trial: train.stages.NAME.epochs=3, or 'train.seeds=\"0-5\"', as text has quotes in a spec; "
    "kept in a folder of its own, never published.",
)
@click.option(
    "--budget",
    callback=budget_option,
    metavar="TIME",
    help="Train for so much time (90m, 3h), published values first, most claims per hour; then "
    "measure what is there.",
)
@click.option(
    "--executor",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Who trains: this machine, or a Ray cluster, a stack a task.",
)
@JOBS
@click.option(
    "--address", help="Ray: HOST:PORT of the cluster's head; without it, as Ray finds it."
)
@click.option("--cpus", type=click.IntRange(1), help="Ray: CPU cores, and threads, of a stack [1].")
@click.option("--fresh", is_flag=True, help="Forget what was trained before.")
@click.option(
    "--plan", "only_plan", is_flag=True, help="Show what would be trained, and what is there."
)
@click.option("--no-pdf", is_flag=True, help="Write the HTML report only.")
@click.option("--no-track", is_flag=True, help="Do not copy the records to MLflow.")
@click.option("--enforce", is_flag=True, help="Exit with 1 if a control or primary claim is SHORT.")
@with_library(results=True)
def run(
    specs: Sequence[str],
    tier: str,
    device: str,
    runs: tuple[str, ...],
    claims: tuple[str, ...],
    seeds: tuple[int, ...] | None,
    changes: tuple[str, ...],
    budget: float | None,
    executor: str,
    jobs: int | None,
    address: str | None,
    cpus: int | None,
    fresh: bool,
    only_plan: bool,
    no_pdf: bool,
    no_track: bool,
    enforce: bool,
    library: Library,
) -> None:
    """Train, measure and judge papers (all, or those named), then write the report.

    Seeds that are trained are recognised and not trained again. Interrupt at any moment (Ctrl-C,
    SIGTERM): the next run goes on from there. Records are under results/, the report under
    results/report/; it is written as soon as the first paper is done and after each further one.
    """
    from ae.errors import Interrupted
    from ae.machine.threads import set_policy

    stop = Stop()
    if executor == "local" and (address is not None or cpus is not None):
        raise UserError("--address and --cpus are for --executor ray")
    if executor == "ray" and jobs is not None:
        raise UserError("--jobs is for --executor local; with ray the cluster is shared out")
    check_budget(budget, only_plan, executor)
    check_names(library, specs)
    set_policy()
    from ae.running.settings import Settings
    from ae.running.suite import Suite

    where, crew = _executor(executor, device, address, cpus)
    settings = Settings(
        library=library,
        tier=_tier(tier, where),
        device=where,
        seeds=seeds,
        runs=runs,
        claims=claims,
        changes=changes,
        fresh=fresh,
    )
    requests = find_requests(specs, settings)
    if only_plan:
        suite = Suite(requests, stop, jobs=jobs, only_plan=True)
        show_plan(requests, suite, strict=bool(specs or enforce))
        return
    session = Session(library, pdf=not no_pdf, track=not no_track, only=bool(changes))
    try:
        if budget is not None:
            spend(requests, budget, stop, jobs, session)
        else:
            session.watch(Suite(requests, stop, jobs=jobs, crew=crew))
    except Interrupted as stopped:
        click.echo(f"ae: {stop.said}{stopped}; run again to go on", err=True)
        session.conclude(stopped=True)
        if session.fault is not None:
            click.echo(f"ae: no report yet: {session.fault}", err=True)
        sys.exit(stop.code)
    except OutsideError:
        session.conclude()
        raise
    session.conclude()
    short = [v.id for v in session.verdicts if _fails(v)]
    if enforce and short:
        click.echo(f"ae: enforced claims are SHORT: {', '.join(short)}", err=True)
        sys.exit(1)
    if session.fault is not None:
        raise session.fault
    if session.left and (specs or enforce):
        raise MissingData(f"not run, for want of data: {', '.join(session.left)}")


def _executor(
    executor: str, device: str, address: str | None, cpus: int | None
) -> "tuple[str, Any]":
    """The device that stacks train on, and who trains them where that is not this machine."""
    if executor == "local":
        from ae.running.devices import choose_device

        return choose_device(device), None
    from ae.running.ray.cluster import Cluster

    cluster = Cluster(address, device, cpus or 1)
    return cluster.device, cluster.crew


def _tier(tier: str, device: str) -> "TierName":
    found = ("paper" if device == "cuda" else "quick") if tier == "auto" else tier
    return cast("TierName", found)


def _fails(verdict: "Verdict") -> bool:
    return verdict.word == "SHORT" and (verdict.claim.control or verdict.claim.primary)
