"""Our number beside a published one where it tests nothing: a reduced protocol."""

from ae.records.record import Record
from ae.spec import FigureClaim, ValueClaim
from ae.verdict.bounds import interval_of
from ae.verdict.numbers import Interval
from ae.verdict.verdict import Verdict


def reduced(record: Record, verdict: Verdict) -> Interval | None:
    """The mean of a reduced tier's seeds with its 90 % interval, for the eye alone.

    None where the claim is no number, was tested, is of the paper's own tier, or was not measured.
    """
    claim = verdict.claim
    if record.tier == "paper" or verdict.tested or not isinstance(claim, ValueClaim | FigureClaim):
        return None
    run = record.run(claim.run)
    return interval_of(list(run.finite(claim.metric).values())) if run else None
