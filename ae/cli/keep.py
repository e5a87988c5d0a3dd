"""`ae keep`: results into the folder that is committed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ae.cli.options import with_library
from ae.errors import UserError
from ae.library import Library, near

if TYPE_CHECKING:
    from ae.spec import TierName


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC ...]")
@click.option("--tier", type=click.Choice(["paper", "quick"]), help="This tier alone.")
@click.option(
    "--into",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Instead of reports/published.",
)
@click.option(
    "--replace", is_flag=True, help="Also where the record there has more seeds or figures."
)
@click.option(
    "--words", is_flag=True, help="Only give the records there the words of today's specs."
)
@with_library(results=True)
def keep(
    specs: Sequence[str],
    tier: "TierName | None",
    into: Path | None,
    replace: bool,
    words: bool,
    library: Library,
) -> None:
    """Copy records, with figures and members without weights, to reports/published, to be committed.

    Of the papers that are named, or of all that have a record in results/. Weights and checkpoints
    stay. A session elsewhere goes on from there with `ae import reports/published`.

    With --words nothing is copied: a record there whose spec of today differs in sources, statements,
    deviations, omissions or captions alone gets these; what was found stays as it is.
    """
    names = [library.spec(name).stem for name in specs]
    if words:
        _reword(names, tier, into or library.home / "reports" / "published", library)
        return
    from ae.records.folders import RECORD, listed
    from ae.running.keeping import keep as kept

    of_tier = f"the {tier} tier" if tier else "the paper or the quick tier"
    target = into or library.home / "reports" / "published"
    found = [
        path.parent
        for path in listed(library.results)
        if path.parent.parent.name in (names or {path.parent.parent.name})
        and path.parent.name in ({tier} if tier else {"paper", "quick"})
    ]
    if lacking := sorted(set(names) - {folder.parent.name for folder in found}):
        raise UserError(f"{near(library.results)}: found no {RECORD} of {', '.join(lacking)}")
    if not found:
        raise UserError(f"{near(library.results)}: nothing to keep: found no {RECORD} of {of_tier}")
    refused = []
    for folder in found:
        out = target / folder.parent.name / folder.name
        try:
            record = kept(folder, out, replace=replace)
        except UserError as error:
            refused.append(str(error))
            continue
        members = sum(len(run.members) for run in record.runs)
        click.echo(f"{record.name}, {record.tier} tier: {members} members kept in {near(out)}")
    if refused:
        raise UserError("\n".join(refused))


def _reword(names: Sequence[str], tier: "TierName | None", folder: Path, library: Library) -> None:
    """Give the records of a folder the words of today's specs, where they mean the same."""
    from ae.records.folders import listed
    from ae.records.record import read, write
    from ae.records.rewording import reworded
    from ae.spec.read import read_spec

    others = []
    for path in listed(folder):
        record = read(path)
        if record.name not in (names or {record.name}) or tier not in (None, record.tier):
            continue
        own = library.spec(record.name)
        spec = read_spec(own)
        if not record.outdated(spec):
            continue
        now = reworded(record, spec, own.read_text(encoding="utf-8"))
        if now is None:
            others.append(f"{record.name}, {record.tier} tier")
        else:
            write(now, path)
            click.echo(f"{record.name}, {record.tier} tier: has the words of today's spec")
    if others:
        raise UserError(
            f"{near(folder)}: of another meaning than today's specs, to be run again: {'; '.join(others)}"
        )
