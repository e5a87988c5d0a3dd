"""Trains stacks on a Ray cluster: what comes back is what training here would have written.

A task is a stack. Its training set lies in the object store, once a node; the code of `ae` travels
with the job, so a worker needs only the libraries, in the versions of this machine. The worker
trains as `ae.training.stack_training` does and returns the bytes of the members' files, which are
stored where a local run would have stored them. Planning, measuring and drawing stay here.

If a worker or its node dies, or runs out of memory, the stack starts again from its beginning
wherever there is room, at most `RETRIES` times: checkpoints die with the worker that wrote them. An
error of the stack itself is not tried again.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from ae.data.dataset import Dataset
from ae.disk import write_atomically
from ae.errors import OutsideError, UserError
from ae.machine.modules import PACKAGE
from ae.machine.provenance import of_training
from ae.machine.threads import POLICY
from ae.redaction import bare, redacted
from ae.running.event import Event
from ae.running.jobs import Job
from ae.running.paper import Paper
from ae.running.pool import Crew
from ae.running.ray.task import release, train
from ae.running.worker import Crashed, Done, Failed, Happened, Message
from ae.training.members import FOLDER
from ae.training.plan import StackPlan

RETRIES = 3  # of a stack whose worker or node died
REACH_SECONDS = 10.0  # to wait for an address to answer
LOST_SECONDS = 60.0  # to wait for a node when none is left that a stack fits on
BEAT_SECONDS = 0.5  # between looks at the cluster
CANCEL_SECONDS = 5.0  # to let workers clean up
PROBE = "import sys, ray; ray.init(sys.argv[1], logging_level='ERROR', log_to_driver=False)"
SAME = ("torch", "numpy", "safetensors")  # versions that workers must share with this machine


class Cluster:
    """A Ray cluster that trains stacks.

    Args:
        address: `HOST:PORT` of the cluster's head. None is `RAY_ADDRESS`, else the cluster that
            this machine belongs to, else a new one on this machine that ends with `close`.
        device: What a stack trains on: `cpu`, `cuda` (one GPU a stack), or `auto`, which is CUDA
            where the cluster has a GPU.
        cpus: CPU cores of a stack, and its threads; this process takes as many, so that it measures
            as it would measure what it trained itself.

    Raises:
        OutsideError: Ray is not installed, the address does not answer, or no node is large enough.
    """

    def __init__(self, address: str | None, device: str, cpus: int) -> None:
        torch.set_num_threads(cpus)
        self._ray = _connect(address, cpus)
        gpus = self._ray.cluster_resources().get("GPU", 0) >= 1
        self.device = ("cuda" if gpus else "cpu") if device == "auto" else device
        self.cpus = cpus
        if lack := self.lack():
            self.close()
            raise OutsideError(f"--executor ray: {lack}")

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        self._ray.shutdown()

    def crew(self) -> "RayCrew":
        """Who does the jobs of a suite: stacks there, all else here."""
        return RayCrew(self, self._ray)

    def lack(self) -> str:
        """What keeps a stack from ever being placed; empty if nothing does."""
        wanted = {"CPU": self.cpus, "GPU": int(self.device == "cuda")}
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        if any(all(n.get(k, 0) >= v for k, v in wanted.items()) for n in nodes):
            return ""
        have = sorted(f"{n.get('CPU', 0):g} CPU and {n.get('GPU', 0):g} GPU" for n in nodes)
        return (
            f"a stack takes {wanted['CPU']} CPU and {wanted['GPU']} GPU on one node; the nodes have "
            f"{', '.join(have) or 'left'}; use --cpus or --device, or add a node"
        )


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

    def __init__(self, cluster: Cluster, ray: Any) -> None:
        self._cluster, self._ray = cluster, ray
        self._here = Crew(1, cluster.cpus)
        self._sent: dict[Any, _Sent] = {}
        self._data: dict[str, Any] = {}
        self._papers: dict[Path, Paper] = {}
        self._lost = 0.0
        self._told = False

    @property
    def free(self) -> int:
        """The cluster queues what has no room; here one job is done at a time."""
        return 0 if self._told or self._here.busy else 1

    @property
    def busy(self) -> int:
        """Jobs that are not over."""
        return len(self._sent) + self._here.busy

    def give(self, job: Job) -> None:
        """Send a stack to the cluster; do anything else here."""
        if job.kind != "train":
            self._here.give(job)
            return
        paper = self._papers.setdefault(job.path, Paper(job.path, job.settings))
        plan = paper.stack(job.stack)
        data = paper.source(plan.members[0])
        provenance = of_training(job.settings.library.built_in, "cpu", plan.precision)
        watched = paper.watched(plan.cells[0])
        self._submit(_Sent(job, plan, data, paper.folder, provenance, watched))

    def hear(self) -> Iterator[tuple[Job, Message]]:
        """What came back meanwhile."""
        if self._here.busy:
            yield from self._here.hear()
        if not self._sent:
            return
        ready, _ = self._ray.wait(list(self._sent), timeout=BEAT_SECONDS)
        for ref in ready:
            sent = self._sent.pop(ref)
            yield sent.job, self._collect(ref, sent)
        for sent in self._sent.values():
            left = f"waiting for {len(self._sent)} stacks on the cluster"
            yield sent.job, Happened(Event("train", left, 0, 1, 0.0))
            break
        self._lost = self._lost + BEAT_SECONDS if self._cluster.lack() else 0.0
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
            return Failed("OutsideError", f"--executor ray: {name}: {_line(error)}")
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


def _line(error: BaseException) -> str:
    return redacted(" ".join(str(error).split()))[:300]


def _connect(address: str | None, cpus: int) -> Any:
    """Ray, connected; the environment of its workers is set before they load torch."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise OutsideError(
            "--executor ray: ray is not installed; python -m pip install 'ae[ray]'"
        ) from None
    if address := address or os.environ.get("RAY_ADDRESS"):
        _reach(address)
    policy = {name: os.environ[name] for name in POLICY if name in os.environ}
    heard = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(
            address=address,
            runtime_env={
                "py_modules": [str(PACKAGE)],
                "env_vars": policy | {"OMP_NUM_THREADS": str(cpus)},
            },
            logging_level="ERROR",
            log_to_driver=False,
        )
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise OutsideError(f"--executor ray: {_line(error)}") from None
    for number, handler in heard.items():  # Ray takes SIGTERM for itself
        signal.signal(number, handler)
    return ray


def _reach(address: str) -> None:
    """Fail soon, in one line, where Ray would try for minutes: first a port, then all of Ray."""
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or "/" in host:
        raise UserError(
            f"--address: found {bare(address)!r}; expected HOST:PORT of the cluster's head, or auto, on "
            "a machine of the cluster"
        )
    try:
        socket.create_connection((host, int(port)), timeout=REACH_SECONDS / 2).close()
        found = subprocess.run(
            [sys.executable, "-c", PROBE, address],
            timeout=REACH_SECONDS,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    except (OSError, OverflowError) as error:
        raise OutsideError(f"--address {address}: does not answer: {error}") from None
    except subprocess.TimeoutExpired:
        raise OutsideError(
            f"--address {address}: no Ray cluster answers there within {REACH_SECONDS:.0f} s"
        ) from None
    if found.returncode:
        last = (found.stderr.strip().splitlines() or ["Ray ended without a word"])[-1]
        raise OutsideError(f"--address {address}: {redacted(last, address)}")
