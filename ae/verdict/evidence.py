"""What was tested and how it came out: for a paper in a sentence, and by kind of evidence.

Kinds of evidence are never added up. A claim counts once, by the record of the highest tier that
tests it; a published value by one of the paper's own tier alone.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ae.spec import KINDS, Claim, Evidence, Spec, TierName, evidence_of
from ae.verdict.numbers import number
from ae.verdict.result import GOOD, Word
from ae.verdict.verdict import Verdict

TIERS: tuple[TierName, ...] = ("paper", "quick", "smoke")
TITLES: dict[Evidence, str] = {
    "published": "Published values",
    "stated": "Claims that a source states",
    "recalled": "Recalled claims, read in no source",
    "calculated": "Identities calculated by us",
    "untrained": "No evidence, for an untrained model meets them",
    "control": "Controls of the measurement",
}
SAID: dict[Word, str] = {
    "REPRODUCED": "reproduced",
    "BETTER": "better",
    "SMALLER": "smaller than what counts",
    "SHORT": "short",
    "INCONCLUSIVE": "inconclusive",
    "INVALID": "not valid",
}
OF_KINDS: dict[Evidence, dict[Word, str]] = {  # what nobody published is not reproduced
    "control": {**SAID, "REPRODUCED": "passed", "BETTER": "passed", "SHORT": "failed"},
    "calculated": {**SAID, "REPRODUCED": "met"},
    "untrained": {**SAID, "REPRODUCED": "met"},
}
OF_PAPERS: dict[Word, str] = {  # besides those that hold and those that do not
    "SMALLER": "smaller than what counts",
    "INCONCLUSIVE": "open",
    "INVALID": "not valid",
}


def counted(verdicts: Sequence[Verdict], names: Mapping[Word, str] = SAID) -> list[str]:
    """How the tested ones came out, in words: `9 reproduced`, `5 short (3 reversed, 2 too low)`."""
    found: dict[str, list[Verdict]] = {}
    for word, name in names.items():
        found.setdefault(name, []).extend(v for v in verdicts if v.word == word)
    return [f"{len(own)} {name}{_reasons(own)}" for name, own in found.items() if own]


def _reasons(verdicts: Sequence[Verdict]) -> str:
    reasons = Counter(v.reason for v in verdicts if v.word == "SHORT" and v.reason)
    if len(reasons) == 1:
        return f" ({next(iter(reasons))})"
    return f" ({', '.join(f'{n} {why}' for why, n in reasons.most_common())})" if reasons else ""


def sentence(verdicts: Sequence[Verdict]) -> str:
    """What a record says of its paper: `15 of 29 claims tested: 9 hold, 5 do not, 1 open; ...`."""
    own = [v for v in verdicts if not v.claim.control and not v.claim.untrained]
    tested = [v for v in own if v.tested]
    parts = [_share(tested, own, "claim")]
    if tested:
        parts[0] += f": {_holding(tested)}"
    values = [v for v in own if evidence_of(v.claim) == "published"]
    if values:
        parts.append(_share([v for v in values if v.tested], values, "published value"))
    free = [v for v in verdicts if v.claim.untrained and v.tested]
    if free:
        parts.append(f"{len(free)} more that an untrained model meets")
    controls = [v for v in verdicts if v.claim.control and v.tested]
    if controls:
        passed = sum(v.word in GOOD for v in controls)
        plural = "" if len(controls) == 1 else "s"
        parts.append(f"{passed} of {len(controls)} control{plural} passed")
    return "; ".join(parts) + "."


def _holding(tested: Sequence[Verdict]) -> str:
    """How they came out; those that hold come first, and it is said if none does."""
    holding = [v for v in tested if v.word in GOOD]
    short = [v for v in tested if v.word == "SHORT"]
    parts = [f"{len(holding) or 'none'} hold{'' if len(holding) > 1 else 's'}"]
    if short:
        parts.append(f"{len(short)} do{'' if len(short) > 1 else 'es'} not{_reasons(short)}")
    return ", ".join([*parts, *counted(tested, OF_PAPERS)])


def _share(part: Sequence[Verdict], whole: Sequence[Verdict], what: str) -> str:
    return f"{len(part)} of {len(whole)} {what}{'' if len(whole) == 1 else 's'} tested"


@dataclass(frozen=True)
class Standing:
    """A claim of the suite and the word on it.

    Attributes:
        paper: The spec's name.
        claim: The claim, of today's spec where that is known.
        kind: Its kind of evidence.
        verdict: The verdict of the highest tier that tests it; None where none does.
        outdated: Whether that is of a spec of before a change.
        seconds: What its training would cost on one core, where a plan says so.
    """

    paper: str
    claim: Claim
    kind: Evidence
    verdict: Verdict | None
    outdated: bool
    seconds: float | None = None


@dataclass(frozen=True)
class Judged:
    """A record's verdicts; `outdated` if its spec has changed since."""

    paper: str
    tier: TierName
    verdicts: Sequence[Verdict]
    outdated: bool = False


Costs = Mapping[tuple[str, str], float]
"""Paper and claim -> seconds of one core; what several claims share is in one of them."""


def standings(
    judged: Sequence[Judged], specs: Mapping[str, Spec], costs: Mapping[tuple[str, str], float] = {}
) -> list[Standing]:
    """Every claim of the specs of today and of the records of other papers, each once."""
    found = []
    for paper in dict.fromkeys([*specs, *(one.paper for one in judged)]):
        own = sorted((j for j in judged if j.paper == paper), key=lambda j: TIERS.index(j.tier))
        found += [_standing(paper, c, own, costs) for c in _claims(own, specs.get(paper))]
    return found


def _claims(own: Sequence[Judged], spec: Spec | None) -> Sequence[Claim]:
    if spec is not None:
        return spec.claim
    return list({v.id: v.claim for one in reversed(own) for v in one.verdicts}.values())


def _standing(paper: str, claim: Claim, own: Sequence[Judged], costs: Costs) -> Standing:
    kind = evidence_of(claim)
    places = (
        (verdict, one.outdated)
        for one in own
        if kind != "published" or one.tier == "paper"
        for verdict in one.verdicts
        if verdict.id == claim.id and verdict.tested
    )
    verdict, outdated = next(places, (None, False))
    return Standing(paper, claim, kind, verdict, outdated, costs.get((paper, claim.id)))


@dataclass(frozen=True)
class Line:
    """One kind of evidence over all papers."""

    kind: Evidence
    all: Sequence[Standing]

    @property
    def title(self) -> str:
        """What the kind is called."""
        return TITLES[self.kind]

    @property
    def tested(self) -> list[Verdict]:
        """The verdicts on those that were tested."""
        return [s.verdict for s in self.all if s.verdict is not None]

    @property
    def missing(self) -> list[Standing]:
        """Those that were not."""
        return [s for s in self.all if s.verdict is None]

    @property
    def words(self) -> list[str]:
        """How the tested ones came out."""
        return counted(self.tested, OF_KINDS.get(self.kind, SAID))

    @property
    def rest(self) -> list[str]:
        """How many were not tested, whose the numbers are, of which tier and age the words are."""
        tiers = Counter(v.tier for v in self.tested)
        by_others = sum(s.claim.by is not None for s in self.all)
        old = sum(s.outdated for s in self.all)
        parts = [f"{len(self.missing)} not run{self._cost}"] if self.missing else []
        if self.kind != "published":
            parts += [f"{_of(n, self.tested)} in the {t} tier" for t in TIERS if (n := tiers[t])]
        if by_others and self.kind in ("published", "stated"):
            parts.append(f"{by_others} of the {len(self.all)} are others’, not the papers’ own")
        if old:
            parts.append(f"{_of(old, self.tested)} before the spec changed")
        return parts

    @property
    def _cost(self) -> str:
        """What those that were not run would cost, where that is known."""
        known = [s.seconds for s in self.missing if s.seconds is not None]
        if self.kind != "published" or not known:
            return ""
        of = "" if len(known) == len(self.missing) else f" for {len(known)} of them"
        return f" ({hours(math.fsum(known))} of one core{of})"

    @property
    def sentence(self) -> str:
        """The line: `Published values: 12 of 138 tested: 8 reproduced, ...; 126 not run.`."""
        found = f"{self.title}: {len(self.tested)} of {len(self.all)} tested"
        said = f": {', '.join(self.words)}" if self.words else ""
        return "; ".join([found + said, *self.rest]) + "."


def lines(found: Sequence[Standing]) -> list[Line]:
    """A line for each kind of evidence that there is, always one for published values."""
    made = [Line(kind, [s for s in found if s.kind == kind]) for kind in KINDS]
    return [line for line in made if line.all or line.kind == "published"]


def _of(part: int, whole: Sequence[Verdict]) -> str:
    """How many of the tested ones: `12 of those tested`."""
    return "all tested" if part == len(whole) else f"{part} of those tested"


def hours(seconds: float) -> str:
    """A time of training, to two digits: `about 3.1 hours`, `about 550 days`."""
    for unit, size in (("day", 86400.0), ("hour", 3600.0)):
        if seconds >= (4 if unit == "day" else 1) * size:
            found = seconds / size
            shown = number(round(found, 1 - math.floor(math.log10(found))))
            return f"about {shown} {unit}{'' if shown == '1' else 's'}"
    return f"about {max(1, round(seconds / 60))} min"
