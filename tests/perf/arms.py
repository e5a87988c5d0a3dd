"""The ways of training that are compared; each trains an epoch of the workload a run.

Peers run twice: as their users run them, in a process without this project's settings for threads
and memory, and beside this trainer, with them.
"""

import os
from abc import ABC, abstractmethod

import peers
import torch
from processes import Process
from workloads import RATE

from ae.machine.limits import cores
from ae.models.base import Batch
from ae.spec import Descent
from ae.training.batches import Source
from ae.training.stack import Stack
from ae.training.trainer import Training

SEEDS = (1, 2, 5, 10, 32)
PEAK_SIDE = 1536


class Arm(ABC):
    """A way of training; `run` trains `seeds` seeds for `steps` steps."""

    label: str
    seeds = 1

    def __init__(self, workload):
        self.workload, self.steps = workload, workload.steps

    def warm(self):
        """Let everything that is made once be made."""
        self.run()

    @abstractmethod
    def run(self): ...

    def close(self):  # noqa: B027 - most have nothing to close
        """End what it has started."""


class Apart(Arm):
    """A peer as its users run it, in the worker's process."""

    def __init__(self, workload, name, worker):
        super().__init__(workload)
        self.name, self.worker, self.label = name, worker, PEERS[name].label

    def run(self):
        self.worker.run(self.name)


class Pythae(Arm):
    label = "pythae 0.1.2, its trainer"

    def __init__(self, workload):
        super().__init__(workload)
        images = workload.images()
        self.trainer = peers.pythae_trainer(workload.net(), images, workload.batch, RATE)

    def run(self):
        self.trainer.train_step(1)


class Plain(Arm):
    label = "plain PyTorch loop with a DataLoader"

    def __init__(self, workload):
        super().__init__(workload)
        self.net = workload.net()
        self.loader = peers.example_loader(workload.images(), workload.side, workload.batch)
        self.optimizers = peers.optimizers(self.net, RATE)

    def run(self):
        peers.example_epoch(self.net, self.loader, self.optimizers)


class Lightning(Arm):
    label = "Lightning's trainer with a DataLoader"

    def __init__(self, workload):
        super().__init__(workload)
        loader = peers.example_loader(workload.images(), workload.side, workload.batch)
        self.epoch = peers.lightning_epoch(workload.net(), loader, RATE)

    def run(self):
        self.epoch()


class Tuned(Arm):
    label = "tuned PyTorch loop, data in memory, fused Adam"

    def __init__(self, workload):
        super().__init__(workload)
        self.net = workload.net()
        self.x = workload.images().float().div_(255)
        self.optimizers = peers.optimizers(self.net, RATE, fused=True)

    def step(self, x, noise):
        self.net.zero_grad(set_to_none=True)
        losses = self.net.losses(x, noise)
        self.net.backward(losses)
        for optimizer in self.optimizers:
            optimizer.step()
        return losses

    def run(self):
        order = torch.randperm(len(self.x))
        for index in order.split(self.workload.batch):
            noise = self.net.draw(self.workload.batch)
            self.step(self.x.index_select(0, index), noise)


def source(images):
    """Bytes in memory, handed out as floats by index, as `ae.data.dataset.Dataset` does it."""
    return Source(len(images), lambda index: Batch(images[index].float().div_(255)))


def protocol(batch, epochs):
    optimizer = {"class": "Adam", "lr": RATE}
    keys = {"objective": "objective", "modules": "all", "batch": batch, "epochs": epochs}
    return Descent.model_validate({**keys, "optimizer": optimizer})


class Stacked(Arm):
    """Seeds in one stack, with all threads of this process.

    Args:
        workload: What is trained.
        seeds: How many, or which.
    """

    def __init__(self, workload, seeds):
        super().__init__(workload)
        which = seeds if isinstance(seeds, list) else range(seeds)
        self.seeds = len(which)
        self.label = f"one stack of {self.seeds} seeds, all cores"
        self.stack = Stack([workload.build] * self.seeds, which)
        stage = protocol(workload.batch, workload.rounds + 2)
        training = Training(self.stack, [("train", stage)], source(workload.images()))
        self.progress = training.run()

    def warm(self):
        for _ in range(2):
            next(self.progress)

    def run(self):
        for _ in range(self.steps):
            next(self.progress)


class Crew(Arm):
    """Seeds as `ae run` trains them on a CPU: a process a core, one thread each, seed by seed."""

    def __init__(self, workload, seeds):
        super().__init__(workload)
        self.seeds = seeds
        each = "" if seeds == 1 else "s"
        self.label = f"`ae run`, {seeds} seed{each}, one thread each"
        at_once = min(cores(), seeds)
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.processes = [
            Process("seeds.py", workload.name, *map(str, range(first, seeds, at_once)), env=env)
            for first in range(at_once)
        ]

    def run(self):
        for process in self.processes:
            process.begin("train")
        for process in self.processes:
            process.wait()

    def close(self):
        for process in self.processes:
            process.close()


class Grouped(Stacked):
    """Members of a convolutional stack together, as grouped convolutions, instead of in turn."""

    def __init__(self, workload, seeds):
        super().__init__(workload, seeds)
        self.label = f"one stack of {seeds} seeds, convolutions in groups"
        self.stack.model.in_turn = False


class Peak(Arm):
    """A square product of matrices: what the machine can do at best."""

    label = f"matrix product, {PEAK_SIDE} x {PEAK_SIDE}"
    flops = 2 * PEAK_SIDE**3

    def __init__(self, workload):
        super().__init__(workload)
        self.steps = 1
        self.a, self.b = torch.randn(2, PEAK_SIDE, PEAK_SIDE)
        self.out = torch.empty_like(self.a)

    def run(self):
        torch.mm(self.a, self.b, out=self.out)


PEERS = {"pythae": Pythae, "plain": Plain, "tuned": Tuned, "lightning": Lightning}
BESIDE = "-beside"


def names(workload):
    crews = [f"run-{seeds}" for seeds in SEEDS]
    beside = [name + BESIDE for name in workload.peers]
    return ["peak", *workload.peers, *beside, *crews, "stack-10", *workload.extra]


def make(workload, name, worker):
    kind, _, seeds = name.partition("-")
    several = {"run": Crew, "stack": Stacked, "grouped": Grouped}
    if kind in several:
        return several[kind](workload, int(seeds))
    if name in PEERS:
        return Apart(workload, name, worker)
    arm = {"peak": Peak, **PEERS}[kind](workload)
    if name.endswith(BESIDE):
        arm.label += ", with this trainer's settings"
    return arm
