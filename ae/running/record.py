"""The record of what was found, with where each number comes from."""

import math
from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch

from ae.data.manifest import find_source
from ae.disk import digest
from ae.machine.code import all_code
from ae.machine.foreign import foreign_code
from ae.machine.provenance import capture
from ae.records import record as records
from ae.records.entries import (
    DataRecord,
    Environment,
    MemberRecord,
    RunRecord,
    TwinRecord,
    Value,
    rounded,
)
from ae.records.figures import FigureRecord
from ae.records.record import Record
from ae.spec.read import digest_of
from ae.training.members import TrainedMember, curves
from ae.training.trained_run import Trained

if TYPE_CHECKING:
    from ae.running.conclusion import Conclusion
    from ae.running.paper import Paper
    from ae.running.pictures import Found

CURVE = 1000  # numbers that a record keeps of a curve, over all its seeds
DRAWN = 1000  # numbers that are drawn to know an evaluation by
ABSENT = "absent"  # of a member, what another one of its run has applied
FEWEST_POINTS = 20  # but so many of each seed


def assembled(
    found: "Conclusion", started: datetime, seconds: float, figures: list[FigureRecord]
) -> Record:
    """The record of a conclusion; `seconds` are what measuring and drawing took."""
    paper = found.paper
    trained = sum(files[0].seconds for _, files in found.found)
    return Record(
        schema_version=records.SCHEMA,
        name=paper.name,
        tier=paper.settings.tier,
        spec=paper.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        spec_digest=digest_of(paper.spec),
        source=paper.path.read_text(encoding="utf-8"),
        started=started.isoformat(timespec="seconds"),
        seconds=round(seconds + trained, 3),
        environment=_environment(paper),
        data=_data(paper),
        runs=[_run(found, run, own) for run, own in found.by_run.items()],
        figures=figures,
        foreign=[foreign_code(path) for path in _foreign(found)],
    )


def _foreign(found: "Conclusion") -> list[str]:
    """Code of others that the record rests on, as specs and manifests name it."""
    paper = found.paper
    named = [cell.model["class"] for cell in paper.listed if cell.name in found.by_run]
    named += [m.function for _, m in found.measures]
    named += [f.function for f in paper.spec.figure]
    manifests = [data.manifest for data in paper.loaded]
    manifests += [find_source(m, paper.settings.library) for m in manifests]
    named += [m.decode for m in manifests]
    named += [m.access.function for m in manifests if m.access is not None]
    return sorted({name for name in named if ":" in name})


def _run(found: "Conclusion", run: str, own: "Found") -> RunRecord:
    members = [files[0] for _, files in own]
    points = max(FEWEST_POINTS, CURVE // len(members))
    values = found.values[run]
    return RunRecord(
        name=run,
        label=own[0][0].cell.label,
        seeds=[member.seed for member, _ in own],
        stack=members[0].key,
        diverged={m.seed: m.diverged for m in members if m.diverged},
        metrics={name: [by_seed[m.seed] for m in members] for name, by_seed in values.items()},
        curves=[curve.thinned(points) for curve in curves(members)],
        parameters=_parameters(own),
        steps=max(m.steps for m in members),
        seconds=round(sum(m.seconds for m in members), 3),
        trained=_common(members),
        members=[m.record for m in members],
        twins=[
            TwinRecord(
                member=file.record,
                diverged=file.diverged,
                metrics=found.twins.get((run, file.path.stem), {}),
            )
            for _, files in own
            for file in files[1:]
        ],
        unmeasured=found.unmeasured.get(run, {}),
        ends=_ends(members),
        applied=_applied(members, found.paper.here),
    )


def _ends(members: Sequence[TrainedMember]) -> dict[str, list[float]]:
    """By term, the last value of each member; NaN of one that stopped before it had any."""
    found = [member.ends for member in members]
    names = dict.fromkeys(name for own in found for name in own)
    return {name: [own.get(name, math.nan) for own in found] for name in names}


def _applied(members: Sequence[TrainedMember], device: str) -> dict[str, list[Value]]:
    """What their trainings applied, one value where all share it; nothing unless all have noted.

    And what evaluation draws: by the way of `Trained.generator`, as every measure does.
    """
    if not all(member.applied for member in members):
        return {}
    names = dict.fromkeys(key for member in members for key in member.applied)
    found = {key: [member.applied.get(key, ABSENT) for member in members] for key in names}
    found |= _evaluated([member.seed for member in members], device)
    return {key: rows[:1] if len({*rows}) == 1 else rows for key, rows in found.items()}


def _evaluated(seeds: Sequence[int], device: str) -> dict[str, list[Value]]:
    """Mean, deviation and digest of what each seed draws for a measure of the name `fingerprint`."""
    place: Any = SimpleNamespace(seeds=seeds, stack=SimpleNamespace(device=torch.device(device)))
    rows: dict[str, list[Value]] = {"mean": [], "deviation": [], "digest": []}
    for index in range(len(seeds)):
        generator = Trained.generator(place, index, "fingerprint")
        drawn = torch.randn(DRAWN, generator=generator, device=device).double().cpu()
        rows["mean"].append(rounded(drawn.mean().item()))
        rows["deviation"].append(rounded(drawn.std().item()))
        rows["digest"].append(digest(drawn.tolist())[:16])
    return {f"evaluation/{name}": values for name, values in rows.items()}


def _common(members: Sequence[TrainedMember]) -> dict[str, str]:
    """What all members of a run say of where they were trained; `various` where they differ."""
    keys = dict.fromkeys(key for member in members for key in member.trained)
    found = {key: {m.trained.get(key, "unknown") for m in members} for key in keys}
    return {k: v.pop() if len(v) == 1 else "various" for k, v in found.items() if k != "date"}


def _parameters(own: "Found") -> int:
    from ae.training.memory import empty

    return sum(p.numel() for p in empty(own[0][0]).parameters())


def _environment(paper: "Paper") -> Environment:
    found = capture(paper.settings.library.built_in, paper.here, all_code(), _precision(paper))
    if paper.here == paper.settings.device:
        return found
    return found.model_copy(
        update={"device": f"{paper.settings.device} elsewhere; measured on a CPU"}
    )


def _precision(paper: "Paper") -> str:
    """That of products: in training what the spec says, on CUDA; else single."""
    rounded = [c.name for c in paper.listed if c.train.precision == "tf32"]
    if paper.settings.device == "cpu" or not rounded:
        return "float32"
    return f"tf32 in training {', '.join(rounded)}; else float32"


def _data(paper: "Paper") -> list[DataRecord]:
    return [
        DataRecord(
            name=data.name,
            split=data.described,
            examples=len(data.x),
            available=data.available,
            sha256=data.sha256,
            licence=data.manifest.licence,
            citation=data.manifest.citation,
            url=data.manifest.url,
            note=data.manifest.note,
        )
        for data in paper.loaded
    ]


def member_records(record: Record) -> list[tuple[str, MemberRecord]]:
    """Run and provenance of every member of a record."""
    return [(run.name, member) for run in record.runs for member in run.members]
