"""`ae review`: a person looks at the figures."""

import click

from ae.cli.options import with_library
from ae.errors import UserError
from ae.library import Library


@click.command()
@click.argument("spec")
@click.option(
    "--tier",
    type=click.Choice(["paper", "quick", "smoke"]),
    help="Which of its records; else the paper's if it has such figures, then the quick one.",
)
@click.option("--published", is_flag=True, help="Look at reports/published instead of results/.")
@click.option("--list", "only_list", is_flag=True, help="Show what was said; ask nothing.")
@click.option("--open", "open_figures", is_flag=True, help="Open every figure in a viewer, too.")
@click.option("--accept", multiple=True, metavar="FIGURE", help="Accept it without being asked.")
@click.option("--reject", multiple=True, metavar="FIGURE", help="Reject it; needs a --note.")
@click.option("--reviewer", default="", help="With --accept and --reject: who says so.")
@click.option("--note", default="", help="With --accept and --reject: what was seen, one line.")
@with_library(results=True)
def review(
    spec: str,
    tier: str | None,
    published: bool,
    only_list: bool,
    open_figures: bool,
    accept: tuple[str, ...],
    reject: tuple[str, ...],
    reviewer: str,
    note: str,
    library: Library,
) -> None:
    """Look at the figures that answer a paper's own, and accept or reject them.

    Shows for each the paper's figure, ours, what to look for and what was measured of the same
    runs; writes reports/reviews/SPEC.toml. A review lapses when the data of its figure change.
    """
    from ae.cli.review_dialog import Walk, find_record
    from ae.records.reviews import Verdict

    name = library.spec(spec).stem
    record, path, others = find_record(library, name, tier, published)
    walk = Walk(record, path, library.review(name, new=True), others)
    if twice := set(accept) & set(reject):
        raise UserError(f"--accept and --reject: found {min(twice)!r} in both")
    if only_list:
        walk.show_all()
    elif accept or reject:
        said: dict[str, Verdict] = {
            **{name: "accept" for name in accept},
            **{name: "reject" for name in reject},
        }
        walk.sign(said, reviewer=reviewer, note=note)
    else:
        walk.ask_all(open_figures)
