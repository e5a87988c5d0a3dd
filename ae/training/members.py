"""Trained members on disk, one file each: weights, curves, and all that they depend on.

A file's name is the member's key, which is the digest of what its weights depend on, and where it
was trained: kind of device and torch's version, by which the last bits may differ.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from ae.disk import notes_of
from ae.errors import OutsideError
from ae.records.entries import Curve, MemberRecord, rounded
from ae.training import weights
from ae.training.plan import Member, torch_release

FOLDER = "members"


@dataclass(frozen=True)
class Track:
    """How one term of an objective moved over a stage, for one member."""

    stage: str
    part: str
    steps: list[int]
    examples: list[int]
    values: list[float]


@dataclass(frozen=True)
class TrainedMember:
    """A member's file, without its tensors.

    Attributes:
        path: The file.
        key: The member's key.
        where: Kind of device and torch's version.
        run: The run's name when it was trained.
        seed: The seed.
        parts: What the key is the digest of, part by part.
        tracks: The curves of its stages' objectives.
        diverged: Why it is not to be measured, if so.
        steps: Optimiser steps of all stages.
        seconds: Wall time of its share of the training.
        cpu_seconds: Time of the processors, of the same.
        stages: Steps and `cpu_seconds` of each stage, by name.
        trained: Where: device, processor, threads, versions, commit, date.
        imported: Whether it was taken from another machine's results.
        light: Whether its weights were left behind, and only what was measured of it is known.
        applied: What its training really applied, empty if that was not noted; see `applied`.
    """

    path: Path
    key: str
    where: str
    run: str
    seed: int
    parts: Mapping[str, Any]
    tracks: Sequence[Track]
    diverged: str | None
    steps: int
    seconds: float
    cpu_seconds: float
    stages: Mapping[str, Mapping[str, float]]
    trained: Mapping[str, str]
    imported: bool
    light: bool = False
    applied: Mapping[str, Any] = field(default_factory=dict)

    def tensors(self, device: str) -> dict[str, Tensor]:
        """Its parameters and buffers.

        Raises:
            OutsideError: The file is damaged.
        """
        return weights.load(self.path, device)[0]

    @property
    def ends(self) -> dict[str, float]:
        """The last number of every curve, by `stage/term`."""
        known = {
            f"{t.stage}/{t.part}": [v for v in t.values if not math.isnan(v)] for t in self.tracks
        }
        return {name: rounded(values[-1]) for name, values in known.items() if values}

    @property
    def record(self) -> MemberRecord:
        """Where it comes from, for a record."""
        return MemberRecord(
            seed=self.seed,
            key=self.key,
            seconds=round(self.seconds, 3),
            cpu_seconds=round(self.cpu_seconds, 3),
            imported=self.imported,
            trained=dict(self.trained),
        )


class Members:
    """The members that a folder holds.

    Args:
        folder: A results folder; the files are in `members/`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER

    def path(self, key: str, where: str) -> Path:
        """Where a member is, or would be."""
        return self.folder / f"{key[:40]}-{where}.safetensors"

    def all(self) -> Iterator[TrainedMember]:
        """Every member that is there, whatever it depends on."""
        for path in sorted(self.folder.glob("[!.]*.safetensors")):
            yield read(path)

    def of(self, member: Member, where: str) -> list[TrainedMember]:
        """The files of a member that may be used: what was trained here, then what was brought.

        Of what was brought, files with weights come first.

        Raises:
            OutsideError: One is damaged.
        """
        paths = sorted(self.folder.glob(f"{member.key[:40]}-*.safetensors"))
        found = [read(path) for path in paths]
        usable = [m for m in found if m.where == where or m.imported]
        return sorted(usable, key=lambda m: (m.where != where, m.light, m.where))

    def save(self, member: Member, where: str, tensors: Mapping[str, Tensor], notes: Any) -> Path:
        """Write a member's file, whole or not at all; `notes` are the other fields of it.

        Raises:
            OutsideError: The disk is full or the folder cannot be written.
        """
        facts = {"key": member.key, "where": where, "run": member.run, "seed": member.seed}
        path = self.path(member.key, where)
        weights.save(path, tensors, {**facts, "parts": member.parts, "imported": False, **notes})
        return path


def here(device: str) -> str:
    """Where members are trained by this process on that kind of device."""
    return f"{device}-{torch_release()}"


def read(path: Path) -> TrainedMember:
    """A member's file without its tensors.

    Raises:
        OutsideError: It is damaged.
    """
    return noted(path, notes_of(path))


def noted(path: Path, notes: Mapping[str, Any]) -> TrainedMember:
    """The member that these notes are of; `path` is its file.

    Raises:
        OutsideError: They are no notes of a member.
    """
    try:
        tracks = [
            Track(**{**t, "values": [float(v) for v in t["values"]]}) for t in notes["tracks"]
        ]
        names = ("key", "where", "run", "seed", "parts", "diverged", "steps", "seconds")
        rest = {
            name: notes[name] for name in (*names, "cpu_seconds", "stages", "trained", "imported")
        }
        more = {"applied": notes.get("applied", {}), "light": notes.get("light", False)}
        return TrainedMember(path=path, tracks=tracks, **more, **rest)
    except (KeyError, TypeError, ValueError) as error:
        raise OutsideError(
            f"{path}: not a member that `ae` wrote ({error!r}); remove it to train again"
        ) from None


def as_notes(tracks: Sequence[Track]) -> list[dict[str, Any]]:
    """Curves as JSON that reads back to the same bits, NaN and infinity included."""
    return [asdict(t) | {"values": [repr(v) for v in t.values]} for t in tracks]


def curves(members: Sequence[TrainedMember]) -> list[Curve]:
    """The curves of one run's members, a row each; a member that stopped early ends in NaN."""
    longest = max(members, key=lambda m: sum(len(t.steps) for t in m.tracks), default=None)
    found = []
    for track in longest.tracks if longest else ():
        rows = []
        for member in members:
            same = [t for t in member.tracks if (t.stage, t.part) == (track.stage, track.part)]
            known = dict(zip(same[0].steps, same[0].values, strict=True)) if same else {}
            rows.append([rounded(known.get(step, float("nan"))) for step in track.steps])
        found.append(
            Curve(
                stage=track.stage,
                part=track.part,
                steps=track.steps,
                examples=track.examples,
                values=rows,
            )
        )
    return found
