"""What is committed of results: record, figures, and members without their weights.

Weights are large and can be trained again. Values cannot be had without them, but they are numbers:
each is kept with the key of its member and of its measure. Where the two are still those of today,
`ae import` takes the member, and a session goes on from what others have spent.
"""

import gzip
import json
import shutil
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ae.disk import notes_of, write_atomically
from ae.errors import UserError
from ae.records.entries import Curve
from ae.records.folders import RECORD
from ae.records.record import Record, read, write
from ae.running.folder import STATE, figures_of
from ae.running.measurements import Measurements
from ae.training.members import Members, TrainedMember, noted

FILE = "members.json.gz"
POINTS = 100  # of each curve of a member


@dataclass(frozen=True)
class Light:
    """Members without weights, as a file of them says.

    Attributes:
        notes: A member's file name, without its ending -> its notes.
        measured: The same -> what was measured of it, see `Measurements.of`.
        figures: A figure of the record -> the key of what it shows.
    """

    notes: Mapping[str, Mapping[str, Any]]
    measured: Mapping[str, Mapping[str, Any]]
    figures: Mapping[str, str]

    def members(self, folder: Path) -> tuple[TrainedMember, ...]:
        """The members; their files would be in that folder's `members/`."""
        place = Members(folder).folder
        return tuple(
            noted(place / f"{stem}.safetensors", notes) for stem, notes in self.notes.items()
        )


def keep(folder: Path, out: Path, *, replace: bool = False) -> Record:
    """Copy what is to be committed from a results folder; what was there before goes.

    Args:
        folder: The results of a spec in a tier, with a record.
        out: Where to.
        replace: Whether a record may go that has seeds or figures which the new one has not.

    Raises:
        UserError: There is no record; or seeds or figures would be lost.
        OutsideError: A file cannot be read or written.
    """
    record = read(folder / RECORD)
    old = read(out / RECORD) if (out / RECORD).exists() else None
    if old is not None and not replace:
        seeds, figures = _seeds_lost(old, record), _figures_lost(old, record)
        remedy = f"take it in with `ae import {out}`"
        if not seeds:
            remedy = "they are drawn of weights: train its members here (`ae run --fresh`)"
        if lost := "; ".join(filter(None, (seeds, figures))):
            raise UserError(
                f"{out / RECORD}: has what {folder / RECORD} has not: {lost}; {remedy}, "
                "or give --replace"
            )
    out.mkdir(parents=True, exist_ok=True)
    files = [name for figure in record.figures for name in figure.files]
    for name in files:
        shutil.copyfile(folder / name, out / name)
    write_atomically(out / FILE, gzip.compress(_text(folder, record).encode(), mtime=0))
    write(record, out / RECORD)
    for name in {name for figure in (old.figures if old else ()) for name in figure.files}:
        if name not in files:  # last: no record is ever without its figures
            (out / name).unlink(missing_ok=True)
    return record


def _seeds_lost(old: Record, new: Record) -> str:
    """The runs and seeds that the old record has and the new one has not."""
    there = {run.name: set(run.seeds) for run in new.runs}
    missing = {run.name: set(run.seeds) - there.get(run.name, set()) for run in old.runs}
    return "; ".join(
        f"{run}, seeds {_listed(sorted(seeds))}" for run, seeds in missing.items() if seeds
    )


def _figures_lost(old: Record, new: Record) -> str:
    """The same of figures that the spec has: members without weights cannot be drawn."""
    gone = {f.name for f in old.figures} - {f.name for f in new.figures}
    figures = sorted(gone & {figure["name"] for figure in new.spec.get("figure", [])})
    return f"figures {_listed(figures)}" if figures else ""


def _listed(things: Iterable[object]) -> str:
    return ", ".join(map(str, things))


def _text(folder: Path, record: Record) -> str:
    """The members that a record rests on, without weights."""
    wanted = {(m.key, m.seed) for run in record.runs for m in run.members}
    wanted |= {(t.member.key, t.member.seed) for run in record.runs for t in run.twins}
    held = [m for m in Members(folder).all() if (m.key, m.seed) in wanted]
    known = Measurements(folder)
    content = {
        "members": {m.path.stem: _light(notes_of(m.path)) for m in held},
        "measured": {m.path.stem: known.of(m.path.stem) for m in held},
        "figures": {name: key for name, (key, _) in figures_of(folder).items()},
    }
    return json.dumps(content, sort_keys=True)


def _light(notes: Mapping[str, Any]) -> dict[str, Any]:
    """Notes of a member with curves of fewer points, which are for the eye."""
    return {**notes, "light": True, "tracks": [_thinned(track) for track in notes["tracks"]]}


def _thinned(track: Mapping[str, Any]) -> dict[str, Any]:
    values = [float(value) for value in track["values"]]
    curve = Curve(**{**track, "values": [values]}).thinned(POINTS)
    last = values[-1:]  # the gate compares where a curve ends
    found = [*curve.values[0][:-1], *last] if len(values) > POINTS else values
    return {
        **track,
        "steps": curve.steps,
        "examples": curve.examples,
        "values": [repr(value) for value in found],
    }


def read_light(path: Path) -> Light:
    """The members of a file that `keep` wrote.

    Raises:
        UserError: It is no such file.
    """
    try:
        found = json.loads(gzip.decompress(path.read_bytes()))
        return Light(found["members"], found["measured"], found["figures"])
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error) as error:
        raise UserError(f"{path}: not a file of members that `ae keep` wrote ({error!r})") from None


def bring_record(kept: Path, light: Light, folder: Path) -> None:
    """Copy a kept record and its figures to a results folder that has none.

    What of it still holds is taken over when the folder's record is made; figures of members without
    weights cannot be drawn again.
    """
    if (folder / RECORD).exists() or not (kept / RECORD).exists():
        return
    record = read(kept / RECORD)
    for figure in record.figures:
        for name in figure.files:
            if (kept / name).exists():
                shutil.copyfile(kept / name, folder / name)
    state = {"work": "", "record": record.digest, "figures": dict(light.figures)}
    write_atomically(folder / STATE, json.dumps(state).encode())
    write(record, folder / RECORD)
