"""Trains stacks on a Ray cluster: what comes back is what training here would have written.

A task is a whole stack. Its training set lies in the object store, once a node; the code of `ae`
travels with the job, so a worker needs only the libraries, in the versions of this machine. The
worker trains as `ae.fitting` does and returns the bytes of the stack's file, which is stored where
a local run would have stored it; what follows is the same code.

If a worker or its node dies, or runs out of memory, the stack starts again from its beginning
wherever there is room, at most `RETRIES` times: checkpoints die with the worker that wrote them. An
error of the stack itself is not tried again.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch

from ae.environment import POLICY
from ae.errors import OutsideError, UserError
from ae.fitting import Fitting, Interrupted
from ae.plan import PACKAGE
from ae.ray_worker import release, train
from ae.record import write_atomically

RETRIES = 3  # of a stack whose worker or node died
REACH_SECONDS = 10.0  # to wait for an address to answer
LOST_SECONDS = 60.0  # to wait for a node when none is left that a stack fits on
BEAT_SECONDS = 0.5  # between looks at the cluster
CANCEL_SECONDS = 5.0  # to let workers clean up
PROBE = "import sys, ray; ray.init(sys.argv[1], logging_level='ERROR', log_to_driver=False)"
SAME = ("torch", "numpy", "safetensors")  # versions that workers must share with this machine


@dataclass(frozen=True)
class Job:
    """A stack on its way: `tries` counts from 1."""

    fitting: Fitting
    tries: int


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
        self._data: dict[str, Any] = {}
        if lack := self._lack():
            self.close()
            raise OutsideError(f"--executor ray: {lack}")

    def close(self) -> None:
        """Leave the cluster; one that was started here ends."""
        self._ray.shutdown()

    def fit(
        self, fittings: Sequence[Fitting], stop: Callable[[], bool]
    ) -> Iterator[tuple[str, float, float]]:
        """Train the stacks that are not stored yet, the costliest first; see `ae.execute.Executor`.

        Raises:
            OutsideError: A stack failed, or its workers died too often, or no node is left for it.
            Interrupted: `stop` said so. Stacks that were trained are stored, the others cancelled.
        """
        todo = sorted((f for f in fittings if not f.weights.exists()), key=lambda f: -f.cost)
        running = {self._submit(f): Job(f, 1) for f in todo}
        lost, total = 0.0, sum(f.cost for f in fittings)
        try:
            while running:
                ready, _ = self._ray.wait(list(running), timeout=BEAT_SECONDS)
                news = [self._collect(ref, running.pop(ref), running) for ref in ready]
                done = total - sum(job.fitting.cost for job in running.values())
                share = 1 - len(running) / len(fittings)
                left = f"waiting for {len(running)} of {len(fittings)} stacks on the cluster"
                for text in (*news, left) if running else news:
                    yield text, done, share
                if running and stop():
                    raise Interrupted("stacks that were trained are kept")
                lost = lost + BEAT_SECONDS if self._lack() else 0.0
                if running and lost > LOST_SECONDS:
                    raise OutsideError(f"--executor ray: {self._lack()}")
        finally:
            self._cancel(list(running))
        for fitting in fittings:
            for name, share in fitting.run(stop):
                if fitting not in todo:
                    yield f"{fitting.plan.name}, {name}", total, share
            assert fitting.result is not None
            if fitting in todo:  # its seconds are among those of this session
                fitting.result = replace(fitting.result, seconds_before=0.0)

    def _submit(self, fitting: Fitting) -> Any:
        """Send a stack; its data only if the cluster does not have them."""
        data = fitting.data
        parts = {f.name: getattr(data, f.name) for f in fields(data)}
        tensors = {name: part for name, part in parts.items() if isinstance(part, torch.Tensor)}
        if data.sha256 not in self._data:
            arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
            self._data[data.sha256] = self._ray.put(arrays)
        facts = {name: part for name, part in parts.items() if name not in tensors}
        task = self._ray.remote(train).options(
            num_cpus=self.cpus,
            num_gpus=int(self.device == "cuda"),
            max_retries=0,  # `_collect` tries again, so that a person hears of it
            name=f"ae: {fitting.plan.name}",
        )
        versions = {name: release(name) for name in SAME}
        return task.remote(
            fitting.plan, self._data[data.sha256], facts, self.device, self.cpus, versions
        )

    def _collect(self, ref: Any, job: Job, running: dict[Any, Job]) -> str:
        """Store what a task returned, or send its stack again; says which."""
        errors, name = self._ray.exceptions, job.fitting.plan.name
        deaths = (
            errors.WorkerCrashedError,
            errors.NodeDiedError,
            errors.OutOfMemoryError,
            errors.ObjectLostError,
        )
        try:
            content = self._ray.get(ref)
        except errors.RayTaskError as error:
            if isinstance(error.cause, OutsideError | UserError):
                raise type(error.cause)(str(error.cause)) from None
            raise
        except deaths as error:
            kind = type(error).__name__
            if job.tries > RETRIES:
                raise OutsideError(
                    f"--executor ray: {name}: {job.tries} workers died, the last by {kind}"
                ) from None
            running[self._submit(job.fitting)] = Job(job.fitting, job.tries + 1)
            return f"{name}: {kind}; starts again ({job.tries} of {RETRIES})"
        except errors.RayError as error:
            raise OutsideError(f"--executor ray: {name}: {_line(error)}") from None
        write_atomically(job.fitting.weights, content)
        return f"{name}, trained on the cluster"

    def _cancel(self, refs: list[Any]) -> None:
        for ref in refs:
            self._ray.cancel(ref)
        if refs:
            _, left = self._ray.wait(refs, num_returns=len(refs), timeout=CANCEL_SECONDS)
            for ref in left:
                self._ray.cancel(ref, force=True)

    def _lack(self) -> str:
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


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


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
            f"--address: found {address!r}; expected HOST:PORT of the cluster's head, or auto, on "
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
        raise OutsideError(f"--address {address}: {last}")
