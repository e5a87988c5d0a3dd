"""`ae list`: the papers and what was tested of them; of a paper its runs, claims and targets."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from ae.cli.report import readable, suite_of
from ae.disk import visible
from ae.errors import UserError
from ae.library import Library
from ae.records.folders import listed
from ae.spec.seeds import shown as seeds_shown
from ae.spec.tiers import cells
from ae.verdict.present import target, whose

if TYPE_CHECKING:
    from ae.records.record import Record
    from ae.spec import Claim, Spec


def lines_of(name: str, spec: "Spec") -> Iterator[str]:
    """What a spec says, a line a run and a line a claim."""
    paper = spec.paper
    yield f"{click.style(name, bold=True)}  {paper.authors} ({paper.year})"
    yield f"  {paper.title}; {paper.venue}; {paper.url}"
    for tier in spec.tier:
        runs = cells(spec, tier, where=name)
        yield f"  {tier} tier, {len(runs)} runs: " + ", ".join(
            f"{cell.name} (seeds {seeds_shown(cell.train.seeds)})" for cell in runs
        )
    for claim in spec.claim:
        yield f"  {_claim(claim, spec)}"
        yield f"    {claim.statement}"


def _claim(claim: "Claim", spec: "Spec") -> str:
    measure = next(m for m in spec.measure if m.name == claim.metric)
    kind = "control" if claim.control else whose(claim)
    first = ", primary" if claim.primary else ", no evidence" if claim.untrained else ""
    tiers = ", ".join(claim.tiers)
    return f"{claim.id}: {claim.kind}, {target(claim, measure)} ({kind}{first}; {tiers})"


def overview(library: Library) -> Iterator[str]:
    """Every paper with what its records say, and at the end a line a kind of evidence."""
    from ae.records import prices
    from ae.verdict import judge
    from ae.verdict.evidence import Judged, lines, sentence, standings

    specs, records = suite_of(library), _newest(library)
    judged = []
    for name, spec in specs.items():
        yield f"{click.style(name, bold=True)}  {spec.paper.authors} ({spec.paper.year})"
        yield f"  {spec.paper.title}"
        yield f"  {len(spec.run)} runs, {len(spec.claim)} claims, data {spec.data.name}"
        for record in records.get(name, ()):
            try:
                verdicts = judge(record)
            except UserError as error:
                click.echo(f"ae: left out: {error}", err=True)
                continue
            old = record.outdated(spec)
            judged.append(Judged(name, record.tier, verdicts, outdated=old))
            said = "; outdated: the spec has changed since" if old else ""
            when = f"recorded {record.started}, digest {record.digest[:12]}"
            yield f"  {record.tier}: {when}{said}"
            yield f"    {sentence(verdicts)}"
    yield ""
    costs = prices.read_all(library.all_results(), "paper").costs(specs)
    for line in lines(standings(judged, specs, costs)):
        yield line.sentence


def tables(
    names: Sequence[str], library: Library, *, strongest: bool, published: bool
) -> Iterator[str]:
    """A table in Markdown of the papers that are named, or of all.

    Of the published values that were tested, or of each paper's strongest result.
    """
    from ae.report import strongest as shown
    from ae.report import tested

    chosen = {library.spec(name).stem for name in names}
    folders = library.published if published else library.all_results()
    found = [r for place in folders for r, _ in readable(visible(place, "*/*/record.json"))]
    records = [r for r in found if r.name in chosen or not chosen]
    if not strongest:
        yield from tested.markdown(tested.tested_values(records))
        return
    specs = {n: spec for n, spec in suite_of(library).items() if n in chosen or not chosen}
    yield from shown.markdown(shown.strongest(records, specs))


def _newest(library: Library) -> "dict[str, list[Record]]":
    """The records by paper: of results before the published ones of the same tier."""
    found: dict[str, dict[str, Record]] = {}
    for place in (*library.all_results(), *library.published):
        for record, _ in readable(listed(place)):
            found.setdefault(record.name, {}).setdefault(record.tier, record)
    return {name: list(tiers.values()) for name, tiers in found.items()}
