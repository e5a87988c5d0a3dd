"""Has the stacks of a session trained on a Ray cluster, and all else done here.

At most as many stacks as have room, and as many again that wait, are on the cluster: what this
process holds, and what the cluster keeps for it, do not grow with the number of stacks.

If a worker or its node dies, or runs out of memory, the stack starts again from its beginning
wherever there is room, at most `RETRIES` times: checkpoints die with the worker that wrote them. An
error of the stack itself is not tried again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ae.data.dataset import Dataset
from ae.disk import write_atomically
from ae.errors import OutsideError, UserError
from ae.machine.provenance import of_training
from ae.running.event import Event
from ae.running.jobs import Job
from ae.running.paper import Paper
from ae.running.pool import Crew
from ae.running.ray.reach import line
from ae.running.ray.task import release, train
from ae.running.worker import Crashed, Done, Failed, Happened, Message, Stopped
from ae.training.members import FOLDER
from ae.training.plan import StackPlan

if TYPE_CHECKING:
    from ae.running.ray.cluster import Cluster

RETRIES = 3  # of a stack whose worker or node died
AHEAD = 2  # stacks on the cluster for each that it has room for: who ends, finds the next there
LOST_SECONDS = 60.0  # to wait for a node when none is left that a stack fits on
BEAT_SECONDS = 0.5  # between looks at the cluster
CANCEL_SECONDS = 5.0  # to let workers clean up
SAME = ("torch", "numpy", "safetensors")  # versions that workers must share with this machine


@dataclass
class _Sent:
    """A stack on its way: `tries` counts from 1."""

    job: Job
    plan: StackPlan
    data: Dataset
    folder: Path
    provenance: dict[str, str]
    held_out: Mapping[str, Dataset]
    tries: int = 1


class RayCrew:
    """Does the jobs of a suite: trains on a cluster, plans and concludes in a process here.

    Args:
        cluster: The cluster.
        ray: The library, connected.
    """

    def __init__(self, cluster: "Cluster", ray: Any) -> None:
        self._cluster, self._ray = cluster, ray
        self._here = Crew(1, cluster.cpus)
        self._sent: dict[Any, _Sent] = {}
        self._data: dict[str, Any] = {}
        self._papers: dict[Path, Paper] = {}
        self._queue: list[Job] = []  # for the process here
        self._room = AHEAD * cluster.room()
        self._lost = 0.0
        self._told = False

    @property
    def free(self) -> int:
        """Room on the cluster; once a plan waits, which is what comes last, all else was given."""
        if self._told or any(job.kind == "plan" for job in self._queue):
            return 0
        return max(0, max(1, self._room) - len(self._sent))  # one, to be told of a lost cluster

    @property
    def busy(self) -> int:
        """Jobs that are not over."""
        return len(self._sent) + len(self._queue) + self._here.busy

    def give(self, job: Job) -> None:
        """Send a stack to the cluster; do anything else here, one after another."""
        if job.kind != "train":
            self._queue.append(job)
            self._go_on()
            return
        if job.path not in self._papers:
            self._papers[job.path] = Paper(job.path, job.settings)
        paper = self._papers[job.path]
        plan = paper.stack(job.stack)
        data = paper.source(plan.members[0])
        provenance = of_training(job.settings.library.built_in, "cpu", plan.precision)
        watched = paper.watched(plan.cells[0])
        self._submit(_Sent(job, plan, data, paper.folder, provenance, watched))

    def hear(self) -> Iterator[tuple[Job, Message]]:
        """What came back meanwhile."""
        if self._told:  # what was not begun is over
            queue, self._queue = self._queue, []
            for job in queue:
                yield job, Stopped("not begun")
        if self._here.busy:
            for job, message in self._here.hear():
                if job.kind == "conclude" and isinstance(message, Done):
                    self._papers.pop(job.path, None)  # its data are not needed any more
                yield job, message
            self._go_on()
        self._room = AHEAD * self._cluster.room()
        if not self._sent:
            return
        refs = list(self._sent)
        self._ray.wait(refs, timeout=BEAT_SECONDS)  # for the first, then see who is there as well
        ready, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
        for ref in ready:
            sent = self._sent.pop(ref)
            yield sent.job, self._collect(ref, sent)
        for sent in self._sent.values():
            left = f"waiting for {len(self._sent)} stacks on the cluster"
            yield sent.job, Happened(Event("train", left, 0, 1, 0.0))
            break
        self._lost = 0.0 if self._room else self._lost + BEAT_SECONDS
        if self._sent and self._lost > LOST_SECONDS:
            for sent in self._sent.values():
                yield sent.job, Failed("OutsideError", f"--executor ray: {self._cluster.lack()}")
            self._cancel()

    def stop(self) -> None:
        """Cancel what is on the cluster: stacks that were trained are stored."""
        if not self._told:
            self._told = True
            self._here.stop()
            self._cancel()

    def close(self) -> None:
        """Cancel, and end the process here."""
        self._cancel()
        self._here.close()

    def _go_on(self) -> None:
        """Have the next job done here, if there is one and none is at work."""
        if self._queue and not self._told and self._here.free:
            order = {"conclude": 0, "plan": 1}
            job = min(self._queue, key=lambda job: order[job.kind])
            self._queue.remove(job)
            self._here.give(job)

    def _submit(self, sent: _Sent) -> None:
        """Send a stack; its data only if the cluster does not have them."""
        data = self._put(sent.data)
        held_out = {split: self._put(held) for split, held in sent.held_out.items()}
        device, cpus = self._cluster.device, self._cluster.cpus
        task = self._ray.remote(train).options(
            num_cpus=cpus,
            num_gpus=int(device == "cuda"),
            max_retries=0,  # `_collect` tries again, so that a person hears of it
            name=f"ae: {sent.plan.name}",
        )
        versions = {name: release(name) for name in SAME}
        facts = {split: facts for split, (_, facts) in held_out.items()}
        arrays = [
            ref for ref, _ in (data, *held_out.values())
        ]  # Ray follows arguments, not what is in them
        ref = task.remote(
            sent.plan, (data[1], facts), device, cpus, versions, sent.provenance, *arrays
        )
        self._sent[ref] = sent

    def _put(self, data: Dataset) -> tuple[Any, dict[str, Any]]:
        """Where the cluster has the arrays of a data set, and all else of it."""
        parts = {f.name: getattr(data, f.name) for f in fields(data)}
        tensors = {name: part for name, part in parts.items() if isinstance(part, torch.Tensor)}
        if data.sha256 not in self._data:
            arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
            self._data[data.sha256] = self._ray.put(arrays)
        facts = {name: part for name, part in parts.items() if name not in tensors}
        return self._data[data.sha256], facts

    def _collect(self, ref: Any, sent: _Sent) -> Message:
        """Store what a task returned, or send its stack again; says which."""
        errors, name = self._ray.exceptions, sent.plan.name
        deaths = (
            errors.WorkerCrashedError,
            errors.NodeDiedError,
            errors.OutOfMemoryError,
            errors.ObjectLostError,
        )
        try:
            files = self._ray.get(ref)
        except errors.RayTaskError as error:
            if isinstance(error.cause, OutsideError | UserError):
                return Failed(type(error.cause).__name__, str(error.cause))
            return Crashed(str(error))
        except deaths as error:
            kind = type(error).__name__
            if sent.tries > RETRIES:
                text = f"--executor ray: {name}: {sent.tries} workers died, the last by {kind}"
                return Failed("OutsideError", text)
            self._submit(replace(sent, tries=sent.tries + 1))
            again = f"{name}: {kind}; starts again ({sent.tries} of {RETRIES})"
            return Happened(Event("train", again, 0, 1, 0.0, (again,)))
        except errors.RayError as error:
            return Failed("OutsideError", f"--executor ray: {name}: {line(error)}")
        for file, content in files.items():
            write_atomically(sent.folder / FOLDER / file, content)
        return Done(None, None)

    def _cancel(self) -> None:
        refs = list(self._sent)
        self._sent = {}
        for ref in refs:
            self._ray.cancel(ref)
        if refs:
            _, left = self._ray.wait(refs, num_returns=len(refs), timeout=CANCEL_SECONDS)
            for ref in left:
                self._ray.cancel(ref, force=True)
