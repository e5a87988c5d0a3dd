"""Members that another machine trained, taken into this one's results.

What a member depends on is compared with what a run of today would train: arguments, seed, protocol,
data, code. Only where it was trained may differ: device, processor, torch.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ae.disk import visible
from ae.errors import UserError
from ae.running.folder import held
from ae.running.measurements import FILE, Measurements
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
    """

    spec: str
    tier: str
    folder: Path
    members: tuple[TrainedMember, ...]


@dataclass(frozen=True)
class Taken:
    """What came of it: how many were taken, and how many were there already."""

    spec: str
    tier: str
    new: int
    known: int
    devices: tuple[str, ...]


def found_in(folder: Path) -> list[Brought]:
    """What a folder of results holds: `SPEC/TIER/members/` in it, or the folder of one of them.

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
    if not found:
        raise UserError(f"{folder}: found no member: SPEC/TIER/{FOLDER}/*.safetensors")
    return found


def check(brought: Brought, paper: Paper) -> Iterator[str]:
    """Why members cannot be taken, a line each.

    Args:
        brought: The members.
        paper: The paper that they are said to be of, in their tier.
    """
    for member in brought.members:
        where = f"{member.path}: run {member.run!r}, seed {member.seed}"
        if member.run not in paper.seeds:
            yield f"{where}: {brought.spec} has no such run in tier {brought.tier}"
            continue
        (wanted,) = paper.members_of({member.run: (member.seed,)})
        if wanted.key != member.key:
            said = differences(wanted.parts, member.parts) or ["its key is not that of its parts"]
            yield f"{where}: {'; '.join(said)}"


def take(brought: Brought, paper: Paper) -> Taken:
    """Copy members that were checked, with what was measured of them; those that are there stay.

    Raises:
        OutsideError: A file is damaged, or the disk is full, or another run is at work there.
    """
    store, new = Members(paper.folder), 0
    with held(paper.folder):
        for member in brought.members:
            target = store.path(member.key, member.where)
            if target.exists():
                continue
            tensors, notes = weights.load(member.path, "cpu")
            weights.save(target, tensors, {**notes, "imported": True})
            new += 1
        _measures(brought, paper.folder)
    devices = sorted({member.trained.get("device", "unknown") for member in brought.members})
    return Taken(brought.spec, brought.tier, new, len(brought.members) - new, tuple(devices))


def _measures(brought: Brought, folder: Path) -> None:
    """What was measured of these members elsewhere, beside what is known here."""
    try:
        there = json.loads((brought.folder / FILE).read_bytes())
    except (OSError, ValueError):
        return  # it is measured here
    known = Measurements(folder)
    for member in brought.members:
        own = there.get(member.path.stem, {}) if isinstance(there, dict) else {}
        for key, found in own.items():
            if known.value(member.path.stem, key) is None:
                value, seconds = float(found["value"]), float(found["seconds"])
                known.put(member.path.stem, key, str(found["name"]), value, seconds)
    known.save()


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

    ready: list[tuple[Brought, Paper]] = []
    for folder in folders:
        for brought in found_in(folder):
            if brought.spec not in papers:
                raise UserError(f"{brought.folder}: no spec {brought.spec!r}")
            path = papers[brought.spec]
            tier = tier_of(brought, read_spec(path))
            paper = Paper(path, settings.with_(tier=tier))
            faults = list(check(brought, paper))
            if faults:
                more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
                raise UserError(f"{faults[0]}{more}; nothing is taken")
            ready.append((brought, paper))
    return [take(brought, paper) for brought, paper in ready]
