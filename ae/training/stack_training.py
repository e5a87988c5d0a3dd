"""Training one stack to the end, with curves, checkpoints and resume; its members are kept singly."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from ae.data.dataset import Dataset
from ae.errors import Interrupted, OutsideError, exhausted
from ae.machine.threads import products
from ae.training import weights
from ae.training.applied import Applied
from ae.training.batches import Fresh, Source
from ae.training.checkpoints import checkpoint_path
from ae.training.growing import Curves
from ae.training.members import Members, as_notes, here
from ae.training.memory import footprint, free, halves
from ae.training.plan import StackPlan
from ae.training.position import Progress
from ae.training.stack import Stack
from ae.training.trainer import Training
from ae.training.work import Work

CHECKPOINT_SECONDS = 30.0


class Step(NamedTuple):
    """Where a stack's training stands: what is done, the share of the stack's cost, and news."""

    detail: str
    share: float
    news: tuple[str, ...] = ()


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
        self.curves = Curves()
        self.diverged: dict[int, str] = {}
        builds = [m.build for m in plan.members]
        self.stack = Stack(builds, [m.seed for m in plan.members], device)
        fresh = None if data.fresh is None else Fresh(data.fresh, data.with_noise)
        source = Source(len(data.x), data.batch, fresh, data.told)
        watched = {split: Source(len(d.x), d.batch) for split, d in held_out.items()}
        self.training = Training(self.stack, plan.stages, source, held_out=watched)
        self.applied: Applied | None = None
        self.work = Work(self.training)
        self._before = self._cpu_before = 0.0
        self._stages: dict[str, dict[str, float]] = {}
        self._clock = 0.0
        self._news: list[str] = []

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
        del self.stack, self.training, self.work, self.applied
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
            yield Step(self._described(progress), self.work.share(progress), self._told())
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

    def _hear(self, progress: Progress) -> None:
        self.curves.hear(progress)
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
            "curves": self.curves.tables(),
            "diverged": {str(i): reason for i, reason in self.diverged.items()},
            "seconds": self._before + seconds,
            "cpu_seconds": self._cpu_before + cpu,
            "provenance": self.provenance,
            "members": [m.key for m in self.plan.members],
            "names": [[m.run, m.seed] for m in self.plan.members],
            "stages": self._stages,
            "share": self.work.done(),
            "applied": self.applied.tables() if self.applied else [],
        }
        weights.save(self.checkpoint, self.training.state(), notes)

    def _resume(self) -> None:
        tensors, notes = weights.load(self.checkpoint, "cpu")
        self.training.load(tensors)
        self.curves = Curves.read(notes["curves"])
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
            ends = self.curves.ends(i, self.plan.stages)
            notes: dict[str, Any] = {
                "tracks": as_notes(self.curves.of(i, ends)),
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

    def _steps(self, ends: Mapping[str, float]) -> int:
        """Steps that a member took: all, but where it stopped, or every member diverged."""
        taken = {name: stage["steps"] for name, stage in self._stages.items()}
        return sum(int(min(steps, ends.get(name, math.inf))) for name, steps in taken.items())

    def _broken(self) -> list[int]:
        finite = torch.ones(len(self.plan.members), dtype=torch.bool)
        for parameter in self.stack.parameters.values():
            finite &= parameter.detach().flatten(1).isfinite().all(1).cpu()
        return [i for i, good in enumerate(finite.tolist()) if not good]
