"""A claim with what was found, and the paper's headline over its claims."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ae.spec import Claim, Measure, TierName
from ae.verdict.finding import Finding, Reason
from ae.verdict.permutation import holm
from ae.verdict.present import target
from ae.verdict.result import GOOD, Word, significant


@dataclass(frozen=True)
class Verdict:
    """One claim, judged.

    Attributes:
        claim: the claim.
        measure: its metric.
        finding: what the data say.
        tier: the tier of the record.
        failed: the controls that it depends on and that came out SHORT, or could not be judged
            because a rival diverged: they make it INVALID.
        absent: the controls that it depends on and that were not run.
    """

    claim: Claim
    measure: Measure
    finding: Finding
    tier: TierName
    failed: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The claim's id."""
        return self.claim.id

    @property
    def word(self) -> Word:
        """The verdict."""
        return "INVALID" if self.failed and self.tested else self.finding.word

    @property
    def reason(self) -> Reason | None:
        """Why it is SHORT or INVALID."""
        return "control failed" if self.failed and self.tested else self.finding.reason

    @property
    def tested(self) -> bool:
        """Whether the data were put to the test."""
        return self.finding.word != "UNTESTED"

    @property
    def decided(self) -> bool:
        """Whether its next look, if it has one, is not needed."""
        return self.finding.decided

    @property
    def note(self) -> str:
        """One plain sentence that says why, or what is missing."""
        if self.failed and self.tested:
            return f"not valid: {_controls(self.failed)} failed"
        if self.absent and self.tested:
            return f"{self.finding.note}; {_controls(self.absent)} not run"
        return self.finding.note

    @property
    def target(self) -> str:
        """What it is judged against, as its source prints it."""
        return target(self.claim, self.measure)

    @property
    def ours(self) -> str:
        """Our side, in a line."""
        return self.finding.ours


def _controls(names: Sequence[str]) -> str:
    return f"control{'' if len(names) == 1 else 's'} {', '.join(names)}"


def headline(verdicts: Iterable[Verdict]) -> tuple[Word, str]:
    """The paper's word over its primary claims, and why.

    INVALID where a control failed that a primary claim depends on, tested or not. SHORT counts after
    Holm over the primaries that were tested. A primary claim that was not tested, or that a rival
    made INVALID, keeps the headline from being REPRODUCED.
    """
    primary = [v for v in verdicts if v.claim.primary]
    if not primary:
        return "UNTESTED", "no claim is primary"
    if failed := list(dict.fromkeys(name for v in primary for name in v.failed)):
        return "INVALID", f"not valid: {_controls(failed)} failed"
    tested = [v for v in primary if v.tested]
    if not tested:
        return "UNTESTED", f"none of the {len(primary)} primary claims was tested"
    p = np.array([v.finding.p_short if v.word == "SHORT" else 1.0 for v in tested])
    short = [v.id for v, bad in zip(tested, significant(holm(p)), strict=True) if bad]
    if short:
        return (
            "SHORT",
            f"{len(short)} of {len(tested)} primary claims fall short: {', '.join(short)}",
        )
    good = sum(v.word in GOOD for v in tested)
    if good == len(primary):
        return "REPRODUCED", f"all {good} primary claims reproduced"
    return "INCONCLUSIVE", "; ".join(_undecided(primary, tested, good))


def _undecided(primary: Sequence[Verdict], tested: Sequence[Verdict], good: int) -> list[str]:
    first = f"{good} of {len(primary)} primary claims reproduced"
    if len(tested) < len(primary):
        first += f", {len(primary) - len(tested)} not tested"
    named = {
        "short before Holm": [v.id for v in tested if v.word == "SHORT"],
        "smaller than the margin": [v.id for v in tested if v.word == "SMALLER"],
        "not valid": [v.id for v in tested if v.word == "INVALID"],
    }
    return [first, *(f"{words}: {', '.join(ids)}" for words, ids in named.items() if ids)]
