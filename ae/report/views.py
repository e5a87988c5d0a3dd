"""A record as its page shows it: every number already words, every plot already drawn."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from markupsafe import Markup

from ae import formula
from ae.errors import UserError
from ae.record import Record
from ae.report import sections
from ae.report.claims import SYMBOLS, ClaimView, Word, claim_views, word
from ae.report.origin import origin
from ae.report.reviews import review_view
from ae.report.text import count
from ae.review import Review
from ae.spec import Deviation, Paper, Spec
from ae.verdict import headline, judge

QUICK_NOTE = "quick tier: tests orderings and exact properties only, never a published number"
SMOKE_NOTE = (
    "smoke tier: a few steps on a few images, to see that everything runs; its numbers mean nothing"
)
TIERS = ("paper", "quick", "smoke")


@dataclass(frozen=True)
class Page:
    """Everything that a page says of one record."""

    record: Record
    spec: Spec
    folder: Path
    claims: list[ClaimView]
    verdict: Word
    note: str
    reviews: tuple[Review, ...] = ()

    @classmethod
    def of(cls, record: Record, path: Path, reviews: Sequence[Review] = ()) -> "Page":
        """Judge a record and prepare its page; `path` is the record's file."""
        spec = record.meaning
        verdicts = judge(record)
        name, note = headline(verdicts)
        views = claim_views(record, spec, verdicts)
        return cls(record, spec, path.parent, views, word(name), note, tuple(reviews))

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
        return {"quick": QUICK_NOTE, "smoke": SMOKE_NOTE}.get(self.record.tier, "")

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
    def tally(self) -> list[tuple[Word, int]]:
        """How many claims got each word, controls among them."""
        words = Counter(c.verdict.word for c in self.claims)
        return [(word(w), words[w]) for w in SYMBOLS if words[w]]

    @property
    def data_line(self) -> str:
        """The data in a few words."""
        parts = [f"{d.name} {d.split} {_part(d.examples, d.available)}" for d in self.record.data]
        return ", ".join(parts)

    @property
    def deviations(self) -> list[Deviation]:
        """Where the protocol of this tier differs from the paper's."""
        return [d for d in self.spec.deviation if self.record.tier in d.tiers]

    @property
    def commands(self) -> list[str]:
        """What to type to get these very numbers again."""
        base = f"ae run {self.record.name} --tier {self.record.tier}"
        chosen = {tuple(run.seeds) for run in self.record.runs}
        if "-seeds-" in self.folder.name and len(chosen) == 1:
            base += f" --seeds {','.join(map(str, *chosen))}"
        again = [base, f"{base} --fresh"]
        if "--seeds" not in base:
            again.append(f"ae verify {self.record.name} --tier {self.record.tier}")
        return again

    @cached_property
    def metrics(self) -> list[sections.MetricView]:
        """Every metric of every run, in the order of the spec."""
        found = [
            (m, [r for r in self.record.runs if m.name in r.metrics]) for m in self.spec.measure
        ]
        return [sections.metric_view(f"{self.key}-{m.name}", m, runs) for m, runs in found if runs]

    @cached_property
    def figures(self) -> list[sections.FigureView]:
        """Every figure of the record; refuses one whose picture is not there."""
        meant = {f.name: f.runs for f in self.spec.figure}
        labels = {r.name: r.label for r in self.record.runs}
        return [
            sections.figure_view(
                f,
                self.folder,
                [labels.get(r, r) for r in meant.get(f.name, ())],
                review_view(self.record, self.spec, f, self.reviews),
            )
            for f in self.record.figures
        ]

    @property
    def contents(self) -> list[tuple[str, str]]:
        """What the page has: the end of each section's anchor, and its title."""
        found: list[tuple[object, str, str]] = [
            (self.controls, "controls", "Controls and exact checks"),
            (self.papers_claims, "claims", "The paper’s claims"),
            (self.untested, "untested", "Not tested in this tier"),
            (self.figures, "figures", "Figures"),
            (True, "results", "Results"),
            (self.stages, "curves", "Training curves"),
            (True, "deviations", "Deviations from the paper"),
            (self.spec.omitted, "omitted", "Not tested"),
            (True, "provenance", "Provenance, and how to run it again"),
        ]
        return [(anchor, title) for there, anchor, title in found if there]

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


def web(url: str) -> str | None:
    """The address if it is http or https, else None."""
    return url if urlsplit(url).scheme in ("http", "https") else None


def _part(used: int, available: int) -> str:
    return count(used) if used == available else f"{count(used)} of {count(available)}"
