"""A record as its page shows it: every number already words, every plot already drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from xml.etree.ElementTree import Element

from markupsafe import Markup

from ae.errors import UserError
from ae.records.record import Record
from ae.records.reviews import Review
from ae.report import abstract, sections
from ae.report.claims import ClaimView, claim_views
from ae.report.origin import commands, data_line, origin
from ae.report.protocol import Protocol
from ae.report.provenance import tables_that_differ
from ae.report.result_table import MetricView, metric_view
from ae.report.reviews import review_view
from ae.report.text import web
from ae.report.words import TIER_NOTES, Word, word
from ae.spec import Paper, Spec, formula
from ae.verdict import Verdict, headline, judge
from ae.verdict.evidence import TIERS, sentence


@dataclass(frozen=True)
class Page:
    """Everything that a page says of one record."""

    record: Record
    spec: Spec
    folder: Path
    claims: list[ClaimView]
    verdict: Word
    note: str
    verdicts: tuple[Verdict, ...]
    reviews: tuple[Review, ...] = ()
    today: Spec | None = None
    tiers: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        record: Record,
        path: Path,
        reviews: Sequence[Review] = (),
        *,
        today: Spec | None = None,
        tiers: Sequence[str] = (),
    ) -> "Page":
        """Judge a record and prepare its page.

        Args:
            record: The record.
            path: Its file.
            reviews: What persons said of its figures.
            today: The spec as it is now, where that is known.
            tiers: The other tiers of the spec that have a page.
        """
        spec, found = record.meaning, judge(record)
        name, note = headline(found)
        return cls(
            record=record,
            spec=spec,
            folder=path.parent,
            claims=claim_views(record, spec, found),
            verdict=word(name),
            note=note,
            verdicts=tuple(found),
            reviews=tuple(reviews),
            today=today,
            tiers=tuple(tiers),
        )

    @property
    def key(self) -> str:
        """The name of the page's file and the start of its anchors."""
        return f"{self.record.name}-{self.record.tier}"

    @property
    def order(self) -> tuple[int, str, int]:
        """Where the page stands among others: by year, by name, the paper's tier first."""
        return self.spec.paper.year, self.record.name, TIERS.index(self.record.tier)

    @property
    def paper(self) -> Paper:
        """Who claims it."""
        return self.spec.paper

    @property
    def link(self) -> str | None:
        """The paper's address, if it is one that a browser opens without running anything."""
        return web(self.paper.url)

    @property
    def formula(self) -> Element | None:
        """The objective as MathML, for a browser."""
        return self._typeset(formula.mathml)

    @property
    def printed_formula(self) -> Element | None:
        """The objective as an outline, for print."""
        return self._typeset(partial(formula.outline, name=f"{self.key}-formula"))

    def _typeset(self, typesetter: Callable[[str], Element]) -> Element | None:
        if self.paper.formula is None:
            return None
        try:
            return typesetter(self.paper.formula)
        except formula.Unset as error:
            raise UserError(
                f"record of {self.record.name}, tier {self.record.tier}: [paper]: formula: {error}"
            ) from None

    @property
    def tier_note(self) -> str:
        """What a tier below the paper's protocol can say."""
        return TIER_NOTES.get(self.record.tier, "")

    @property
    def sentence(self) -> str:
        """What was tested here and how it came out."""
        return sentence(self.verdicts)

    @property
    def outdated(self) -> bool:
        """Whether the spec has changed since."""
        return self.today is not None and self.record.outdated(self.today)

    @property
    def changed(self) -> str:
        """The tables of the spec that mean something else now."""
        return "" if self.today is None else ", ".join(tables_that_differ(self.spec, self.today))

    @property
    def failed(self) -> list[ClaimView]:
        """The controls that failed, or could not be judged."""
        return [c for c in self.controls if c.verdict.style in ("short", "invalid")]

    @property
    def blocked(self) -> int:
        """How many claims are not valid because a control failed."""
        return sum(v.tested and bool(v.failed) for v in self.verdicts)

    @property
    def date(self) -> str:
        """The day of the run."""
        return self.record.started[:10]

    @property
    def controls(self) -> list[ClaimView]:
        """Tests of the measurement, tested in this tier."""
        return [c for c in self.tested if c.control]

    @property
    def tested(self) -> list[ClaimView]:
        """Claims on which this tier has a word."""
        return [c for c in self.claims if c.verdict.word != "UNTESTED"]

    @property
    def papers_claims(self) -> list[ClaimView]:
        """The paper's own claims, tested in this tier."""
        return [c for c in self.tested if not c.control]

    @property
    def untested(self) -> list[ClaimView]:
        """Claims that this tier cannot test."""
        return [c for c in self.claims if c.verdict.word == "UNTESTED"]

    @property
    def untested_by_reason(self) -> list[tuple[str, list[ClaimView]]]:
        """The same by the reason."""
        return abstract.by_reason(self.untested)

    @property
    def data_line(self) -> str:
        """The data in a few words."""
        return data_line(self.record)

    @cached_property
    def protocol(self) -> Protocol:
        """Where the protocol of this run differs from the paper's."""
        return Protocol.of(self.record, self.spec)

    @property
    def commands(self) -> list[str]:
        """What to type to get these very numbers again."""
        return commands(self.record, self.folder)

    @cached_property
    def metrics(self) -> list[MetricView]:
        """Every metric of every run, in the order of the spec."""
        found = [
            (m, [r for r in self.record.runs if m.name in r.metrics]) for m in self.spec.measure
        ]
        return [metric_view(f"{self.key}-{m.name}", m, runs) for m, runs in found if runs]

    @cached_property
    def figures(self) -> list[sections.FigureView]:
        """Every figure of the record; refuses one whose picture is not there."""
        meant = {f.name: f.runs for f in self.spec.figure}
        there = {r.name: r for r in self.record.runs}
        return [
            sections.figure_view(
                f,
                self.folder,
                [there[r] for r in meant.get(f.name, ()) if r in there],
                review_view(self.record, self.spec, f, self.reviews),
            )
            for f in self.record.figures
        ]

    @property
    def contents(self) -> list[tuple[str, str]]:
        """What the page has: the end of each section's anchor, and its title."""
        return abstract.contents(self)

    @property
    def scope(self) -> str:
        """What was tested, on which data, and how it was trained."""
        return f"{abstract.scope(self)} {abstract.protocol(self)}"

    @property
    def interactive(self) -> bool:
        """Whether a reader of the page can do something with a figure or the curves."""
        return bool(self.stages) or any(f.interaction or f.review for f in self.figures)

    @property
    def reviewed(self) -> tuple[int, int]:
        """How many figures a person has looked at as they are, and how many he should."""
        found = [figure.review for figure in self.figures if figure.review]
        return sum(review.reviewed for review in found), len(found)

    @cached_property
    def stages(self) -> list[sections.Stage]:
        """The training curves, stage by stage, all runs of a stage together."""
        return sections.stages(self.key, self.record.runs)

    @property
    def runs(self) -> list[sections.RunView]:
        """What each run took."""
        return [sections.run_view(r) for r in self.record.runs]

    @property
    def provenance(self) -> list[tuple[str, str | Markup]]:
        """Where the numbers came from, line by line."""
        return origin(self.record, self.folder)
