"""`ae calibrate` and `ae regress`: the commands of the gate."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ae.cli.gate_output import said_suspects, tell
from ae.cli.gate_training import alone, made_now, more_seeds, rates_of
from ae.cli.options import JOBS, Output, check_names, seeds_option, with_library
from ae.disk import check_writable
from ae.errors import OutsideError, UserError
from ae.library import Library

if TYPE_CHECKING:
    from ae.gate.regress import Row, Trial
    from ae.running.happening import LeftOut

CALIBRATION = tuple(range(100, 110))
DEFAULT = (200, 201, 202)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
DEVICE = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to train.",
)


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC ...]")
@click.option("--seeds", callback=seeds_option, help="Ten or more, 100-109 by default.")
@click.option(
    "--from",
    "sources",
    type=FOLDER,
    multiple=True,
    help="Train nothing: take SPEC/quick*/record.json of it; of several records the seeds add up.",
)
@JOBS
@DEVICE
@with_library(results=True)
def calibrate(
    specs: Sequence[str],
    seeds: tuple[int, ...] | None,
    sources: Sequence[Path],
    jobs: int | None,
    device: str,
    library: Library,
) -> None:
    """Make the baselines that `ae regress` compares with (all, or those named).

    Trains the quick tier with ten calibration seeds, which are no other run's, then the first two by
    themselves, and writes reports/baseline/SPEC.json: all values by seed, what the training applied,
    digests of protocol and data, machine, versions, time. Commit them. To be done again when a spec's protocol changes, or a change is meant.
    """
    check_names(library, specs)
    from ae.gate import session
    from ae.gate.baseline import enough
    from ae.gate.same import SEEDS

    paths = session.specs(library, specs)
    left: dict[str, LeftOut] = {}
    if sources:
        found = session.given(sources, [path.stem for path in paths])
        chosen = {n: session.calibration(r, seeds) for n, r in found.items()}
        lacking = [path.stem for path in paths if not chosen.get(path.stem)]
        if lacking:
            without = f"no record of ten seeds or more of {', '.join(lacking)}"
            if specs:
                raise UserError(without)
            click.echo(f"ae: {without}; they get no baseline", err=True)
        kept = [session.keep(library, records) for records in chosen.values() if records]
    else:
        enough(seeds or CALIBRATION, "--seeds")
        for path in paths:
            check_writable(library.baseline(path.stem, new=True))
        made = made_now(library, specs, seeds or CALIBRATION, device, jobs, left)
        kept = []
        whole = {}
        for path, record, usage in made:  # each is kept as soon as it is there
            kept.append(session.calibrated(library, record, usage))
            whole[path.stem] = record, usage
        first = {name: tuple(sorted(r.runs[0].seeds)[:SEEDS]) for name, (r, _) in whole.items()}
        for name, again in alone(library, first, device, jobs).items():
            session.calibrated(library, *whole[name], again)
    for place in kept:
        click.echo(f"baseline: {os.path.relpath(place)}")
    if lost := [name for name, one in left.items() if specs or one.kind != "MissingData"]:
        raise OutsideError(f"no baseline was made of {', '.join(lost)}")


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC ...]")
@click.option("--records", type=FOLDER, help="Train nothing: take SPEC/quick*/record.json of it.")
@click.option(
    "--seeds", callback=seeds_option, help="Few, none of the baseline's; 200-202 by default."
)
@click.option("--all", "everything", is_flag=True, help="Show what is unchanged too.")
@click.option("--strict", is_flag=True, help="Exit with 1 if a spec was not compared.")
@click.option(
    "--same/--no-same",
    default=True,
    show_default=True,
    help="On the baseline's machine: train its first seeds, too, and compare to rounding.",
)
@click.option("--perf", type=FILE, help="A new measurement of `tox -e perf`, to compare as well.")
@click.option("--github/--no-github", default=None, help="Annotations and step summary [auto].")
@click.option("--junit", "junit_file", type=Output(), help="Write JUnit XML.")
@click.option("--json", "json_file", type=Output(), help="Write everything as JSON.")
@JOBS
@DEVICE
@with_library(results=True)
def regress(
    specs: Sequence[str],
    records: Path | None,
    seeds: tuple[int, ...] | None,
    everything: bool,
    strict: bool,
    same: bool,
    perf: Path | None,
    github: bool | None,
    junit_file: Path | None,
    json_file: Path | None,
    jobs: int | None,
    device: str,
    library: Library,
) -> None:
    """Say whether a change moved a number: the quick tier against its committed baselines.

    Every metric of every run is worse, better, unchanged or undecided. Over all of them together
    the probability of calling anything worse that did not change is at most 5 %. A spec that
    three seeds leave in doubt gets four more. Before that, what a training applied (steps, examples,
    optimisers' numbers, first weights and noise) is compared with what the baseline's did, and where
    machine and versions are the baseline's its own first seeds must give the same to rounding. A gain that
    seeds cannot explain counts as worse: something else is measured. Speed and memory are ratios
    with generous limits, and fail nothing on another machine.

    A spec that could not be compared, for want of a baseline, a record or its data, is said; it
    fails where it was named, or with --strict. One whose baseline is of another protocol, or is
    damaged, fails always; the others are compared.

    Exit codes: 0 nothing is worse; 1 something is, or a spec was not compared; 2 bad input, such as
    no baseline that can be used; 3 something outside failed (data, disk, a crash); 130 and 143
    interrupted.
    """
    check_names(library, specs)
    from ae.gate import session
    from ae.gate.absence import Absence, exit_code, note_absences
    from ae.gate.baseline import others
    from ae.gate.regress import regress as judge

    baselines, absent = session.with_baseline(library, session.specs(library, specs))
    if records is not None:
        trials, missing = session.taken(library, baselines, records, seeds)
        absent += [Absence(n, "record", f"{records} has no record of it") for n in missing]
    else:
        left: dict[str, LeftOut] = {}
        known = [path.stem for path in baselines]
        for baseline in baselines.values():
            others(baseline, seeds or DEFAULT, f"--seeds, {baseline.spec}")
        made = made_now(library, known, seeds or DEFAULT, device, jobs, left)
        trials = [session.tried(library, r, baselines[path], usage) for path, r, usage in made]
        absent += [
            Absence(n, "data", "its data are not at hand")
            if one.kind == "MissingData"
            else Absence(n, "run", one.why)
            for n, one in left.items()
        ]
    rates = rates_of(library, perf) if perf else ()
    if records is not None:
        outcome = judge(trials, rates)
    else:
        outcome = judge(trials, rates, again=())
        if outcome.suspects:
            taken = {s for b in baselines.values() for s in b.seeds}
            more = more_seeds(seeds or DEFAULT, taken)
            click.echo(f"ae: {said_suspects(outcome.suspects, more)}", err=True)
            again = []
            with suppress(OutsideError):  # it has been said; the first look stands
                for path, record, _ in made_now(library, outcome.suspects, more, device, jobs, {}):
                    again.append(session.tried(library, record, baselines[path], None))
            outcome = judge(trials, rates, again=again)
        if same:
            outcome.rows[:0] = _same(library, trials, device, jobs)
    note_absences(outcome, absent, red=strict or bool(specs))
    tell(outcome, everything=everything, github=github, junit_file=junit_file, json_file=json_file)
    if code := exit_code(outcome):
        sys.exit(code)


def _same(
    library: Library, trials: "Sequence[Trial]", device: str, jobs: int | None
) -> "list[Row]":
    """Whether the baselines' own seeds give what they gave, of those that were made here."""
    from ae.gate.same import elsewhere, own_seeds, repeated

    here = {t.record.name: t for t in trials if elsewhere(t.record, t.baseline) is None}
    wanted = {name: own_seeds(t.baseline) for name, t in here.items()}
    found = alone(library, wanted, device, jobs)
    return [
        row
        for name, record in found.items()
        for row in repeated(record, here[name].baseline, str(here[name].path))
    ]
