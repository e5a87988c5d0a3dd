"""What the commands of `ae` share: where things are, lists of seeds, how they are stopped."""

import os
import re
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any

import click

from ae.cli import interrupts
from ae.cli.interrupts import INTERRUPTED, TERMINATED
from ae.disk import check_writable
from ae.errors import OutsideError, UserError
from ae.library import Library


def with_library(*, results: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command `library`, and the options that say where it is.

    Args:
        results: Whether the command reads or writes results.
    """

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def called(*, include: tuple[Path, ...], results: Path | None = None, **given: Any) -> Any:
            return command(library=library_of(include, results), **given)

        return INCLUDE(RESULTS(called) if results else called)

    return decorated


def library_of(include: Sequence[Path], results: Path | None = None) -> Library:
    """The library of `--include`, `AE_INCLUDE` and `--results`; its modules can be imported."""
    told = [Path(p) for p in os.environ.get("AE_INCLUDE", "").split(os.pathsep) if p]
    for name, folders in (("--include", include), ("AE_INCLUDE", told)):
        for folder in folders:
            if not folder.is_dir():
                raise UserError(f"{name}: found no folder {str(folder)!r}")
    library = Library.here(results, [*include, *told])
    library.importable()
    return library


def check_names(library: Library, names: Sequence[str]) -> None:
    """Refuse the name of no spec, before anything heavy is loaded."""
    for name in names:
        library.spec(name)


def seeds_option(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
    """`0-4,7` -> (0, 1, 2, 3, 4, 7)."""
    from ae.spec.seeds import seeds_of

    if text is None:
        return None
    try:
        return seeds_of(text)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


def jobs_option(context: click.Context, parameter: click.Parameter, text: str) -> int | None:
    """`auto` -> None, `4` -> 4."""
    if text == "auto":
        return None
    if not re.fullmatch("[0-9]{1,4}", text):
        raise click.BadParameter(f"found {text!r}; expected auto or a number")
    return int(text)


INCLUDE = click.option(
    "--include",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder whose benchmarks/, datasets/, results/ and modules stand beside those that come "
    "with ae; may be given several times, as may AE_INCLUDE=DIR:DIR.",
)

RESULTS = click.option(
    "--results",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where results are kept; ./results by default, in a checkout the checkout's.",
)


class Output(click.Path):
    """A file that is written at the end: what cannot be written is refused at the beginning."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, tried out."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        try:
            check_writable(path)
        except OutsideError as error:
            self.fail(str(error), param, ctx)
        return path


JOBS = click.option(
    "--jobs",
    metavar="auto|N",
    default="auto",
    show_default=True,
    callback=jobs_option,
    help="Processes that share the work, a thread each; auto is one a core (OMP_NUM_THREADS, if "
    "set, says how many cores), fewer if memory is short, 1 with CUDA; 0 is this process alone.",
)


DEVICE = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to train.",
)


class Stop:
    """True once SIGINT or SIGTERM came; a second one ends the process at once."""

    def __init__(self) -> None:
        self.code = 0
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._hear)

    def __call__(self) -> bool:
        """Whether one came."""
        return self.code != 0

    @property
    def said(self) -> str:
        """How the last line of a run that was stopped begins."""
        return "terminated (SIGTERM): " if self.code == TERMINATED else ""

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self.code:
            interrupts.end(self.code)
        self.code = TERMINATED if number == signal.SIGTERM else INTERRUPTED
        if self.code == INTERRUPTED:  # written past Python's buffers, which may be in use just now
            with suppress(OSError):  # nobody reads it
                os.write(2, b"\nae: stopping after this step; once more to stop at once\n")
