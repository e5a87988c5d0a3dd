"""What the null run finds: claims that hold although every stage of descent ended after one step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ae.records.record import Record
from ae.running.selection import needs
from ae.running.state import Request
from ae.spec import Cell, Claim, Spec, TierName, metrics_of, runs_of
from ae.spec.read import read_spec
from ae.spec.tiers import cells
from ae.spec.untrained import descends
from ae.verdict import Verdict, judge
from ae.verdict.result import GOOD

Standing = Literal[
    "tests training", "survives", "explained", "idle", "not measured", "closed form", "control"
]


@dataclass(frozen=True)
class NullVerdict:
    """A claim that the null run judged, and what that says of the claim.

    `tests training`: an untrained model does not meet it. `survives`: it does, and the spec does not
    say why. `explained`: the spec says why in `untrained`. `idle`: the spec says so, but the null run
    contradicts it. `not measured`: of one step there is not what it is about, such as a part of a curve.
    `closed form`: none of its runs takes a stage of descent, so that the null run is an
    ordinary one of it. `control`: it tests the measurement, which may well hold.
    """

    spec: str
    verdict: Verdict
    standing: Standing

    @property
    def fault(self) -> bool:
        """Whether the spec has to be mended."""
        return self.standing in ("survives", "idle")


def null_requests(requests: Sequence[Request]) -> list[Request]:
    """The null runs of these papers, of what its claims need alone; a paper that has none has none."""
    found = []
    for request in requests:
        tier = request.settings.tier
        if claims := put_to_it(read_spec(request.path), tier, request.path.name):
            settings = request.settings.with_(untrained=True, draw=False, claims=claims)
            found.append(replace(request, settings=settings))
    return found


def put_to_it(spec: Spec, tier: TierName, where: str) -> tuple[str, ...]:
    """The claims that the null run is about: of this tier, no control, and of some run that descends.

    Raises:
        UserError: An override of the tier does not fit.
    """
    by_run = {cell.name: cell for cell in cells(spec, tier, where=where)}
    return tuple(
        claim.id
        for claim in spec.claim
        if tier in claim.tiers and not claim.control and _trains(claim, spec, by_run)
    )


def null_verdicts(record: Record) -> list[NullVerdict]:
    """Every claim that was judged in a null run, in the spec's order.

    By what was found of the claim itself: that a control of an untrained model fails does not excuse it.
    """
    spec = record.meaning
    by_run = {cell.name: cell for cell in cells(spec, record.tier, where=record.name)}
    return [
        NullVerdict(record.name, verdict, _standing(verdict, record, by_run))
        for verdict in judge(record)
        if verdict.tested
    ]


def _standing(verdict: Verdict, record: Record, by_run: Mapping[str, Cell]) -> Standing:
    claim, met = verdict.claim, verdict.finding.word in GOOD
    if claim.control:
        return "control"
    if not _trains(claim, record.meaning, by_run):
        return "closed form"
    own = [run for run in record.runs if run.name in runs_of(claim)]
    if any(run.unmeasured.get(metric) for run in own for metric in metrics_of(claim)):
        return "not measured"
    if claim.untrained is not None:
        return "idle" if verdict.finding.word == "SHORT" else "explained"
    return "survives" if met else "tests training"


def _trains(claim: Claim, spec: Spec, by_run: Mapping[str, Cell]) -> bool:
    """Whether a run that the claim is judged by takes a stage of descent."""
    return any(descends(by_run[run]) for run in needs(spec, claim) if run in by_run)
