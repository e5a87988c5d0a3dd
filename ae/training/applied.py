"""What a training really applied, seen from outside: one flat table a member, for the gate.

Shapes and first weights, the examples that were given, the optimisers' numbers at the first and the
last step, buffers along the way, the first batch, the first noise. No key of a member depends on
this code, and it draws nothing.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ae.models.base import Batch, Noise
from ae.spec import Descent
from ae.training.noted import Value, correlations, moments, numbers_of, shape, short
from ae.training.position import Progress
from ae.training.trainer import Training

Rows = list[Value]
"""One a member."""

SMALL = 8  # elements of a buffer that is followed step by step
FEW = 4096  # numbers that a correlation, or a first step, is taken of
POINTS = 5  # of a stage, at which buffers and schedules are noted


class Applied:
    """Watches a training; `of` is what a member's file keeps.

    Args:
        training: What is watched. Where steps are recorded (CUDA), batches and noise are not seen.
        known: What was seen before an interruption, as `tables` gave it.
    """

    def __init__(self, training: Training, known: Sequence[Mapping[str, Value]] = ()) -> None:
        self.training, self.stack = training, training.stack
        self.count = len(self.stack.seeds)
        self._found: dict[str, Rows] = {}
        self._begun: dict[str, Tensor] = {}
        self._given: dict[str, int] = {}
        self._distinct: dict[str, Tensor] = {}
        self._whole: set[str] = set()  # stages that are watched from their beginning
        if known:
            self._found = {key: [own[key] for own in known] for key in known[0]}
        else:
            self._weights()
        if training.capture is None:
            self._listen()

    def of(self, member: int) -> dict[str, Value]:
        """A member's table, numbers to seven digits."""
        return {key: short(rows[member]) for key, rows in sorted(self._found.items())}

    def tables(self) -> list[dict[str, Value]]:
        """All members'."""
        return [self.of(member) for member in range(self.count)]

    def see(self, progress: Progress) -> None:
        """Take note of where the training stands after a step."""
        stage, steps = progress.stage, progress.steps
        first = progress.step == 1
        if first and self._begun:
            self._moved()
        if not (first or progress.parts is not None or progress.step == steps):
            return
        self._put(f"{stage}/examples", self.training.data.examples)
        if self._patient(stage):  # it ends when it will, whatever is applied
            if first:
                self._numbers(stage, "first")
            return
        self._put(f"{stage}/steps", progress.step)
        if stage in self._given and stage in self._whole:
            self._put(f"{stage}/given", self._given[stage])
            distinct = self._members(self._distinct[stage].sum(1))
            self._found[f"{stage}/distinct"] = distinct.tolist()
        self._numbers(stage, "first" if first else "last")
        for part in range(1, POINTS):
            if progress.step <= math.ceil(part * steps / (POINTS - 1)):
                self._buffers(f"{stage}/at {part}")
                break

    def _patient(self, name: str) -> bool:
        """Whether a stage may end before its last step."""
        stage = dict(self.training.stages)[name]
        return (
            isinstance(stage, Descent)
            and stage.keep is not None
            and stage.keep.patience is not None
        )

    def _put(self, key: str, value: Value) -> None:
        self._found[key] = [value] * self.count

    def _statistics(self, key: str, tensor: Tensor) -> None:
        """Mean and deviation of a tensor with the member axis first."""
        found = [moments(own) for own in tensor.detach().reshape(self.count, -1)]
        self._found[f"{key}/mean"] = [mean for mean, _ in found]
        self._found[f"{key}/deviation"] = [deviation for _, deviation in found]

    def _weights(self) -> None:
        digests = [hashlib.sha256() for _ in range(self.count)]
        for name, parameter in self.stack.parameters.items():
            self._put(f"parameter {name}/shape", shape(parameter))
            self._statistics(f"parameter {name}/first", parameter)
            for digest, own in zip(digests, parameter.detach().cpu(), strict=True):
                digest.update(own.contiguous().numpy())
        self._found["parameters/digest"] = [digest.hexdigest()[:16] for digest in digests]
        sizes = sum(p[0].numel() for p in self.stack.parameters.values())
        self._put("parameters/count", sizes)
        for name, buffer in self.stack.buffers.items():
            self._put(f"buffer {name}/shape", shape(buffer))
        self._begun = {k: self._some(p).clone() for k, p in self.stack.parameters.items()}

    def _some(self, parameter: Tensor) -> Tensor:
        """Up to some thousand numbers of each member's, spread over the parameter."""
        flat = parameter.detach().reshape(self.count, -1)
        return flat[:, :: max(1, flat.shape[1] // FEW)]

    def _moved(self) -> None:
        """How far the first step of all moved each parameter, root mean square of some numbers."""
        for name, before in self._begun.items():
            moved = (self._some(self.stack.parameters[name]) - before).double()
            self._found[f"parameter {name}/first step"] = moved.square().mean(1).sqrt().tolist()
        self._begun = {}

    def _numbers(self, stage: str, when: str) -> None:
        """The numbers of every group of every optimiser."""
        steps = self.training.steps
        if steps is None:
            return
        for place, made in {"": steps.own, **steps.phases}.items():
            for role, optimizer in getattr(made, "roles", {}).items():
                name = "/".join(filter(None, (stage, place, role)))
                self._put(f"{name}/class", type(optimizer).__name__)
                for index, group in enumerate(optimizer.param_groups):
                    size = sum(p.shape[1] for p in group["params"])
                    self._put(f"{name}/group {index}/numbers", size)
                    for key, value in numbers_of(group).items():
                        self._put(f"{name}/group {index}/{key} {when}", value)

    def _buffers(self, key: str) -> None:
        for name, buffer in self.stack.buffers.items():
            flat = buffer.detach().reshape(self.count, -1)
            if flat.shape[1] <= SMALL:
                self._found[f"{key}/buffer {name}"] = flat.double().mean(1).tolist()

    # ------------------------------------------------------------ batches and noise

    def _listen(self) -> None:
        batches, noise = self.training.batches, self.training.noise
        at, draw = batches.at, noise.draw

        def watched_at(index: Tensor) -> Batch:
            batch = at(index)
            self._batch(index, batch)
            return batch

        def watched_draw(draws: dict[str, Any], size: int) -> Noise:
            drawn = draw(draws, size)
            self._noise(draws, drawn)
            return drawn

        setattr(batches, "at", watched_at)  # noqa: B010 - of this object alone
        setattr(noise, "draw", watched_draw)  # noqa: B010

    def close(self) -> None:
        """Watch no more: nothing of the training refers to this any longer, so memory is free at once."""
        vars(self.training.batches).pop("at", None)
        vars(self.training.noise).pop("draw", None)

    def _stage(self) -> str:
        return self.training.stages[self.training.at.stage][0]

    def _batch(self, index: Tensor, batch: Batch) -> None:
        stage = self._stage()
        if stage not in self._given:
            if self.training.at.step == 0:
                self._whole.add(stage)
                self._put(f"{stage}/batch/shape", shape(batch.x))
                self._statistics(f"{stage}/batch", batch.x)
                self._digests(f"{stage}/order", self._members(index))
            size = len(index), self.training.data.examples
            self._given[stage] = 0
            self._distinct[stage] = torch.zeros(size, dtype=torch.bool, device=index.device)
        self._given[stage] += index.shape[1]
        self._distinct[stage].scatter_(1, index, True)

    def _members(self, rows: Tensor) -> Tensor:
        """A row of every member out of one of every seed."""
        spread = self.training.noise.spread
        return rows if spread is None else rows[spread]

    def _digests(self, key: str, rows: Tensor) -> None:
        """What two seeds must not have in common."""
        own = [hashlib.sha256(row.cpu().numpy().tobytes()).hexdigest()[:16] for row in rows]
        self._found[f"{key}/digest"] = list(own)

    def _noise(self, draws: Mapping[str, Any], drawn: Noise) -> None:
        stage, step = self._stage(), self.training.at.step
        if step == 1:
            self._anew(stage, drawn)
        if step > 0:
            return
        for name, values in drawn.items():
            key = f"{stage}/noise {name}"
            if f"{key}/shape" in self._found or values.numel() == 0:
                continue
            self._put(f"{key}/law", str(draws[name].law))
            self._put(f"{key}/shape", shape(values))
            self._statistics(key, values)
            flat = values.detach().reshape(self.count, -1)[:, :FEW].double()
            self._found[f"{key}/correlation"] = list(correlations(flat, self.stack.seeds))
            if flat.shape[1] > 1:
                self._digests(key, flat)

    def _anew(self, stage: str, drawn: Noise) -> None:
        """Whether the second step draws other noise than the first."""
        for name, values in drawn.items():
            key = f"{stage}/noise {name}"
            first = self._found.get(f"{key}/digest")
            if first is not None and f"{key}/anew" not in self._found:
                flat = values.detach().reshape(self.count, -1)[:, :FEW].double()
                self._digests(f"{key}/second", flat)
                second = self._found.pop(f"{key}/second/digest")
                same = [one == two for one, two in zip(first, second, strict=True)]
                self._found[f"{key}/anew"] = ["no" if one else "yes" for one in same]
