"""Training one stack to the end, with curves, checkpoints and resume."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ae import store
from ae.batches import Fresh, Source
from ae.data.dataset import Dataset
from ae.environment import products
from ae.errors import OutsideError, exhausted
from ae.fitted import Fitted, Track, provenance
from ae.memory import footprint, free, halves
from ae.plan import StackPlan
from ae.position import Progress
from ae.seeds import Stack
from ae.spec import Descent, Fit
from ae.train import Training

CHECKPOINT_SECONDS = 30.0


class Interrupted(Exception):
    """Training stopped on request, after a checkpoint; the next run goes on from there."""


class Fitting:
    """Trains a planned stack, or takes it from disk where it is done.

    Args:
        plan: What to train.
        data: Its training set.
        folder: The run's folder; weights go to `stacks/`, checkpoints to `checkpoints/`.
        device: Where.
        limit: Bytes that the stack may take there beside its data; by default what is free. A
            stack that takes more, or runs out of memory, is trained in halves and put together.
    """

    def __init__(
        self,
        plan: StackPlan,
        data: Dataset,
        folder: Path,
        device: str,
        *,
        limit: float | None = None,
    ) -> None:
        self.plan, self.data, self.device = plan, data, device
        self.folder, self.limit = folder, limit
        self.weights = folder / "stacks" / f"{plan.key}.safetensors"
        self.checkpoint = folder / "checkpoints" / f"{plan.key}.safetensors"
        self.tracks: dict[tuple[str, str], Track] = {}
        self.diverged: dict[int, str] = {}
        self.result: Fitted | None = None
        builds = [m.build for m in plan.members]
        self.stack = Stack(builds, [m.seed for m in plan.members], device)
        fresh = None if data.fresh is None else Fresh(data.fresh, data.with_noise)
        source = Source(len(data.x), data.batch, fresh)
        self.training = Training(self.stack, plan.stages, source)
        self.steps = self.training.total
        self._costs = [self._cost(stage) for _, stage in plan.stages]
        self._before = 0.0
        self._trained: dict[str, str] = {}

    @property
    def cost(self) -> float:
        """Work in arbitrary units: weights touched, over all steps and examples."""
        return sum(self._costs)

    def _cost(self, stage: Descent | Fit) -> float:
        if isinstance(stage, Fit):
            return 1e9
        trained = sum(p.numel() for n, p in self.stack.parameters.items() if stage.trains(n))
        return float(self.training.steps_of(stage) * trained * (stage.batch + 40))

    def run(self, stop: Callable[[], bool]) -> Iterator[tuple[str, float]]:
        """Train; yields the stage's name and the share of the stack's cost that is done."""
        if self.weights.exists():
            self._take()
            yield "already trained", 1.0
            return
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

    def _in_halves(self, stop: Callable[[], bool], why: str) -> Iterator[tuple[str, float]]:
        """Train half the members, then the others; each half is stored by its own key."""
        del self.stack, self.training
        if torch.device(self.device).type == "cuda":
            torch.cuda.empty_cache()
        results: list[Fitted] = []
        done = 0
        for half in halves(self.plan):
            part = Fitting(half, self.data, self.folder, self.device, limit=self.limit)
            for name, share in part.run(stop):
                place = f"half {len(results) + 1} of 2, for {why}"
                yield (
                    f"{name} ({place})",
                    (done + share * len(half.members)) / len(self.plan.members),
                )
            done += len(half.members)
            assert part.result is not None
            results.append(part.result)
        self._join(*results)

    def _join(self, first: Fitted, second: Fitted) -> None:
        self.stack = Stack.join([first.stack, second.stack])
        for mine, more in zip(first.curves, second.curves, strict=True):
            values = [a + b for a, b in zip(mine.values, more.values, strict=True)]
            self.tracks[mine.stage, mine.part] = replace(mine, values=values)
        offset = len(first.stack.seeds)
        self.diverged = first.diverged | {offset + m: why for m, why in second.diverged.items()}
        self._before = first.seconds_before + second.seconds_before
        self._trained = first.trained
        self._finish(first.seconds + second.seconds - self._before)

    def _train(self, stop: Callable[[], bool]) -> Iterator[tuple[str, float]]:
        if self.checkpoint.exists():
            self._resume()
        started = written = time.perf_counter()
        for progress in self.training.run():
            self._hear(progress)
            now = time.perf_counter()
            if stop():
                self._save(now - started)
                raise Interrupted
            if now - written > CHECKPOINT_SECONDS:
                self._save(now - started)
                written = time.perf_counter()
                started += written - now
            yield self._described(progress), self._share(progress)
        self._finish(time.perf_counter() - started)

    def _described(self, progress: Progress) -> str:
        """The stage's name, and why it is slower than it could be."""
        reason = self.training.reason
        return progress.stage if reason is None else f"{progress.stage}, no CUDA graph: {reason}"

    def _share(self, progress: Progress) -> float:
        index = [name for name, _ in self.training.stages].index(progress.stage)
        done = sum(self._costs[:index]) + self._costs[index] * progress.step / progress.steps
        return done / self.cost

    def _hear(self, progress: Progress) -> None:
        if not progress.parts:
            return
        for part, values in progress.parts.items():
            key = (progress.stage, part)
            track = self.tracks.setdefault(key, Track(*key))
            track.steps.append(progress.step)
            track.examples.append(progress.examples)
            track.values.append(values.double().tolist())
        for member, value in enumerate(progress.parts["loss"].isfinite().tolist()):
            if not value:
                where = f"{progress.stage}, by step {progress.step} of {progress.steps}"
                self.diverged.setdefault(member, f"loss not finite in {where}")

    def _notes(self, seconds: float) -> dict[str, Any]:
        return {
            "tracks": [vars(t) | {"values": _texts(t.values)} for t in self.tracks.values()],
            "diverged": {str(m): reason for m, reason in self.diverged.items()},
            "seconds": self._before + seconds,
            "steps": self.steps,
            "trained": self._trained or provenance(self.device, self.plan.precision),
        }

    def _read_notes(self, notes: dict[str, Any]) -> None:
        for saved in notes["tracks"]:
            values = [[float(v) for v in point] for point in saved["values"]]
            track = Track(**(saved | {"values": values}))
            self.tracks[track.stage, track.part] = track
        self.diverged = {int(m): reason for m, reason in notes["diverged"].items()}
        self._before = notes["seconds"]
        self._trained = notes["trained"]

    def _save(self, seconds: float) -> None:
        store.save(self.checkpoint, self.training.state(), self._notes(seconds))

    def _resume(self) -> None:
        tensors, notes = store.load(self.checkpoint, "cpu")
        self.training.load(tensors)
        self._read_notes(notes)

    def _finish(self, seconds: float) -> None:
        for member in self._broken():
            self.diverged.setdefault(member, "weights not finite at the end of training")
        store.save(self.weights, self.stack.tensors(), self._notes(seconds))
        self.checkpoint.unlink(missing_ok=True)
        self._conclude(self._before + seconds)

    def _broken(self) -> list[int]:
        finite = torch.ones(len(self.plan.members), dtype=torch.bool)
        for parameter in self.stack.parameters.values():
            finite &= parameter.detach().flatten(1).isfinite().all(1).cpu()
        return [i for i, good in enumerate(finite.tolist()) if not good]

    def _take(self) -> None:
        tensors, notes = store.load(self.weights, "cpu")
        self.stack.load(tensors)
        self._read_notes(notes)
        self._conclude(self._before)

    def _conclude(self, seconds: float) -> None:
        self.result = Fitted(
            stack=self.stack,
            curves=list(self.tracks.values()),
            diverged=self.diverged,
            steps=self.steps,
            seconds=seconds,
            seconds_before=self._before,
            trained=self._trained or provenance(self.device, self.plan.precision),
        )


def _texts(values: list[list[float]]) -> list[list[str]]:
    """Floats as text that reads back to the same bits, NaN and infinity included."""
    return [[repr(v) for v in point] for point in values]
