"""A number over the published records of git revisions.

What counts is `reports/published/SPEC/TIER/record.json` as each commit left it that changed it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ae.errors import UserError
from ae.machine import git
from ae.records.folders import RECORD
from ae.records.record import Record, parse
from ae.spec import Measure, ValueClaim, evidence_of, metrics_of, runs_of
from ae.verdict.bounds import interval_of
from ae.verdict.numbers import Interval

PUBLISHED = "reports/published"


@dataclass(frozen=True)
class Revision:
    """A commit that changed a published record, and the record as it left it."""

    commit: git.Commit
    record: Record


@dataclass(frozen=True)
class Past:
    """A published record through the commits, the oldest first; `notes` say what is left out."""

    revisions: tuple[Revision, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Point:
    """A number as a revision has it.

    Attributes:
        revision: The revision.
        seeds: How many seeds have a value.
        interval: Their mean with its 90 % interval.
        same: Whether every seed's value is what it was in the revision before.
        changed: What of the protocol means something else than in the revision before: the spec,
            the data, the seeds.
    """

    revision: Revision
    seeds: int
    interval: Interval
    same: bool
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Track:
    """One metric of one run in one tier through the revisions that have it.

    `printed` is what a source prints for it, by the newest record's spec; a reduced tier tests no
    such number.
    """

    tier: str
    run: str
    label: str
    measure: Measure
    points: tuple[Point, ...]
    printed: str | None

    @property
    def target(self) -> float | None:
        """The same as a number."""
        return None if self.printed is None else float(self.printed)

    @property
    def beside(self) -> str:
        """What is said of the published number: nothing where there is none."""
        if self.printed is None:
            return ""
        said = "" if self.tier == "paper" else ", not a test: reduced protocol"
        return f"published {self.printed}{said}"

    @property
    def title(self) -> str:
        """What it is, in a line."""
        unit = f", {self.measure.unit}" if self.measure.unit else ""
        return f"{self.measure.label}{unit}: {self.label}, {self.tier} tier"


def past(root: Path, name: str, tier: str) -> Past:
    """The published record of a spec in a tier through the commits of the repository at `root`.

    A record of an older schema is left out with a note, as is what a shallow clone does not have.

    Raises:
        UserError: `root` is not the top of a git repository's working tree.
    """
    path = f"{PUBLISHED}/{name}/{tier}/{RECORD}"
    commits = git.log(root, "--reverse", "--", path)
    if commits is None:
        raise UserError(f"{root}: no git repository; a history is read from one")
    found, notes = [], []
    for commit in commits:
        content = git.ask(root, "show", f"{commit.name}:./{path}")
        if content is None:
            notes.append(f"{commit.name[:7]} took the record of tier {tier} away")
            continue
        try:
            record = parse(content, f"{commit.name[:7]}:{path}")
        except UserError as error:
            notes.append(f"left out: {error}")
            continue
        found.append(Revision(commit, record))
    if (git.ask(root, "rev-parse", "--is-shallow-repository") or b"").strip() == b"true":
        notes.append("the clone is shallow: older revisions are not in it")
    return Past(tuple(found), tuple(notes))


def numbers(record: Record) -> list[tuple[str, str]]:
    """Runs and metrics of a record's primary claims; of all its claims, or all, where it has none."""
    there = [(run.name, metric) for run in record.runs for metric in run.metrics]
    own = [c for c in record.meaning.claim if not c.control]
    for claims in ([c for c in own if c.primary], own):
        pairs = [(run, metric) for c in claims for run in runs_of(c) for metric in metrics_of(c)]
        if found := [pair for pair in dict.fromkeys(pairs) if pair in there]:
            return found
    return there


def tracks(revisions: Sequence[Revision], pairs: Iterable[tuple[str, str]]) -> list[Track]:
    """These runs and metrics through the revisions; those that none has are left out."""
    newest = revisions[-1].record
    measures = {m.name: m for m in newest.meaning.measure}
    made = []
    for run, metric in pairs:
        points = _points(revisions, run, metric)
        own = newest.run(run)
        if points and own is not None:
            printed = _printed(newest, run, metric)
            made.append(
                Track(newest.tier, run, own.label, measures[metric], tuple(points), printed)
            )
    return made


def _points(revisions: Sequence[Revision], run: str, metric: str) -> list[Point]:
    found: list[Point] = []
    before: Record | None = None
    for revision in revisions:
        own = revision.record.run(run)
        values = own.values(metric) if own else {}
        kept = [v for v in values.values() if not math.isnan(v)]
        interval = interval_of(kept)
        if interval is None:
            continue
        old = before.run(run) if before else None
        found.append(
            Point(
                revision=revision,
                seeds=len(kept),
                interval=interval,
                same=old is not None and repr(old.values(metric)) == repr(values),
                changed=_changed(before, revision.record, run) if before else (),
            )
        )
        before = revision.record
    return found


def _changed(old: Record, new: Record, run: str) -> tuple[str, ...]:
    was, now = old.run(run), new.run(run)
    found = {
        "spec": old.spec_digest != new.spec_digest,
        "data": [d.sha256 for d in old.data] != [d.sha256 for d in new.data],
        "seeds": was is None or now is None or was.seeds != now.seeds,
    }
    return tuple(name for name, other in found.items() if other)


def _printed(record: Record, run: str, metric: str) -> str | None:
    """What a source prints for a run's metric; nothing where none does, or several do."""
    found = {
        claim.printed
        for claim in record.meaning.claim
        if isinstance(claim, ValueClaim)
        and (claim.run, claim.metric) == (run, metric)
        and evidence_of(claim) == "published"
    }
    return found.pop() if len(found) == 1 else None
