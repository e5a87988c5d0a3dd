"""Training one stack to the end, with curves, checkpoints and resume; its members are kept singly."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch

from ae.data.dataset import Dataset
from ae.disk import notes_of
from ae.errors import Interrupted, OutsideError, exhausted
from ae.machine.threads import products
from ae.spec import Descent, Fit
from ae.training import weights
from ae.training.applied import Applied
from ae.training.batches import Fresh, Source
from ae.training.members import Members, Track, as_notes, here
from ae.training.memory import footprint, free, halves
from ae.training.optimizers import trains
from ae.training.plan import Member, StackPlan
from ae.training.position import Progress
from ae.training.stack import Stack
from ae.training.trainer import Training

CHECKPOINT_SECONDS = 30.0


class Step(NamedTuple):
    """Where a stack's training stands: what is done, the share of the stack's cost, and news."""

    detail: str
    share: float
    news: tuple[str, ...] = ()


@dataclass
class _Curve:
    """A curve of every member of a stack, as it grows."""

    stage: str
    part: str
    steps: list[int] = field(default_factory=list)
    examples: list[int] = field(default_factory=list)
    values: list[list[float]] = field(default_factory=list)

    def of(self, member: int, end: float = math.inf) -> Track:
        """A member's row, up to the step at which it stopped."""
        count = sum(step <= end for step in self.steps)
        values = [point[member] for point in self.values[:count]]
        return Track(self.stage, self.part, self.steps[:count], self.examples[:count], values)

    def last(self, member: int) -> float:
        """The last step at which the member has a number."""
        known = [
            s for s, v in zip(self.steps, self.values, strict=True) if not math.isnan(v[member])
        ]
        return known[-1] if known else math.inf


class StackTraining:
    """Trains a planned stack and keeps its members.

    Args:
        plan: What to train.
        data: Its training set.
        folder: The results folder; members go to `members/`, checkpoints to `checkpoints/`.
        device: Where.
        provenance: What every member's file says of where it was trained.
        held_out: By split, what its stages watch.
        limit: Bytes that the stack may take there beside its data; by default what is free. A
            stack that takes more, or runs out of memory, is trained in halves.
    """

    def __init__(
        self,
        plan: StackPlan,
        data: Dataset,
        folder: Path,
        device: str,
        provenance: Mapping[str, str],
        *,
        held_out: Mapping[str, Dataset] = {},
        limit: float | None = None,
    ) -> None:
        self.plan, self.data, self.device, self.held_out = plan, data, device, held_out
        self.folder, self.limit = folder, limit
        self.provenance = dict(provenance)
        self.members = Members(folder)
        self.checkpoint = checkpoint_path(folder, plan)
        self.curves: dict[tuple[str, str], _Curve] = {}
        self.diverged: dict[int, str] = {}
        builds = [m.build for m in plan.members]
        self.stack = Stack(builds, [m.seed for m in plan.members], device)
        fresh = None if data.fresh is None else Fresh(data.fresh, data.with_noise)
        source = Source(len(data.x), data.batch, fresh, data.told)
        watched = {split: Source(len(d.x), d.batch) for split, d in held_out.items()}
        self.training = Training(self.stack, plan.stages, source, held_out=watched)
        self.applied: Applied | None = None
        self._costs = [self._cost(stage) for _, stage in plan.stages]
        self._before = self._cpu_before = 0.0
        self._stages: dict[str, dict[str, float]] = {}
        self._clock = 0.0
        self._news: list[str] = []

    @property
    def cost(self) -> float:
        """Work in arbitrary units: weights touched, over all steps and examples."""
        return sum(self._costs)

    def _cost(self, stage: Descent | Fit) -> float:
        if isinstance(stage, Fit):
            return 1e9
        named, size = self.stack.parameters.items(), self.training.batches.size(stage)
        trained = sum(p.numel() for step in stage.steps for n, p in named if trains(step, n))
        return float(self.training.steps_of(stage) * trained * (size + 40))

    def run(self, stop: Callable[[], bool]) -> Iterator[Step]:
        """Train; afterwards every member's file is there.

        Raises:
            Interrupted: `stop` said so; a checkpoint is written.
            OutsideError: One member alone runs out of memory; or the disk is full.
        """
        if (why := self._too_large()) is None:
            try:
                with products(self.plan.precision, self.device):
                    yield from self._train(stop)
                return
            except (MemoryError, RuntimeError) as error:
                if (said := exhausted(error)) is None:
                    raise
                why = f"{len(self.plan.members)} members ran out of memory"
                if len(self.plan.members) == 1:
                    raise OutsideError(
                        f"{self.plan.name}: one member alone ran out of memory on {self.device}: "
                        f"{said}"
                    ) from None
        yield from self._in_halves(stop, why)

    def _too_large(self) -> str | None:
        """Why the stack should not be tried whole, if so."""
        limit = free(self.device) if self.limit is None else self.limit
        if limit == math.inf or len(self.plan.members) == 1:
            return None
        examples, features = len(self.data.x), self.data.features
        needed = footprint(self.plan, examples, features, fresh=self.data.fresh is not None).stack
        if needed <= limit:
            return None
        members, gib = len(self.plan.members), 2**30
        return f"{members} members take {needed / gib:.3g} GiB of {limit / gib:.3g}"

    def _in_halves(self, stop: Callable[[], bool], why: str) -> Iterator[Step]:
        """Train half the members, then the others."""
        if self.applied is not None:
            self.applied.close()
        del self.stack, self.training, self.applied
        if torch.device(self.device).type == "cuda":
            torch.cuda.empty_cache()
        done = 0
        place = self.data, self.folder, self.device, self.provenance
        for number, half in enumerate(halves(self.plan), 1):
            part = StackTraining(half, *place, held_out=self.held_out, limit=self.limit)
            for step in part.run(stop):
                share = (done + step.share * len(half.members)) / len(self.plan.members)
                which = f"half {number} of 2, for {why}"
                yield Step(f"{step.detail} ({which})", share, step.news)
            done += len(half.members)

    def _train(self, stop: Callable[[], bool]) -> Iterator[Step]:
        if self.checkpoint.exists():
            self._resume()
        self.applied = self.applied or Applied(self.training)
        started = written = time.perf_counter()
        cpu = self._clock = time.process_time()
        for progress in self.training.run():
            self._hear(progress)
            self.applied.see(progress)
            self._meter(progress)
            now = time.perf_counter()
            if stop():
                self._save(now - started, time.process_time() - cpu)
                raise Interrupted
            if now - written > CHECKPOINT_SECONDS:
                self._save(now - started, time.process_time() - cpu)
                written = time.perf_counter()
                started += written - now
            yield Step(self._described(progress), self._share(progress), self._told())
            if len(self.diverged) == len(self.plan.members):
                yield Step("all members diverged; training stops", 1.0)
                break
        self._finish(time.perf_counter() - started, time.process_time() - cpu)
        self.applied.close()
        yield Step("trained", 1.0, self._told())

    def _told(self) -> tuple[str, ...]:
        news, self._news = tuple(self._news), []
        return news

    def _described(self, progress: Progress) -> str:
        """The stage's name, and why it is slower than it could be."""
        reason = self.training.reason
        return progress.stage if reason is None else f"{progress.stage}, no CUDA graph: {reason}"

    def _share(self, progress: Progress) -> float:
        index = [name for name, _ in self.training.stages].index(progress.stage)
        done = sum(self._costs[:index]) + self._costs[index] * progress.step / progress.steps
        return done / self.cost

    def _hear(self, progress: Progress) -> None:
        for part, values in progress.points.items():
            key = (progress.stage, part)
            curve = self.curves.setdefault(key, _Curve(*key))
            curve.steps.append(progress.step)
            curve.examples.append(progress.examples)
            curve.values.append(values.double().tolist())
        if not progress.parts:
            return
        fine = progress.parts["loss"].isfinite()
        if progress.stopped is not None:
            fine |= progress.stopped
        for index, value in enumerate(fine.tolist()):
            if not value:
                where = f"{progress.stage}, by step {progress.step} of {progress.steps}"
                self._lose(index, f"loss not finite in {where}")

    def _meter(self, progress: Progress) -> None:
        """Take note of what a member's share of the stage has taken so far."""
        now = time.process_time()
        stage = self._stages.setdefault(progress.stage, {"steps": 0, "cpu_seconds": 0.0})
        stage["steps"] = progress.step
        stage["cpu_seconds"] += (now - self._clock) / len(self.plan.members)
        self._clock = now

    def _lose(self, index: int, why: str) -> None:
        if index not in self.diverged:
            self.diverged[index] = why
            member = self.plan.members[index]
            self._news.append(f"run {member.run!r}, seed {member.seed} diverged: {why}")

    def _save(self, seconds: float, cpu: float) -> None:
        notes = {
            "curves": [vars(c) | {"values": _texts(c.values)} for c in self.curves.values()],
            "diverged": {str(i): reason for i, reason in self.diverged.items()},
            "seconds": self._before + seconds,
            "cpu_seconds": self._cpu_before + cpu,
            "provenance": self.provenance,
            "members": [m.key for m in self.plan.members],
            "names": [[m.run, m.seed] for m in self.plan.members],
            "stages": self._stages,
            "share": self._done(),
            "applied": self.applied.tables() if self.applied else [],
        }
        weights.save(self.checkpoint, self.training.state(), notes)

    def _done(self) -> float:
        at = self.training.at
        if at.stage >= len(self._costs):
            return 1.0
        steps = self.training.steps_of(self.training.stages[at.stage][1])
        done = sum(self._costs[: at.stage]) + self._costs[at.stage] * at.step / steps
        return done / self.cost if self.cost else 1.0

    def _resume(self) -> None:
        tensors, notes = weights.load(self.checkpoint, "cpu")
        self.training.load(tensors)
        for saved in notes["curves"]:
            values = [[float(v) for v in point] for point in saved["values"]]
            curve = _Curve(**(saved | {"values": values}))
            self.curves[curve.stage, curve.part] = curve
        self.diverged = {int(i): reason for i, reason in notes["diverged"].items()}
        self._before, self._cpu_before = notes["seconds"], notes["cpu_seconds"]
        self._stages = notes["stages"]
        self.provenance = notes["provenance"]
        self.applied = Applied(self.training, notes.get("applied", ()))

    def _finish(self, seconds: float, cpu: float) -> None:
        for index in self._broken():
            self._lose(index, "weights not finite at the end of training")
        count, tensors = len(self.plan.members), self.stack.tensors()
        for i, member in enumerate(self.plan.members):
            ends = self._ends(i)
            tracks = [c.of(i, ends.get(c.stage, math.inf)) for c in self.curves.values()]
            notes: dict[str, Any] = {
                "tracks": as_notes(tracks),
                "diverged": self.diverged.get(i),
                "steps": self._steps(ends),
                "seconds": (self._before + seconds) / count,
                "cpu_seconds": (self._cpu_before + cpu) / count,
                "stages": self._stages,
                "trained": self.provenance,
                "applied": self.applied.of(i) if self.applied else {},
            }
            own = {name: tensor[i] for name, tensor in tensors.items()}
            self.members.save(member, here(self.device), own, notes)
        self.checkpoint.unlink(missing_ok=True)

    def _ends(self, index: int) -> dict[str, float]:
        """At which step of a stage that may end early a member stopped, alone or beside others."""
        found = {}
        for name, stage in self.plan.stages:
            if isinstance(stage, Descent) and stage.keep and stage.keep.patience is not None:
                curve = self.curves.get((name, f"{stage.keep.watch}/{stage.keep.part}"))
                found[name] = math.inf if curve is None else curve.last(index)
        return found

    def _steps(self, ends: Mapping[str, float]) -> int:
        """Steps that a member took: all, but where it stopped, or every member diverged."""
        return sum(
            int(min(stage["steps"], ends.get(name, math.inf)))
            for name, stage in self._stages.items()
        )

    def _broken(self) -> list[int]:
        finite = torch.ones(len(self.plan.members), dtype=torch.bool)
        for parameter in self.stack.parameters.values():
            finite &= parameter.detach().flatten(1).isfinite().all(1).cpu()
        return [i for i, good in enumerate(finite.tolist()) if not good]


def checkpoint_path(folder: Path, plan: StackPlan) -> Path:
    """Where the checkpoint of a stack is, while it trains."""
    return folder / "checkpoints" / f"{plan.key}.safetensors"


def begun(folder: Path, wanted: Sequence[Member], missing: Sequence[Member]) -> list[StackPlan]:
    """Stacks that have a checkpoint: they go on as they began, whoever else is to be trained now.

    A checkpoint of members that are all there, or no longer wanted, is left alone.

    Args:
        folder: The results folder.
        wanted: All members of the tier that are wanted.
        missing: Those of them that have no file.

    Raises:
        OutsideError: A checkpoint is damaged.
    """
    known, lacking = {m.key: m for m in wanted}, {m.key for m in missing}
    plans = []
    for path in sorted((folder / "checkpoints").glob("[!.]*.safetensors")):
        keys = notes_of(path).get("members", [])
        if lacking & {*keys} and all(key in known for key in keys):
            plans.append(StackPlan(tuple(known.pop(key) for key in keys)))
    return plans


def progress_of(folder: Path, plan: StackPlan) -> float:
    """What share of a stack an interrupted session has done, by its checkpoint; 0 without one."""
    path = checkpoint_path(folder, plan)
    return float(notes_of(path)["share"]) if path.exists() else 0.0


def _texts(values: list[list[float]]) -> list[list[str]]:
    """Floats as text that reads back to the same bits, NaN and infinity included."""
    return [[repr(v) for v in point] for point in values]
