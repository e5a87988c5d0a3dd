"""What a claim rests on: the kinds of evidence, which are never added up."""

from typing import Literal

from ae.spec.claim import Claim, FigureClaim, ValueClaim

Evidence = Literal["published", "stated", "recalled", "calculated", "untrained", "control"]
KINDS: tuple[Evidence, ...] = (
    "published",
    "stated",
    "recalled",
    "calculated",
    "untrained",
    "control",
)
PUBLISHED = ("printed", "quoted", "digitised", "read")
"""How a number was read that somebody published; `read` is of records of before the other three."""


def evidence_of(claim: Claim) -> Evidence:
    """The kind of evidence of a claim.

    `control`: a test of the measurement, whatever it rests on. `untrained`: met by a model that was
    not trained, so that it is evidence of nothing. `recalled`: from memory.
    `calculated`: this suite's own. `published`: a number that somebody published, read in print or
    off a figure. `stated`: an ordering, a trend, an equality or a property that a source states.
    """
    if claim.control:
        return "control"
    if claim.untrained is not None:
        return "untrained"
    if claim.status == "recalled":
        return "recalled"
    if claim.status == "calculated":
        return "calculated"
    return "published" if isinstance(claim, ValueClaim | FigureClaim) else "stated"
