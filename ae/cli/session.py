"""A session of `ae run` as a person sees it: bars, news, verdicts, and a report that grows."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ae.cli.plan import why_left_out
from ae.cli.progress import Board
from ae.cli.report import render_report
from ae.errors import OutsideError, UserError
from ae.library import Library

if TYPE_CHECKING:
    from ae.machine.usage import Usage
    from ae.records.record import Record
    from ae.running.happening import Happening, LeftOut, Recorded
    from ae.running.jobs import PlannedPaper
    from ae.running.suite import Suite
    from ae.verdict import Verdict

RENDER_SECONDS = 60.0  # between two renderings of a report while work goes on


class Session:
    """Shows what happens, and writes the report as soon as there is something to report.

    Args:
        library: Where specs, templates and records are.
        pdf: Whether the report at the end has a PDF.
        track: Whether records are copied to MLflow at the end.
        only: Report the records of this session alone.
    """

    def __init__(self, library: Library, *, pdf: bool, track: bool, only: bool = False) -> None:
        self.library = library
        self.pdf, self.track, self.only = pdf, track, only
        self.verdicts: list[Verdict] = []
        self.paths: list[Path] = []
        self.left: dict[str, LeftOut] = {}
        self.fault: UserError | OutsideError | None = None  # why the last report is not there
        self._rendered: float | None = None
        self._several = False  # papers, so that a page to read need not wait for the last
        self._origins: set[str] = set()

    def watch(
        self, suite: "Suite", planned: "Callable[[str, PlannedPaper], None] | None" = None
    ) -> None:
        """Show a suite's work until it ends; `planned` is told of every plan.

        Raises:
            Interrupted: As `Suite.run`, and its other errors.
        """
        from ae.running.happening import Planned

        self._several = len(suite.papers) > 1
        with Board() as board:
            for happened in suite.run():
                if planned is not None and isinstance(happened, Planned):
                    planned(happened.name, happened.plan)
                self._show(board, happened)

    def records_of(self, suite: "Suite") -> "Iterator[tuple[Path, Record, Usage | None]]":
        """Show a suite's work without verdicts; each spec's path, its record, what that took."""
        from ae.records import record as records
        from ae.running.happening import Recorded

        with Board() as board:
            for happened in suite.run():
                if isinstance(happened, Recorded):
                    with board.without(happened.path.stem):
                        yield happened.path, records.read(happened.record), happened.usage
                else:
                    self._show(board, happened)

    def _show(self, board: Board, happened: "Happening") -> None:
        from ae.running import happening

        match happened:
            case happening.Progress(name, event, done, total):
                if event.news:
                    with board.pause():
                        for line in event.news:
                            click.echo(f"ae: {name}: {line}", err=True)
                board.show(name, event.phase, event.detail, done, total, event.share)
            case happening.LeftOut():
                with board.without(happened.name):
                    self._say_left_out(happened)
            case happening.Recorded():
                with board.without(happened.path.stem):
                    self._recorded(happened)

    def _say_left_out(self, left: "LeftOut") -> None:
        why = why_left_out(left, self.left.values())
        self.left[left.name] = left
        click.echo(f"ae: {left.name}: left out, {why}", err=True)

    def _recorded(self, recorded: "Recorded") -> None:
        from ae.records import record as records

        record = records.read(recorded.record)
        self.paths.append(recorded.record)
        self.verdicts += self._judged(record)
        for name, origin in recorded.plan.origins.items():
            if name not in self._origins:
                self._origins.add(name)
                click.echo(f"data set {name!r}: {origin}")
        now = time.monotonic()
        if self._several and (self._rendered is None or now - self._rendered > RENDER_SECONDS):
            self._render(pdf=False, quiet=self._rendered is not None)
            self._rendered = time.monotonic()
            if self.fault is not None:
                click.echo(f"ae: no report yet: {self.fault}", err=True)

    def _judged(self, record: "Record") -> "list[Verdict]":
        from ae.cli.verdict_table import show_verdicts
        from ae.verdict import judge

        verdicts = judge(record)
        show_verdicts(record, verdicts)
        return verdicts

    def _render(self, *, pdf: bool, quiet: bool = False) -> None:
        only = [path.parent for path in self.paths] if self.only else []
        self.fault = None
        try:
            sources = self.library.all_results()
            render_report(self.library, sources, pdf=pdf, only=only, quiet=quiet)
        except (UserError, OutsideError) as error:  # training goes on without it
            self.fault = error

    def conclude(self, *, stopped: bool = False) -> None:
        """Copy to MLflow, then write the report as it is from now on; see `fault`."""
        if not self.paths:
            return
        if self.track and not stopped:
            copy_to_mlflow(self.library.results)
        self._render(pdf=self.pdf and not stopped)


def copy_to_mlflow(results: Path) -> None:
    """Send what MLflow lacks; if it is away, say so once and go on."""
    from ae.tracking import TrackingError, sync

    try:
        sync(results, verdicts_for_tracking)
    except (TrackingError, UserError) as error:  # the records are safe; the copy can wait
        click.echo(f"ae: warning: {error}", err=True)


def verdicts_for_tracking(record: "Record") -> list[tuple[str, str, str]]:
    """Claim, word, note: what MLflow is told of each verdict."""
    from ae.verdict import headline, judge

    verdicts = judge(record)
    found: list[tuple[str, str, str]] = [(v.id, v.word, v.note) for v in verdicts]
    return [*found, ("headline", *headline(verdicts))]
