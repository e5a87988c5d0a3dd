"""Members that another machine trained, taken into this one's results.

What a member depends on is compared with what a run of today would train: arguments, seed, protocol,
data, code. Only where it was trained may differ: device, processor, torch. One with weights that
contradicts is refused, with all others; one without, which is a number of before, is passed over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ae.disk import visible
from ae.errors import MissingData, UserError
from ae.running.folder import RECORD, held
from ae.running.keeping import FILE as LIGHT
from ae.running.keeping import Light, bring_record, read_light
from ae.running.measurements import Measurements
from ae.running.paper import Paper
from ae.running.settings import Settings
from ae.spec import Spec
from ae.training import weights
from ae.training.key import differences
from ae.training.members import FOLDER, Members, TrainedMember, read


@dataclass(frozen=True)
class Brought:
    """The members of one spec in one tier that a folder holds.

    Attributes:
        spec: The spec's name.
        tier: The tier.
        folder: Where they are.
        members: Their files.
        light: Where they have no weights, what is known of them.
    """

    spec: str
    tier: str
    folder: Path
    members: tuple[TrainedMember, ...]
    light: Light | None = None


@dataclass(frozen=True)
class Taken:
    """What came of it: how many were taken, how many were there; why others were passed over."""

    spec: str
    tier: str
    new: int
    known: int
    devices: tuple[str, ...]
    passed: tuple[str, ...] = ()


def found_in(folder: Path) -> list[Brought]:
    """What a folder of results holds: `SPEC/TIER/members/` in it, or the folder of one of them.

    And `SPEC/TIER/members.json.gz` of members that were kept without weights.

    Raises:
        UserError: There is no member.
        OutsideError: A file is damaged.
    """
    places = [folder] if folder.name == FOLDER else visible(folder, f"**/{FOLDER}")
    found = []
    for place in (p for p in places if p.is_dir()):
        members = tuple(read(path) for path in sorted(place.glob("[!.]*.safetensors")))
        tier = place.resolve().parent
        if members:
            found.append(Brought(tier.parent.name, tier.name, tier, members))
    for path in visible(folder, f"**/{LIGHT}"):
        light, tier = read_light(path), path.resolve().parent
        found.append(Brought(tier.parent.name, tier.name, tier, light.members(tier), light))
    if not found:
        kept = any(visible(folder, f"**/{RECORD}"))
        raise UserError(
            f"{folder}: found no member: SPEC/TIER/{FOLDER}/*.safetensors or SPEC/TIER/{LIGHT}"
            + ("; the record there was kept without its members" if kept else "")
        )
    return found


def check(brought: Brought, paper: Paper) -> Iterator[tuple[TrainedMember, str]]:
    """The members that cannot be taken, and why, in a line each.

    Args:
        brought: The members.
        paper: The paper that they are said to be of, in their tier.
    """
    for member in brought.members:
        where = f"{member.path}: run {member.run!r}, seed {member.seed}"
        if member.run not in paper.seeds:
            yield member, f"{where}: {brought.spec} has no such run in tier {brought.tier}"
            continue
        (wanted,) = paper.members_of({member.run: (member.seed,)})
        if wanted.key != member.key:
            said = differences(wanted.parts, member.parts) or ["its key is not that of its parts"]
            yield member, f"{where}: {'; '.join(said)}"


def take(brought: Brought, paper: Paper) -> Taken:
    """Copy members that were checked, with what was measured of them; those that are there stay.

    One without weights that is there makes room for one with. One without weights that lacks a
    measure of today is of no use, and is passed over.

    Raises:
        OutsideError: A file is damaged, or the disk is full, or another run is at work there.
    """
    store, new, passed = Members(paper.folder), 0, []
    with held(paper.folder):
        known = _measures(brought, paper.folder)
        for member in brought.members:
            target = store.path(member.key, member.where)
            old = read(target) if target.exists() else None
            if old is not None and not old.light:
                continue
            if member.light and member.diverged is None:
                lacking = paper.lacking(member.run, member.path.stem, known)
                if lacking:  # it could never be measured
                    where = f"run {member.run!r}, seed {member.seed}"
                    what = f"{lacking[0]} of today is other code, or of other data or libraries"
                    passed.append(f"{brought.folder}: {where}: {what}, and it has no weights")
                    continue
            if member.light and old is not None:
                continue
            if brought.light is None:
                tensors, notes = weights.load(member.path, "cpu")
            else:
                tensors, notes = {}, dict(brought.light.notes[member.path.stem])
            weights.save(target, tensors, {**notes, "imported": True})
            new += 1
        there = len(brought.members) - new - len(passed)
        if brought.light is not None and new + there:
            bring_record(brought.folder, brought.light, paper.folder)
    devices = sorted({member.trained.get("device", "unknown") for member in brought.members})
    return Taken(brought.spec, brought.tier, new, there, tuple(devices), tuple(passed))


def _measures(brought: Brought, folder: Path) -> Measurements:
    """What was measured of these members elsewhere, beside what is known here: of both."""
    there, known = Measurements(brought.folder), Measurements(folder)
    for member in brought.members:
        stem = member.path.stem
        own = brought.light.measured.get(stem, {}) if brought.light else there.of(stem)
        for key, found in own.items():
            if known.value(stem, key) is None:
                value, seconds = float(found["value"]), float(found["seconds"])
                known.put(stem, key, str(found["name"]), value, seconds)
    known.save()
    return known


def tier_of(brought: Brought, spec: Spec) -> str:
    """The tier of what was brought.

    Raises:
        UserError: The spec has none of that name; or it is a trial.
    """
    if brought.tier not in spec.tier:
        raise UserError(
            f"{brought.folder}: found tier {brought.tier!r}; expected one of {', '.join(spec.tier)}"
        )
    return brought.tier


def bring(folders: Sequence[Path], papers: dict[str, Path], settings: Settings) -> list[Taken]:
    """Take the members of folders; none, if one of them contradicts.

    Args:
        folders: Results of another machine.
        papers: The specs' files by name.
        settings: Where results are; the tier is that of what is brought.

    Raises:
        UserError: A member is of another spec, code, data or protocol; the first is named.
    """
    from ae.spec.read import read_spec

    ready: list[tuple[Brought, Paper, tuple[str, ...]]] = []
    for folder in folders:
        for brought in found_in(folder):
            if brought.spec not in papers:
                raise UserError(f"{brought.folder}: no spec {brought.spec!r}")
            path = papers[brought.spec]
            tier = tier_of(brought, read_spec(path))
            paper = Paper(path, settings.with_(tier=tier))
            ready.append(_checked(brought, paper))
    found = []
    for brought, paper, passed in ready:
        taken = Taken(brought.spec, brought.tier, 0, 0, ())
        if brought.members:
            taken = take(brought, paper)
        found.append(replace(taken, passed=(*passed, *taken.passed)))
    return found


def _checked(brought: Brought, paper: Paper) -> tuple[Brought, Paper, tuple[str, ...]]:
    """What can be taken of it, and why the rest is passed over.

    Raises:
        UserError: A member with weights contradicts.
    """
    try:
        faults = list(check(brought, paper))
    except MissingData as error:
        if brought.light is None:
            raise
        return replace(brought, members=()), paper, (str(error),)
    if faults and brought.light is None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise UserError(f"{faults[0][1]}{more}; nothing is taken")
    wrong = {member.path for member, _ in faults}
    sound = tuple(member for member in brought.members if member.path not in wrong)
    return replace(brought, members=sound), paper, tuple(said for _, said in faults)
