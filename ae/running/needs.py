"""What the claims of a paper need next: the seeds of their next look, of every run they look at."""

from collections.abc import Mapping, Sequence

from ae.errors import UserError
from ae.records import record as records
from ae.running.folder import RECORD
from ae.running.jobs import Names
from ae.running.paper import Paper
from ae.running.selection import needs
from ae.spec import Claim
from ae.verdict import judge
from ae.verdict.looks import needed

OPEN = ("UNTESTED", "INCONCLUSIVE")


def needs_of(paper: Paper, seeds_there: Mapping[str, Sequence[int]]) -> dict[str, Names]:
    """Claim -> run and seed of every member that its next look rests on, trained or not.

    Claims that are decided, or have had their last look, are left out, and those whose next look rests
    on runs or seeds that were not asked for.

    Args:
        paper: The paper; its chosen claims, or all of the tier.
        seeds_there: Run -> the seeds that are trained.
    """
    tier = paper.settings.tier
    chosen = paper.claims or [c for c in paper.spec.claim if tier in c.tiers]
    words = _words(paper, seeds_there)
    found: dict[str, Names] = {}
    for claim in chosen:
        if words.get(claim.id, "UNTESTED") not in OPEN:
            continue
        lacking = _lacking(paper, claim, seeds_there)
        if any(set(seeds) - set(paper.wanted.get(run, ())) for run, seeds in lacking.items()):
            continue
        if lacking or words.get(claim.id, "UNTESTED") == "UNTESTED":
            there = {run: _listed(paper, run, seeds_there) for run in needs(paper.spec, claim)}
            names = {(run, s) for run, seeds in (*lacking.items(), *there.items()) for s in seeds}
            found[claim.id] = tuple(sorted(names))
    return found


def _lacking(
    paper: Paper, claim: Claim, seeds_there: Mapping[str, Sequence[int]]
) -> dict[str, tuple[int, ...]]:
    """The seeds that the next look lacks; runs that a measure looks at take as many as the claim's."""
    found = dict(needed(claim, paper.spec, paper.settings.tier, seeds_there))
    most = max((len(seeds_there.get(r, ())) + len(s) for r, s in found.items()), default=0)
    for run in needs(paper.spec, claim):
        if run not in found and run in paper.seeds:
            wanted = paper.seeds[run][:most]
            lacking = tuple(s for s in wanted if s not in seeds_there.get(run, ()))
            if lacking:
                found[run] = lacking
    return found


def _listed(paper: Paper, run: str, seeds_there: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    """The seeds of a run that are there, of those that the spec lists."""
    return tuple(s for s in seeds_there.get(run, ()) if s in paper.seeds.get(run, ()))


def _words(paper: Paper, seeds_there: Mapping[str, Sequence[int]]) -> dict[str, str]:
    """The verdicts of the record that is there, if any can be read.

    Not of a claim on members that would be trained anew, for its model or protocol is another since.
    """
    try:
        record = records.read(paper.folder / RECORD)
        gone = {
            run.name for run in record.runs if set(run.seeds) - set(seeds_there.get(run.name, ()))
        }
        return {
            verdict.id: verdict.word
            for verdict in judge(record)
            if not gone.intersection(needs(record.meaning, verdict.claim))
        }
    except UserError:
        return {}
