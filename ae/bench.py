"""What `ae run` does with specs: run each, show its verdicts, copy the records to MLflow."""

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.table import Table

from ae import record as records
from ae.compare import Comparison, compare
from ae.environment import use_threads
from ae.errors import MissingData, UserError
from ae.execute import Execution, Executor, Interrupted, choose_device, fit_here
from ae.progress import Work
from ae.read import find_spec, find_specs
from ae.record import Record
from ae.track import TrackingError, sync
from ae.verdict import Verdict, headline, judge

T = TypeVar("T")
STYLES = {
    "REPRODUCED": "green",
    "BETTER": "cyan",
    "SHORT": "red",
    "INCONCLUSIVE": "yellow",
    "UNTESTED": "dim",
}


@dataclass
class Bench:
    """A session of `ae run`.

    Args:
        root: The project's folder.
        tier: `auto` or a tier's name.
        device: `auto`, `cpu` or `cuda`.
        seeds: Instead of the specs', if any.
        fresh: Forget what was trained before.
        stop: Asked after every step whether to stop.
        executor: What trains the stacks; elsewhere than here, device and threads are its choice.
    """

    root: Path
    tier: str
    device: str
    seeds: tuple[int, ...] | None
    fresh: bool
    stop: Callable[[], bool]
    executor: Executor = fit_here

    def __post_init__(self) -> None:
        if self.executor is fit_here:
            self.device = choose_device(self.device)
            use_threads()
        if self.tier == "auto":
            self.tier = "paper" if self.device == "cuda" else "quick"

    def find(self, names: Sequence[str]) -> list[Path]:
        """The specs of these names, all if there are none; each checked before any is run."""
        from ae.check import check_spec

        folder = self.root / "benchmarks"
        paths = [find_spec(n, folder) for n in names] if names else find_specs(folder)
        for path in paths:
            check_spec(path, self.root)
        return paths

    def execution(self, path: Path, results: str = "results") -> Execution:
        """One spec, ready to run."""
        return Execution(
            path=path,
            tier=self.tier,
            root=self.root,
            results=self.root / results,
            device=self.device,
            seeds=self.seeds,
            fresh=self.fresh,
            stop=self.stop,
            executor=self.executor,
        )

    def show_plan(self, paths: Sequence[Path]) -> None:
        """Print what would train together, in how many steps, memory and time.

        Raises:
            MissingData: As `each`.
        """
        self.each(paths, self._show_plan)

    def _show_plan(self, path: Path) -> None:
        from ae.estimate import outlook, peak

        execution = self.execution(path)
        stacks = execution.plan()
        rate = peak(execution.here)
        click.echo(f"{path.stem}, tier {self.tier}, {execution.here}")
        total = 0.0
        for stack in stacks:
            data = execution.source(stack)
            size = (len(data.x), data.features)
            ahead = outlook(stack, *size, rate, row=data.row, fresh=data.fresh is not None)
            total += ahead.seconds
            click.echo(
                f"  {ahead.stack}: {ahead.seeds} seeds, {ahead.members} members, "
                f"{ahead.steps} steps, {ahead.bytes / 2**20:.0f} MiB, "
                f"about {_about(ahead.seconds)}"
            )
        click.echo(
            f"  training in all: about {_about(total)}, good to a factor of two, "
            f"at {rate / 1e9:.0f} GFLOP/s in matrix products"
        )

    def run_all(self, paths: Sequence[Path]) -> list[tuple[Path, Record, list[Verdict]]]:
        """Run specs and show their verdicts.

        Raises:
            MissingData: As `each`.
        """
        return self.each(paths, lambda path: (path, *self.run(path)))

    def each(self, paths: Sequence[Path], do: Callable[[Path], T]) -> list[T]:
        """What `do` gives for each spec; one whose data are not at hand is named and left out.

        Raises:
            Interrupted: It was asked to stop; what is done is kept.
            MissingData: The data of none are.
        """
        done: list[T] = []
        for path in paths:
            if self.stop():
                raise Interrupted(f"{path.stem}: not begun")
            try:
                done.append(do(path))
            except MissingData as error:
                click.echo(
                    f"ae: {path.stem}: left out, its data are not at hand: {error}", err=True
                )
        if paths and not done:
            raise MissingData("nothing was done: the data of no spec are at hand")
        return done

    def run(self, path: Path) -> tuple[Record, list[Verdict]]:
        """Run a spec and show its verdicts."""
        record = self._carry_out(self.execution(path))
        verdicts = judge(record)
        show_verdicts(record, verdicts)
        return record, verdicts

    def record(self, path: Path) -> Record:
        """Run a spec, judge nothing."""
        return self._carry_out(self.execution(path))

    def verify(self, path: Path, given: Path) -> Comparison:
        """Run a spec in a folder of its own, and compare with a given record.

        Raises:
            UserError: The given record cannot be read.
        """
        there = records.read(given)
        execution = self.execution(path, "results/verify")
        here = self._carry_out(execution)
        found = compare(there, given.parent, here, execution.folder)
        shutil.rmtree(execution.folder)
        return found

    def _carry_out(self, execution: Execution) -> Record:
        try:
            with Work(execution.name) as work:
                for event in execution.run():
                    work.show(event.phase, event.detail, event.done, event.total, event.share)
        except Interrupted as stopped:
            kept = str(stopped) or "checkpoint written"
            raise Interrupted(f"{execution.name}: {kept}") from None
        return records.read(execution.record_path)

    def copy_to_mlflow(self) -> None:
        """Send what MLflow lacks; if it is away, say so once and go on."""
        try:
            sync(self.root, verdicts_for_tracking)
        except (TrackingError, UserError) as error:  # the records are safe; the copy can wait
            click.echo(f"ae: warning: {error}", err=True)


def _about(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def verdicts_for_tracking(record: Record) -> list[tuple[str, str, str]]:
    """Claim, word, note: what MLflow is told of each verdict."""
    verdicts = judge(record)
    found = [(v.claim, v.word, v.note) for v in verdicts]
    return [*found, ("headline", *headline(verdicts))]


def show_verdicts(record: Record, verdicts: Sequence[Verdict]) -> None:
    """Print the claims of a record that its tier tests."""
    seeds = sorted({len(r.seeds) for r in record.runs})
    title = f"{record.name}, {record.tier} tier, {'/'.join(map(str, seeds))} seeds"
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("claim", "published", "ours", "verdict"):
        table.add_column(name, overflow="fold")
    untested = 0
    for verdict in verdicts:
        if verdict.word == "UNTESTED":
            untested += 1
            continue
        word = f"[{STYLES[verdict.word]}]{verdict.word}[/]"
        table.add_row(verdict.claim, verdict.published, verdict.ours, word)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    if untested:
        console.print(f"{untested} more claims are not tested in this tier.")
