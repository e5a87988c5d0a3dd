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
@click.option("--replace", is_flag=True, help="Also where the record there has more seeds.")
@with_library(results=True)
def keep(
    specs: Sequence[str],
    tier: "TierName | None",
    into: Path | None,
    replace: bool,
    library: Library,
) -> None:
    """Copy records, with figures and members without weights, to reports/published, to be committed.

    Of the papers that are named, or of all that have a record in results/. Weights and checkpoints
    stay. A session elsewhere goes on from there with `ae import reports/published`.
    """
    names = [library.spec(name).stem for name in specs]
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
