"""Claims about closed forms: no training decides them, so that they are no evidence of any."""

from collections.abc import Iterator, Mapping, Sequence

from ae.spec import Cell, Claim, ExactClaim, Spec, TierName, runs_of
from ae.spec.untrained import descends
from ae.toml.file import Fault


def closed_forms(spec: Spec, cells: Mapping[TierName, Sequence[Cell]]) -> Iterator[Fault]:
    """What a claim may not say of itself none of whose runs takes a stage of descent.

    Args:
        spec: The spec.
        cells: Its runs in each tier.
    """
    for number, claim in enumerate(spec.claim):
        if _descends(claim, cells):
            continue
        at = ("claim", number)
        if claim.untrained is not None:
            text = "no run of it takes a stage of descent, so that it is about no training; leave it out"
            yield Fault((*at, "untrained"), text)
        if isinstance(claim, ExactClaim) and not claim.control:
            text = (
                "no run of it takes a stage of descent: an identity of a closed form tests the "
                "measurement; expected control = true"
            )
            yield Fault(at, text)


def _descends(claim: Claim, cells: Mapping[TierName, Sequence[Cell]]) -> bool:
    """Whether a run of the claim takes a stage of descent where it is judged, as far as is known."""
    own = [c for tier in claim.tiers for c in cells.get(tier, ()) if c.name in runs_of(claim)]
    return not own or any(descends(cell) for cell in own)
