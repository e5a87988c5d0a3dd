"""The first lines of a report: what was tested, by kind of evidence, and what was not run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ae.records.prices import Prices
from ae.report.across import Bar
from ae.report.text import count
from ae.report.views import Page
from ae.spec import Spec
from ae.verdict.evidence import Judged, Line, Standing, hours, lines, standings
from ae.verdict.present import target, whose


@dataclass(frozen=True)
class Unrun:
    """A paper of which published values were not run: which, and what that would cost."""

    name: str
    title: str
    page: Page | None
    all: int
    values: tuple[tuple[str, str, str], ...]
    cost: str
    bar: Bar | None = None

    @property
    def command(self) -> str:
        """What would run them."""
        return f"ae run {self.name} --tier paper"


@dataclass(frozen=True)
class Headline:
    """What was tested and what was not.

    Attributes:
        lines: One a kind of evidence, never added up.
        unrun: The papers of which published values were not run, the cheapest first.
        failed: The pages on which a control failed.
        outdated: The pages whose specs have changed since.
    """

    lines: tuple[Line, ...]
    unrun: tuple[Unrun, ...]
    failed: tuple[Page, ...]
    outdated: tuple[Page, ...]

    @property
    def published(self) -> Line:
        """The line of the published values, which is always there."""
        return next(line for line in self.lines if line.kind == "published")


def headline(
    pages: Sequence[Page], specs: Mapping[str, Spec], prices: Prices | None = None
) -> Headline:
    """What `pages` say of the claims of `specs`, the suite of today, and of their own."""
    judged = [Judged(p.record.name, p.record.tier, p.verdicts, outdated=p.outdated) for p in pages]
    made = lines(standings(judged, specs, prices.costs(specs) if prices else {}))
    published = next(line for line in made if line.kind == "published")
    meant = {p.record.name: p.spec for p in pages} | dict(specs)
    shown = {p.record.name: p for p in reversed(pages)}
    by_paper: dict[str, list[Standing]] = {}
    for standing in published.missing:
        by_paper.setdefault(standing.paper, []).append(standing)
    unrun = [
        _unrun(meant[name], shown.get(name), own, sum(s.paper == name for s in published.all))
        for name, own in by_paper.items()
    ]
    order = sorted(zip(unrun, by_paper.values(), strict=True), key=lambda pair: _price(pair[1]))
    return Headline(
        lines=tuple(made),
        unrun=tuple(one for one, _ in order),
        failed=tuple(p for p in pages if p.failed),
        outdated=tuple(p for p in pages if p.outdated),
    )


def _price(own: Sequence[Standing]) -> tuple[bool, float, str]:
    known = [s.seconds for s in own if s.seconds is not None]
    return not known, sum(known), own[0].paper


def _unrun(spec: Spec, page: Page | None, own: Sequence[Standing], there: int) -> Unrun:
    measures = {m.name: m for m in spec.measure}
    known = [s.seconds for s in own if s.seconds is not None]
    of = "" if len(known) == len(own) else f" for {count(len(known))} of them"
    return Unrun(
        name=own[0].paper,
        title=spec.paper.title,
        page=page,
        all=there,
        values=tuple(
            (s.claim.id, target(s.claim, measures[s.claim.metric]), whose(s.claim))
            for s in own
            if s.claim.metric in measures
        ),
        cost=f"{hours(sum(known))}{of}" if known else "no estimate",
        bar=Bar(sum(known)) if known else None,
    )
