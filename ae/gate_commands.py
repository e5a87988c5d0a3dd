"""`ae calibrate` and `ae regress`: the commands of the gate."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ae.errors import UserError
from ae.terminal import JOBS, Stop, project_root, seeds_option

if TYPE_CHECKING:
    from ae.bench import Bench
    from ae.gate.regress import Outcome, Row

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
def calibrate(
    specs: Sequence[str],
    seeds: tuple[int, ...] | None,
    sources: Sequence[Path],
    jobs: int | None,
    device: str,
) -> None:
    """Make the baselines that `ae regress` compares with (all, or those named).

    Trains the quick tier with ten calibration seeds, which are no other run's, and writes
    reports/baseline/SPEC.json: all values by seed, digests of protocol and data, machine, versions,
    time. Commit them. To be done again when a spec's protocol changes, or a change is meant.
    """
    from ae.gate import session

    root = project_root()
    paths = session.specs(root, specs)
    if sources:
        found = session.given(sources, [path.stem for path in paths])
        chosen = {n: session.calibration(r, seeds) for n, r in found.items()}
        lacking = [path.stem for path in paths if not chosen.get(path.stem)]
        if lacking and specs:
            raise UserError(f"no record of ten seeds or more of {', '.join(lacking)}")
        kept = [session.keep(root, records) for records in chosen.values() if records]
    else:
        with _Session(root, seeds or CALIBRATION, device, jobs) as bench:
            kept = session.calibrate(bench, bench.find(specs))
    for place in kept:
        click.echo(f"baseline: {os.path.relpath(place)}")


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC ...]")
@click.option("--records", type=FOLDER, help="Train nothing: take SPEC/quick*/record.json of it.")
@click.option(
    "--seeds", callback=seeds_option, help="Few, none of the baseline's; 200-202 by default."
)
@click.option("--all", "everything", is_flag=True, help="Show what is unchanged too.")
@click.option("--strict", is_flag=True, help="Exit with 1 if a spec has no baseline.")
@click.option("--perf", type=FILE, help="A new measurement of `tox -e perf`, to compare as well.")
@click.option("--github/--no-github", default=None, help="Annotations and step summary [auto].")
@click.option("--junit", "junit_file", type=FILE, help="Write JUnit XML.")
@click.option("--json", "json_file", type=FILE, help="Write everything as JSON.")
@JOBS
@DEVICE
def regress(
    specs: Sequence[str],
    records: Path | None,
    seeds: tuple[int, ...] | None,
    everything: bool,
    strict: bool,
    perf: Path | None,
    github: bool | None,
    junit_file: Path | None,
    json_file: Path | None,
    jobs: int | None,
    device: str,
) -> None:
    """Say whether a change moved a number: the quick tier against its committed baselines.

    Every metric of every run is worse, better, unchanged or undecided. Over all of them together
    the probability of calling anything worse that did not change is at most 5 %. A gain that
    seeds cannot explain counts as worse: something else is measured. Speed and memory are ratios
    with generous limits, and fail nothing on another machine.

    Exit codes: 0 nothing is worse; 1 something is; 2 bad input, such as a baseline of another
    protocol; 3 something outside failed (data, disk, a crash); 130 and 143 interrupted.
    """
    from ae.gate import session
    from ae.gate.regress import regress as judge

    root = project_root()
    baselines, lacking = session.with_baseline(root, session.specs(root, specs))
    if not baselines:
        raise UserError(f"no baseline for {', '.join(lacking)}; `ae calibrate` makes them")
    if records is not None:
        trials, missing = session.taken(root, baselines, records, seeds)
        if missing:
            click.echo(f"ae: {records}: no record to compare of {', '.join(missing)}", err=True)
    else:
        with _Session(root, seeds or DEFAULT, device, jobs) as bench:
            bench.find([path.stem for path in baselines])
            trials = session.trials(bench, baselines)
    outcome = judge(trials, _rates(root, perf) if perf else ())
    if lacking:
        names = ", ".join(lacking)
        outcome.notes.append(f"no baseline for {names}; `ae calibrate SPEC` makes one")
    _say(outcome, everything=everything, github=github)
    _write(outcome, junit_file, json_file)
    if outcome.red or (strict and lacking):
        sys.exit(1)


def _rates(root: Path, path: Path) -> "list[Row]":
    """A new measurement of speed beside the stored one of the same processor, or the first."""
    from ae.gate.regress import Row
    from ae.gate.speed import stored
    from ae.report.speed import read

    new = read(path)
    places = sorted((root / "reports" / "published" / "perf").glob("*.json"))
    old = [(read(place), place) for place in places if place.resolve() != path.resolve()]
    if not old:
        raise UserError(f"{root / 'reports/published/perf'}: no stored measurement to compare with")
    same = [pair for pair in old if pair[0].machine.processor == new.machine.processor]
    speed, place = (same or old)[0]
    file = str(place.relative_to(root))
    return [
        Row("cost", "speed", workload, r.what, "", r.word, r.note, file, rate=r)
        for workload, r in stored(new, speed)
    ]


def _say(outcome: "Outcome", *, everything: bool, github: bool | None) -> None:
    from rich.console import Console

    from ae.gate.github import annotations
    from ae.gate.show import markdown, show

    show(outcome, Console(width=None if sys.stdout.isatty() else 160), everything=everything)
    if github is None:
        github = os.environ.get("GITHUB_ACTIONS") == "true"
    if github:
        for line in annotations(outcome):
            click.echo(line)
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(markdown(outcome))


def _write(outcome: "Outcome", junit_file: Path | None, json_file: Path | None) -> None:
    from ae.gate.junit import junit
    from ae.gate.show import as_json
    from ae.record import write_atomically

    if junit_file is not None:
        write_atomically(junit_file, junit(outcome))
    if json_file is not None:
        write_atomically(json_file, as_json(outcome).encode())


class _Session:
    """A bench for the quick tier, without figures; where it is stopped, one line and its code."""

    def __init__(self, root: Path, seeds: tuple[int, ...], device: str, jobs: int | None) -> None:
        self.root, self.seeds, self.device, self.jobs = root, seeds, device, jobs
        self.stop = Stop()

    def __enter__(self) -> "Bench":
        from ae.environment import set_policy

        set_policy()
        from ae.bench import Bench

        return Bench(
            root=self.root,
            tier="quick",
            device=self.device,
            seeds=self.seeds,
            fresh=False,
            stop=self.stop,
            jobs=self.jobs,
            draw=False,
        )

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            return
        from ae.execute import Interrupted

        if issubclass(kind, Interrupted):
            click.echo(f"ae: {self.stop.said}{error}; run again to go on", err=True)
            sys.exit(self.stop.code)
