"""What has been run: seeds that are there, stacks that were begun, records and whether they are of today.

Read from files alone; knows no torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ae.disk import notes_of
from ae.errors import OutsideError, UserError
from ae.machine.code import code_of
from ae.records import record as records
from ae.spec import Spec
from ae.spec.tiers import cells
from ae.training.key import TRAINER, differences, parts


@dataclass(frozen=True)
class Run:
    """A run of a tier, by its seeds: whether the data have changed is not looked at.

    Attributes:
        name: The run's name.
        listed: Seeds that the spec lists.
        there: Those of them that are trained, by the spec and the code of today.
        others: Further seeds that are.
        outdated: Seeds that are trained otherwise, and would be trained again.
        stale: In what those differ.
    """

    name: str
    listed: tuple[int, ...]
    there: tuple[int, ...]
    others: tuple[int, ...]
    outdated: tuple[int, ...]
    stale: tuple[str, ...]


@dataclass(frozen=True)
class Status:
    """A spec in a tier.

    Attributes:
        spec: The spec's name.
        tier: The tier; a trial's has a `+`.
        runs: Its runs.
        begun: What share is done of each stack that was interrupted.
        recorded: When the record was made; None without one.
        outdated: Why the record is not what a run of today would give, as far as files tell.
        fault: Why the record cannot be read, if so.
    """

    spec: str
    tier: str
    runs: tuple[Run, ...]
    begun: tuple[float, ...]
    recorded: str | None
    outdated: tuple[str, ...]
    fault: str | None

    @property
    def empty(self) -> bool:
        """Whether nothing came of it: a run that was refused leaves a folder without anything."""
        if self.recorded or self.fault or self.begun:
            return False
        return not any(run.there or run.others or run.outdated for run in self.runs)

    @property
    def as_json(self) -> dict[str, Any]:
        """All of it, for `--json`."""
        return asdict(self)


def status_of(path: Path, spec: Spec, results: Path) -> list[Status]:
    """What is there of a spec, a line a tier of which anything is.

    Args:
        path: The spec's file.
        spec: The spec.
        results: Where results are kept.
    """
    folders = sorted((results / path.stem).glob("[!.]*"))
    found = [_status(path, spec, folder) for folder in folders if folder.is_dir()]
    return [one for one in found if not one.empty]


def _status(path: Path, spec: Spec, folder: Path) -> Status:
    tier = folder.name.partition("+")[0]
    members = [_notes(p) for p in sorted((folder / "members").glob("[!.]*.safetensors"))]
    known = [notes for notes in members if notes]
    begun = [_notes(p) for p in sorted((folder / "checkpoints").glob("[!.]*.safetensors"))]
    recorded, outdated, fault = _record(spec, folder)
    return Status(
        spec=path.stem,
        tier=folder.name,
        runs=tuple(_runs(_meant(spec, folder), tier, known)),
        begun=tuple(round(float(notes.get("share", 0.0)), 3) for notes in begun if notes),
        recorded=recorded,
        outdated=outdated,
        fault=fault,
    )


def _meant(spec: Spec, folder: Path) -> Spec:
    """The spec that a folder is of: a trial's is that of its record, which has the changes."""
    if "+" not in folder.name:
        return spec
    try:
        return records.read(folder / "record.json").meaning
    except UserError:  # there is none yet
        return spec


def _notes(path: Path) -> Mapping[str, Any]:
    try:
        return notes_of(path)
    except OutsideError:
        return {}


def _runs(spec: Spec, tier: str, members: Sequence[Mapping[str, Any]]) -> list[Run]:
    if tier not in spec.tier:
        return []
    code: dict[str, Mapping[str, str]] = {}
    trainer = code_of(*TRAINER)
    found = []
    for cell in cells(spec, tier, where="the spec"):
        own = [m for m in members if m.get("run") == cell.name]
        kind = cell.model["class"]
        if own and kind not in code:
            code[kind] = _code(kind)
        why: dict[
            int, list[str]
        ] = {}  # seed -> why what is there does not serve; the one that comes nearest
        for notes in own:
            seed, before = int(notes["seed"]), notes["parts"]
            now = parts(cell, seed, before["data"], code[kind], trainer)
            said = differences(now, before)
            why[seed] = said if seed not in why else min(said, why[seed], key=len)
        there = sorted(seed for seed, said in why.items() if not said)
        stale = dict.fromkeys(text for said in why.values() for text in said)
        found.append(
            Run(
                name=cell.name,
                listed=tuple(cell.train.seeds),
                there=tuple(s for s in there if s in cell.train.seeds),
                others=tuple(s for s in there if s not in cell.train.seeds),
                outdated=tuple(sorted(seed for seed, said in why.items() if said)),
                stale=tuple(stale),
            )
        )
    return found


def _code(kind: str) -> Mapping[str, str]:
    file, _, name = kind.partition(".")
    try:
        return code_of(kind if ":" in kind else f"ae.models.{file}:{name}")
    except UserError:
        return {}


def _record(spec: Spec, folder: Path) -> tuple[str | None, tuple[str, ...], str | None]:
    path = folder / "record.json"
    if not path.exists():
        return None, (), None
    try:
        record = records.read(path)
    except UserError as error:
        return None, (), str(error)
    outdated = []
    if "+" not in folder.name and record.outdated(spec):
        outdated.append("the spec has changed since")
    return record.started, tuple(outdated), None
