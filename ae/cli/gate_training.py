"""What the gate judges: the quick tier, trained now with a few seeds; new measurements of speed."""

import sys
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ae.cli.options import Stop
from ae.errors import OutsideError, UserError
from ae.library import Library

if TYPE_CHECKING:
    from ae.gate.regress import Row
    from ae.machine.usage import Usage
    from ae.records.record import Record
    from ae.running.happening import LeftOut


def more_seeds(seeds: tuple[int, ...], taken: Container[int]) -> tuple[int, ...]:
    """These seeds and the next ones after them that no baseline has."""
    from ae.gate.weak import MORE

    free = (s for s in count(max(seeds) + 1) if s not in taken)
    return (*seeds, *islice(free, MORE))


def rates_of(library: Library, path: Path) -> "list[Row]":
    """A new measurement of speed beside the stored one of the same processor, or the first."""
    from ae.gate.regress import Row
    from ae.gate.speed import stored
    from ae.records.speed import read

    new = read(path)
    places = library.speeds
    old = [(read(place), place) for place in places if place.resolve() != path.resolve()]
    if not old:
        raise UserError(
            "--perf: no stored measurement to compare with: they are in a checkout of the project, "
            "under reports/published/perf"
        )
    same = [pair for pair in old if pair[0].machine.processor == new.machine.processor]
    speed, place = (same or old)[0]
    file = str(library.shown(place))
    return [
        Row("cost", "speed", workload, r.what, "", r.word, r.note, file, rate=r)
        for workload, r in stored(new, speed)
    ]


def made_now(
    library: Library,
    names: Sequence[str],
    seeds: tuple[int, ...],
    device: str,
    jobs: int | None,
    left: "dict[str, LeftOut]",
    *,
    folder: str = "gate",
) -> "Iterator[tuple[Path, Record, Usage | None]]":
    """Train the quick tier of specs with these seeds, without figures; each when it is done.

    `folder` of the results holds them.

    Those of which nothing comes are put into `left`.

    Raises:
        OutsideError: Nothing came of any.
    """
    from ae.cli.plan import find_requests
    from ae.cli.session import Session
    from ae.errors import Interrupted
    from ae.machine.threads import set_policy

    stop = Stop()
    set_policy()
    from ae.running.devices import choose_device
    from ae.running.settings import Settings
    from ae.running.suite import Suite

    settings = Settings(
        library=library.with_results(library.results / folder),
        tier="quick",
        device=choose_device(device),
        seeds=seeds,
        exact=True,
        draw=False,
    )
    session = Session(settings.library, pdf=False, track=False)
    some = False
    try:
        for one in session.records_of(Suite(find_requests(names, settings), stop, jobs=jobs)):
            some = True
            yield one
    except Interrupted as stopped:
        click.echo(f"ae: {stop.said}{stopped}; run again to go on", err=True)
        sys.exit(stop.code)
    except OutsideError:  # it has been said which, and why
        if not some:
            raise
    left |= session.left


def alone(
    library: Library, wanted: Mapping[str, tuple[int, ...]], device: str, jobs: int | None
) -> "dict[str, Record]":
    """The records of specs with these few seeds, trained by themselves, aside from all others."""
    found: dict[str, Record] = {}
    for seeds in dict.fromkeys(wanted.values()):
        names = [name for name, own in wanted.items() if own == seeds]
        with suppress(OutsideError):  # it has been said, and the others have their verdicts
            for path, record, _ in made_now(
                library, names, seeds, device, jobs, {}, folder="gate-same"
            ):
                found[path.stem] = record
    return found
