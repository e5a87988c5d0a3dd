"""The words of a record: sources, statements, deviations, omissions, captions.

What is trained, measured and judged does not hang on them. Where a source is read once more they become
better, and a record whose spec says all else as before need not be made again to show them.
"""

from typing import Any

from ae.disk import digest
from ae.records.figures import FigureRecord
from ae.records.record import Record, within
from ae.spec import Spec
from ae.spec.read import digest_of

CLAIM = {"statement", "source", "by", "margin_reason", "bound_reason", "untrained"}
FIGURE = {"title", "caption", "paper"}
WORDS: Any = {
    "paper": True,
    "deviation": True,
    "omitted": True,
    "claim": {"__all__": CLAIM},
    "figure": {"__all__": FIGURE},
}


def reworded(record: Record, spec: Spec, source: str) -> Record | None:
    """The record with the words of a spec; None where the two differ in more, in the record's tier.

    Args:
        record: A record of an earlier state of the spec.
        spec: The spec of today.
        source: Its file's text.
    """
    if _bare(within(record.meaning, record.tier)) != _bare(within(spec, record.tier)):
        return None
    return record.model_copy(
        update={
            "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
            "spec_digest": digest_of(spec),
            "source": source,
            "figures": [_captioned(figure, spec) for figure in record.figures],
        }
    )


def _bare(spec: Spec) -> str:
    """Digest of what a spec says beside its words. That a claim may be met untrained is no word."""
    dump = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=WORDS)
    return digest([dump, [claim.untrained is None for claim in spec.claim]])


def _captioned(figure: FigureRecord, spec: Spec) -> FigureRecord:
    (own,) = (one for one in spec.figure if one.name == figure.name)
    return figure.model_copy(update={word: getattr(own, word) for word in FIGURE})
