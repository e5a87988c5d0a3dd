"""What `ae run` does with specs: run each, show its verdicts, copy the records to MLflow."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from ae import record as records
from ae.compare import Comparison, compare
from ae.environment import use_threads
from ae.errors import MissingData, UserError
from ae.execute import Execution, Executor, Interrupted, choose_device, fit_here
from ae.gate.baseline import Usage
from ae.gate.usage import Meter
from ae.jobs import how_many
from ae.manifest import find_manifest
from ae.progress import Work
from ae.read import find_spec, find_specs
from ae.record import Record
from ae.together import Session, Then, left_out
from ae.track import TrackingError, sync
from ae.verdict import Verdict, headline, judge
from ae.verdict.show import show_verdicts
from ae.worker import Job

T = TypeVar("T")


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
        jobs: Specs at once, each in a process of its own; by default as many as `how_many` says.
        draw: Whether to draw figures.
    """

    root: Path
    tier: str
    device: str
    seeds: tuple[int, ...] | None
    fresh: bool
    stop: Callable[[], bool]
    executor: Executor = fit_here
    jobs: int | None = None
    draw: bool = True

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
            draw=self.draw,
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
        for name, origin in execution.origins().items():
            click.echo(f"  data set {name!r}: {origin}")
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
        """Run specs and show the verdicts of each when it is done.

        Raises:
            MissingData: As `each`.
        """

        def show(path: Path, record: Record, _: Usage | None) -> tuple[Path, Record, list[Verdict]]:
            verdicts = _judged(record)
            for name, note in {data.name: data.note for data in record.data}.items():
                manifest = find_manifest(name, self.root / "datasets")
                if origin := manifest.origin(original=note != manifest.note):
                    click.echo(f"data set {name!r}: {origin}")
            return path, record, verdicts

        return self.work(paths, show)

    def work(self, paths: Sequence[Path], then: Then[T], *, metered: bool = False) -> list[T]:
        """Run specs, several at once if it is meant; do `then` with each that is done.

        Args:
            paths: The specs.
            then: Called in this process with a spec's path, its record and what the run used.
            metered: Whether to measure that; else `then` is given None.

        Raises:
            Interrupted: It was asked to stop; what is done is kept.
            MissingData: As `each`.
        """
        most = min(len(paths), self.jobs or self._fitting(len(paths)))
        if most < 2:
            return self.each(paths, lambda path: then(path, *self.run(path, metered=metered)))
        return Session([self._job(p, metered) for p in paths], then, self.stop).run(self.root, most)

    def _fitting(self, specs: int) -> int:
        here = self.executor is fit_here and self.device == "cpu"
        return how_many(specs) if here else 1

    def _job(self, path: Path, metered: bool) -> Job:
        return Job(
            path=path,
            tier=self.tier,
            root=self.root,
            results=self.root / "results",
            device=self.device,
            seeds=self.seeds,
            fresh=self.fresh,
            draw=self.draw,
            metered=metered,
        )

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
                left_out(path.stem, error)
        if paths and not done:
            raise MissingData("nothing was done: the data of no spec are at hand")
        return done

    def run(self, path: Path, *, metered: bool = False) -> tuple[Record, Usage | None]:
        """Run a spec in this process; its record, and what that took if `metered`."""
        meter = Meter() if metered else None
        record = self._carry_out(self.execution(path))
        return record, meter.read() if meter else None

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


def _judged(record: Record) -> list[Verdict]:
    verdicts = judge(record)
    show_verdicts(record, verdicts)
    return verdicts


def verdicts_for_tracking(record: Record) -> list[tuple[str, str, str]]:
    """Claim, word, note: what MLflow is told of each verdict."""
    verdicts = judge(record)
    found = [(v.claim, v.word, v.note) for v in verdicts]
    return [*found, ("headline", *headline(verdicts))]
