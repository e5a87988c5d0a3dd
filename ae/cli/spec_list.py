"""`ae list`: the papers and what was tested of them; of a paper its runs, claims and targets."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from ae.cli.report import readable, sources_of, suite_of
from ae.disk import visible
from ae.errors import UserError
from ae.library import Library, near
from ae.records.folders import RECORD, is_trial, listed
from ae.spec.seeds import shown as seeds_shown
from ae.spec.tiers import cells
from ae.verdict.present import target, whose

if TYPE_CHECKING:
    from ae.records.record import Record
    from ae.spec import Claim, Spec
    from ae.verdict.evidence import Judged


def lines_of(
    name: str, spec: "Spec", library: Library, *, published: bool = False
) -> Iterator[str]:
    """What a spec says, a line a run and two a claim, and a third where its records say something.

    Of each claim the verdict of the highest tier that tests it: of results before the published
    record of the same tier, or `published` alone.
    """
    paper = spec.paper
    yield f"{click.style(name, bold=True)}  {paper.authors} ({paper.year})"
    yield f"  {paper.title}; {paper.venue}; {paper.url}"
    for tier in spec.tier:
        runs = cells(spec, tier, where=name)
        yield f"  {tier} tier, {_many(runs, 'run')}: " + ", ".join(
            f"{cell.name} (seeds {seeds_shown(cell.train.seeds)})" for cell in runs
        )
    known = _verdicts(name, spec, library, published=published)
    for claim in spec.claim:
        yield f"  {_claim(claim, spec)}"
        yield f"    {claim.statement}"
        if known:
            yield f"    {known.get(claim.id, 'not tested')}"


def _many(things: Sequence[object], name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _claim(claim: "Claim", spec: "Spec") -> str:
    measure = next(m for m in spec.measure if m.name == claim.metric)
    kind = "control" if claim.control else whose(claim)
    first = ", primary" if claim.primary else ", no evidence" if claim.untrained else ""
    tiers = ", ".join(claim.tiers)
    return f"{claim.id}: {claim.kind}, {target(claim, measure)} ({kind}{first}; {tiers})"


def _verdicts(name: str, spec: "Spec", library: Library, *, published: bool) -> dict[str, str]:
    """Claim -> its verdict in a line: the word, our side, the tier, whether published, outdated."""
    from ae.report.words import word
    from ae.verdict.evidence import standings

    own = [] if published else library.all_results()
    places = {place: False for place in own} | {p: True for p in library.published}
    judged: list[Judged] = []
    kept: set[str] = set()
    for place, told in places.items():
        folder = visible(place, f"{name}/*/{RECORD}")
        for record, _ in readable([path for path in folder if not is_trial(path.parent)]):
            if record.tier in {one.tier for one in judged}:
                continue
            judged += _judged(name, record, spec)
            if told:
                kept.add(record.tier)
    found = {}
    for one in standings(judged, {name: spec}):
        if (verdict := one.verdict) is None:
            continue
        control, free = verdict.claim.control, verdict.claim.untrained is not None
        shown = word(verdict.word, control=control, untrained=free).word
        why = f" ({verdict.reason})" if verdict.reason else ""
        origin = ", published" if verdict.tier in kept else ""
        old = "; outdated: the spec has changed since" if one.outdated else ""
        found[one.claim.id] = f"{shown}{why}: {verdict.ours}; {verdict.tier} tier{origin}{old}"
    return found


def _judged(name: str, record: "Record", spec: "Spec") -> "list[Judged]":
    """A record with its verdicts; nothing, and a line, where it cannot be judged."""
    from ae.verdict import judge
    from ae.verdict.evidence import Judged

    try:
        verdicts = judge(record)
    except UserError as error:
        click.echo(f"ae: left out: {error}", err=True)
        return []
    return [Judged(name, record.tier, verdicts, outdated=record.outdated(spec))]


def overview(library: Library) -> Iterator[str]:
    """Every paper with what its records say, and at the end a line a kind of evidence."""
    from ae.records import prices
    from ae.verdict.evidence import lines, sentence, standings

    specs, records = suite_of(library), _newest(library)
    judged = []
    for name, spec in specs.items():
        yield f"{click.style(name, bold=True)}  {spec.paper.authors} ({spec.paper.year})"
        yield f"  {spec.paper.title}"
        yield f"  {_many(spec.run, 'run')}, {_many(spec.claim, 'claim')}, data {spec.data.name}"
        for record in records.get(name, ()):
            for one in _judged(name, record, spec):
                judged.append(one)
                said = "; outdated: the spec has changed since" if one.outdated else ""
                when = f"recorded {record.started}, digest {record.digest[:12]}"
                yield f"  {record.tier}: {when}{said}"
                yield f"    {sentence(one.verdicts)}"
    yield ""
    costs = prices.read_all(library.all_results(), "paper").costs(specs)
    for line in lines(standings(judged, specs, costs)):
        yield line.sentence


def tables(
    names: Sequence[str], library: Library, *, strongest: bool, published: bool
) -> Iterator[str]:
    """A table in Markdown of the papers that are named, or of all.

    Of the published values that were tested, or of each paper's strongest result. Where nothing was,
    a line to people says where to find some.

    Raises:
        UserError: The published records are wanted, and there are none.
    """
    from ae.report import strongest as shown
    from ae.report import tested

    chosen = {library.spec(name).stem for name in names}
    folders = sources_of(library, published=published)
    found = [r for place in folders for r, _ in readable(visible(place, f"*/*/{RECORD}"))]
    records = [r for r in found if r.name in chosen or not chosen]
    values = tested.tested_values(records)
    if strongest:
        specs = {n: spec for n, spec in suite_of(library).items() if n in chosen or not chosen}
        yield from shown.markdown(shown.strongest(records, specs))
    else:
        yield from tested.markdown(values)
    if not (records if strongest else values):
        what = "nothing was run" if strongest else "no published value was tested"
        others = any(visible(place, f"*/*/{RECORD}") for place in library.published)
        hint = "; --published shows what comes with the project" if others and not published else ""
        click.echo(f"ae: {', '.join(near(place) for place in folders)}: {what}{hint}", err=True)


def _newest(library: Library) -> "dict[str, list[Record]]":
    """The records by paper: of results before the published ones of the same tier."""
    found: dict[str, dict[str, Record]] = {}
    for place in (*library.all_results(), *library.published):
        for record, _ in readable(listed(place)):
            found.setdefault(record.name, {}).setdefault(record.tier, record)
    return {name: list(tiers.values()) for name, tiers in found.items()}
