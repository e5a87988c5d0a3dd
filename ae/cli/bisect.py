"""`ae bisect`: which commit moved a number."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ae.cli.gate import CALIBRATION, DEFAULT
from ae.cli.interrupts import INTERRUPTED
from ae.cli.options import with_library
from ae.errors import Interrupted, OutsideError, UserError
from ae.library import Library

if TYPE_CHECKING:
    from ae.gate.baseline import Baseline
    from ae.gate.regress import Row
    from ae.machine.git import Commit
    from ae.running.revisions import Revisions


@click.command()
@click.argument("spec")
@click.argument("metric")
@click.argument("good")
@click.argument("bad")
@click.option("--run", "run", help="Of this run alone; by default of any that has the metric.")
@with_library(results=True)
def bisect(spec: str, metric: str, good: str, bad: str, run: str | None, library: Library) -> None:
    """Name the commit between GOOD and BAD that moved a METRIC of a SPEC.

    Trains the quick tier as the commits have it, each with its own code and its own packages: GOOD
    with ten seeds, which are the baseline, and commits in between, by halves, with three others. A
    number has moved where the gate's rule says so (`ae regress`). A commit that cannot be run is
    passed over. What is trained is kept in results/bisect: an interrupted search goes on.
    """
    try:
        click.echo(_found(library.spec(spec).stem, metric, good, bad, run, library))
    except Interrupted as stopped:
        click.echo(f"ae: {stopped}; run again to go on", err=True)
        sys.exit(INTERRUPTED)


def _found(spec: str, metric: str, good: str, bad: str, run: str | None, library: Library) -> str:
    """The commit, or between which, in a sentence.

    Raises:
        UserError: There is no such commit, nothing lies between, or nothing has moved.
        OutsideError: The good one cannot be run.
        Interrupted: A run was stopped.
    """
    from ae.gate.bisect import search
    from ae.gate.calibration import from_record
    from ae.records import record as records
    from ae.running.revisions import Revisions

    _known(library.spec(spec), metric)
    known = Revisions(library.home, library.results / "bisect")
    first, last = known.one(good), known.one(bad)
    commits = {one.name: one for one in known.between(first, last)}
    if not commits:
        raise UserError(f"{good} and {bad} are the same commit")
    click.echo(f"baseline: {_shown(first)}")
    base = from_record(records.read(known.record(first, spec, CALIBRATION)))

    def moved(name: str) -> bool | None:
        return _moved(known, commits[name], base, metric, run)

    if moved(last.name) is not True:
        raise UserError(f"{metric} of {spec} has not moved between {good} and {bad}")
    found = search(list(commits), moved)
    if found.first == found.last:
        return f"{metric} of {spec} moved with {_shown(commits[found.last])}"
    ends = " and ".join(_shown(commits[name]) for name in found)
    return f"{metric} of {spec} moved between {ends}: what lies between cannot be run"


def _shown(commit: "Commit") -> str:
    return f"{commit.name[:10]} {commit.date} {commit.subject}"


def _known(path: Path, metric: str) -> None:
    """Refuse a metric that the spec of today does not have, before anything is trained.

    Raises:
        UserError: It names those that it has.
    """
    from ae.gate.baseline import TIER
    from ae.gate.pairs import END
    from ae.spec.read import read_spec

    there = [m.name for m in read_spec(path).measure if TIER in m.tiers]
    if metric not in there and not metric.startswith(END):
        raise UserError(
            f"{path.stem}: no metric {metric!r} in tier {TIER}; there are {', '.join(there)}, and "
            f"the ends of curves, '{END} STAGE/TERM'"
        )


def _moved(
    known: "Revisions", one: "Commit", base: "Baseline", metric: str, run: str | None
) -> bool | None:
    """Whether it moved there; None, and why, where that cannot be said."""
    from ae.gate.regress import Trial, regress
    from ae.gate.show import values
    from ae.records import record as records

    try:
        path = known.record(one, base.spec, DEFAULT)
        outcome = regress([Trial(records.read(path), base, path)])
    except (OutsideError, UserError) as error:
        click.echo(f"passed over: {_shown(one)}: {error}", err=True)
        return None
    rows = _rows(outcome.rows, metric, run)
    if not rows:
        click.echo(f"passed over: {_shown(one)}: has no {metric}", err=True)
        return None
    told = [row for row in rows if row.word in ("worse", "better")]
    word = "moved" if told else "as before"
    shown = "; ".join(f"{row.run} {values(row)}" for row in told or rows)
    click.echo(f"{word}: {_shown(one)}: {shown}")
    return bool(told)


def _rows(rows: "list[Row]", metric: str, run: str | None) -> "list[Row]":
    chosen = [r for r in rows if r.what == metric and r.movement is not None]
    return [r for r in chosen if run in (None, r.run)]
