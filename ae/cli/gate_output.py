"""The gate's outcome to wherever it is wanted: a table, annotations, a summary, JUnit XML, JSON."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ae.disk import write_atomically
from ae.errors import OutsideError

if TYPE_CHECKING:
    from ae.gate.regress import Outcome


def tell(
    outcome: "Outcome",
    *,
    everything: bool,
    github: bool | None,
    junit_file: Path | None,
    json_file: Path | None,
) -> None:
    """Say it everywhere; what fails takes neither the others along nor changes the exit code."""
    from ae.gate.junit import junit
    from ae.gate.show import as_json

    outputs: list[tuple[str, Callable[[], None]]] = [
        ("the table", lambda: _show(outcome, everything=everything))
    ]
    if os.environ.get("GITHUB_ACTIONS") == "true" if github is None else github:
        outputs += _github(outcome)
    if junit_file is not None:
        outputs.append((str(junit_file), lambda: write_atomically(junit_file, junit(outcome))))
    if json_file is not None:
        outputs.append(
            (str(json_file), lambda: write_atomically(json_file, as_json(outcome).encode()))
        )
    for name, write in outputs:
        try:
            write()
            sys.stdout.flush()  # in this order, where two of them are one
        except (OSError, OutsideError) as error:
            click.echo(f"ae: warning: {name} is not written: {error}", err=True)


def said_suspects(names: Sequence[str], seeds: Sequence[int]) -> str:
    """That some specs get more seeds, and which."""
    one = len(names) == 1
    which = "its" if one else "their"
    what = f"metrics moved more than seeds often do; {'it gets' if one else 'they get'}"
    listed = ", ".join(names)
    return f"{listed}: {which} {what} seeds {seeds[0]}-{seeds[-1]}"


def _show(outcome: "Outcome", *, everything: bool) -> None:
    from rich.console import Console

    from ae.gate.show import show

    show(outcome, Console(width=None if sys.stdout.isatty() else 160), everything=everything)


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _github(outcome: "Outcome") -> "Iterator[tuple[str, Callable[[], None]]]":
    """Annotations, and the step's summary where GitHub names its file."""
    from ae.gate.github import annotations
    from ae.gate.show import markdown

    yield "the annotations", lambda: _echo(annotations(outcome))
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):

        def add() -> None:
            with open(summary, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(markdown(outcome))

        yield f"the step summary {summary}", add
