"""The words of a report that a newcomer does not know, and where a page explains them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from ae.report.words import SHOWN, SYMBOLS, word


@dataclass(frozen=True)
class Term:
    """A word of the report and what it means; `key` ends the anchor of its explanation."""

    key: str
    name: str
    words: str


TERMS = (
    Term(
        "claim",
        "claim",
        "One sentence of a paper that can be checked: a value that it prints, an ordering of two "
        "models, a trend over several, or that two do not differ.",
    ),
    Term(
        "published",
        "published value",
        "A number that a paper, its code or somebody else printed, or that can be read off a "
        "figure. It is tested in the paper tier alone.",
    ),
    Term(
        "control",
        "control",
        "A check of the measurement, not of the paper: its result is known beforehand. If it "
        "fails, the claims that depend on it are not valid.",
    ),
    Term(
        "tier",
        "tier",
        "How much of the paper’s protocol is run. Paper: all of it, but for the deviations that "
        "are listed. Quick: minutes on a processor, with less data or training; it tests "
        "orderings and exact properties, never a published value. Smoke: a few steps, to see that "
        "everything runs.",
    ),
    Term(
        "run",
        "run",
        "One model with its settings and its training, trained once a seed.",
    ),
    Term(
        "seed",
        "seed",
        "The start of the random numbers of one training. A model is trained once a seed; how "
        "much the results of its seeds differ says how much of a result is chance.",
    ),
    Term(
        "interval",
        "90 % interval",
        "Where the mean over all seeds that could be drawn lies, as far as these seeds tell. "
        "Behind ± stands half its width.",
    ),
    Term(
        "margin",
        "margin",
        "How far off still counts as reached; also called our tolerance. It is fixed before the "
        "run, with its reason. Of an ordering or a trend: how large a difference must be to count.",
    ),
    Term(
        "spread",
        "spread",
        "How much the source’s own runs differ, as far as it says so.",
    ),
    Term(
        "p",
        "p",
        "How often chance alone would give a result at least as clear as ours. 0.05 and below "
        "counts as shown. It is corrected for the number of claims about the same models.",
    ),
    Term(
        "pi",
        "PI",
        "Probability of improvement: how often a seed of the first model is better than a seed of "
        "the second. 1 is always, 0.5 is a draw; 0.75 is needed.",
    ),
    Term(
        "tau",
        "tau",
        "Kendall’s tau: how far the models’ means stand in the order that is claimed. 1 is exactly "
        "that order, 0 none, −1 the opposite.",
    ),
    Term(
        "page",
        "Page p",
        "The p of Page’s test, which asks whether the models of a trend stand in the order that is "
        "claimed.",
    ),
    Term(
        "underpowered",
        "under-powered",
        "The margin is narrow for how much the seeds differ (their sigma): with so few seeds the "
        "claim is likely to stay inconclusive.",
    ),
    Term(
        "primary",
        "primary",
        "A claim that carries the paper. The paper’s own verdict rests on its primary claims.",
    ),
    Term(
        "recalled",
        "recalled",
        "Written down from memory, not read in a source. It decides nothing.",
    ),
    Term(
        "outdated",
        "outdated",
        "The description of the experiment has changed since the run; the run is still shown as it "
        "was.",
    ),
)
VERDICTS = (
    Term(
        "reproduced",
        "REPRODUCED",
        "The whole 90 % interval lies within the margin around the published value. Or an ordering "
        "or a trend is shown (p at most 0.05) and is at least as large as what counts. Or two "
        "models are shown not to differ by more than the margin.",
    ),
    Term(
        "better",
        "BETTER",
        "The whole interval is better than the published value by more than the margin.",
    ),
    Term(
        "smaller",
        "SMALLER",
        "An ordering or a trend is significant (p at most 0.05), but not shown to be as large as "
        "what counts. It is not reproduced.",
    ),
    Term(
        "short",
        "SHORT",
        "Not reached: the whole interval is worse than the published value by more than the "
        "margin (or off by more on either side, where neither more nor less is better); or an "
        "ordering is reversed or a tie; or a training diverged. The reason stands beside it.",
    ),
    Term(
        "inconclusive",
        "INCONCLUSIVE",
        "These seeds cannot decide; also called open. The note says how many would.",
    ),
    Term(
        "invalid",
        "NOT VALID",
        "Nothing can be said: a control failed that the claim depends on, or the training of the "
        "model that it is compared with diverged.",
    ),
    Term("passed", "PASSED", "Of a control: the measurement gave what it must."),
    Term("failed", "FAILED", "Of a control: the measurement did not give what it must."),
    Term(
        "met",
        "MET",
        "What is claimed is so, but of an untrained model too, or by calculation: it is no evidence "
        "and is not counted.",
    ),
    Term(
        "untested",
        "UNTESTED",
        "This run cannot test the claim, or seeds are missing. A quick run never tests a published "
        "value.",
    ),
)
BY_KEY = {term.key: term for term in (*TERMS, *VERDICTS)}
BY_NAME = {term.name: term for term in (*TERMS, *VERDICTS)}
SIGNS = re.compile(r"\b(Page p|PI|p)(?= = )|\b(tau)(?= = )")  # the signs of a claim's details


def link(key: str, words: str | None = None) -> Markup:
    """A term as a link to its explanation, which a style sheet shows beside it meanwhile.

    It needs no script, works by keyboard, and a screen reader reads the explanation.
    """
    term = BY_KEY[key]
    return Markup(
        '<a class="term" href="#term-{0}" aria-describedby="term-{0}" data-tip="{1}">{2}</a>'
    ).format(term.key, term.words, words or term.name)


@dataclass
class Once:
    """Terms are explained where they stand first; every table begins anew."""

    seen: set[str] = field(default_factory=set)

    def first(self, name: str) -> bool:
        """Whether a term stands here first."""
        new = name in BY_NAME and name not in self.seen
        self.seen.add(name)
        return new

    def verdict(self, name: str) -> Markup:
        """A verdict's word."""
        return link(BY_NAME[name].key) if self.first(name) else escape(name)

    def signs(self, words: str) -> Markup:
        """A claim's details, `p = 0.031, PI = 0.96`."""
        made, end = Markup(), 0
        for found in SIGNS.finditer(words):
            name = found[0]
            made += words[end : found.start()]
            made += link(BY_NAME[name].key) if self.first(name) else name
            end = found.end()
        return made + words[end:]


GLOBALS: dict[str, object | Callable[..., object]] = {
    "term": link,
    "once": Once,
    "glossary": TERMS,
    "verdict_terms": VERDICTS,
    "marks": {
        **{SHOWN.get(name, name): word(name) for name in SYMBOLS},
        "PASSED": word("REPRODUCED", control=True),
        "FAILED": word("SHORT", control=True),
        "MET": word("REPRODUCED", untrained=True),
    },
}
"""What every template may use."""
