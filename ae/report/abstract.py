"""A page's first paragraph: what was tested, how, and what came out; and the page's contents."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ae.records.record import Record
from ae.report.claims import ClaimView
from ae.report.text import count, duration

if TYPE_CHECKING:
    from ae.report.views import Page

LEFT_OUT = re.compile(r"^run '[^']*' is not part of this (\w+) run$")


def scope(page: "Page") -> str:
    """What was tested, on which data."""
    own = [c for c in page.claims if not c.control and not c.untrained]
    tested = [c for c in own if c.verdict.word != "UNTESTED"]
    every = "its one claim is" if len(own) == 1 else f"all {count(len(own))} claims are"
    some = f"{count(len(tested))} of {count(len(own))} claims {'is' if len(tested) == 1 else 'are'}"
    named = ", ".join(dict.fromkeys(d.name for d in page.record.data))
    what = every if len(tested) == len(own) else some if tested else "none of the claims is"
    return f"Here {what} tested" + (f" on {named}." if named else ".")


def protocol(page: "Page") -> str:
    """How it was trained: models, seeds, how near the paper's protocol, device, time."""
    record = page.record
    one = len(record.runs) == 1
    trained = "One model is trained" if one else f"{count(len(record.runs))} models are trained"
    said = f"{trained} with {seeds(record)}{'' if one else ' each'}, {_nearness(page)}"
    return f"{said}, on {record.environment.device} in {time(record)}."


def _nearness(page: "Page") -> str:
    found = page.protocol
    differing = len(found.deviations) + len(found.own)
    stated = f"{differing} stated deviation{'' if differing == 1 else 's'}"
    if page.record.tier == "paper":
        return f"at the paper’s protocol but for {stated}" if differing else "as in the paper"
    less = len(found.reductions)
    parts = [f"{less} reduction{'' if less == 1 else 's'}"] * bool(less)
    parts += [stated] * bool(differing)
    of = f" ({' and '.join(parts)})" if parts else ""
    return f"at the {page.record.tier} tier’s shorter protocol{of}"


def seeds(record: Record) -> str:
    """How many seeds the runs have: `3 seeds`, `3 to 6 seeds`."""
    found = sorted({len(run.seeds) for run in record.runs}) or [0]
    few, most = found[0], found[-1]
    shown = str(most) if few == most else f"{few} to {most}"
    return f"{shown} seed{'' if most == 1 else 's'}"


def time(record: Record) -> str:
    """What training took, in words; what old records do not know is told by the clock."""
    return f"{duration(seconds(record))} {'of one core' if _measured(record) else 'by the clock'}"


def seconds(record: Record) -> float:
    """What training took, in seconds of one core, or of the clock where that is not recorded."""
    return _measured(record) or record.seconds


def _measured(record: Record) -> float:
    return sum(m.cpu_seconds for run in record.runs for m in run.members)


def by_reason(claims: Sequence[ClaimView]) -> list[tuple[str, list[ClaimView]]]:
    """Claims by why they are not tested; those whose runs are not there stand together."""
    found: dict[str, list[ClaimView]] = {}
    for claim in claims:
        note = LEFT_OUT.sub(r"their runs were not trained in this \1 run", claim.note)
        found.setdefault(note, []).append(claim)
    return sorted(found.items())


def contents(page: "Page") -> list[tuple[str, str]]:
    """What the page has: the end of each section's anchor, and its title."""
    found: Sequence[tuple[object, str, str]] = [
        (page.papers_claims, "claims", "The paper’s claims"),
        (page.untested, "untested", "Not tested in this tier"),
        (page.figures, "figures", "Figures"),
        (True, "deviations", "Deviations from the paper"),
        (page.controls, "controls", "Controls and exact checks"),
        (True, "results", "Results"),
        (page.stages, "curves", "Training curves"),
        (page.spec.omitted, "omitted", "What this suite leaves out"),
        (True, "provenance", "Provenance, and how to run it again"),
    ]
    return [(anchor, title) for there, anchor, title in found if there]
