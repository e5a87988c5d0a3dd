"""The ways of training that are compared; each trains an epoch of the workload a run.

Peers run twice: as their users run them, in a process without this project's settings for threads
and memory, and beside this trainer, with them.
"""

import os
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path

import peers
import torch
from workloads import RATE

from ae.machine.threads import POLICY
from ae.models.base import Batch
from ae.spec import Descent
from ae.training.batches import Source
from ae.training.stack import Stack
from ae.training.trainer import Training

SEEDS = (1, 5, 10, 32)
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


class Worker:
    """A process that trains peers of a workload as their users do, an epoch a line of its input."""

    def __init__(self, workload):
        env = {k: v for k, v in os.environ.items() if k not in POLICY}
        env["PYTHONPATH"] = str(Path(__file__).parents[2])
        script = Path(__file__).with_name("worker.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), workload.name],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, name):
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "done\n":
            raise RuntimeError(f"the process of {name} ended with {self.process.wait()}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


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
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=RATE)

    def run(self):
        peers.example_epoch(self.net, self.loader, self.optimizer)


class Tuned(Arm):
    label = "tuned PyTorch loop, data in memory, fused Adam"

    def __init__(self, workload):
        super().__init__(workload)
        self.net = workload.net()
        self.x = workload.images().float().div_(255)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=RATE, fused=True)

    def step(self, x, noise):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.net.loss(x, noise)
        loss.backward()
        self.optimizer.step()
        return loss

    def run(self):
        order = torch.randperm(len(self.x))
        for index in order.split(self.workload.batch):
            noise = torch.randn(self.workload.batch, self.net.latent)
            self.step(self.x.index_select(0, index), noise)


def source(images):
    """Bytes in memory, handed out as floats by index, as `ae.data.dataset.Dataset` does it."""
    return Source(len(images), lambda index: Batch(images[index].float().div_(255)))


def protocol(batch, epochs):
    optimizer = {"class": "Adam", "lr": RATE}
    keys = {"objective": "objective", "modules": "all", "batch": batch, "epochs": epochs}
    return Descent.model_validate({**keys, "optimizer": optimizer})


class Stacked(Arm):
    def __init__(self, workload, seeds):
        super().__init__(workload)
        self.seeds = seeds
        self.label = f"this trainer, {seeds} seed{'s' if seeds > 1 else ''}"
        self.stack = Stack([workload.build] * seeds, range(seeds))
        stage = protocol(workload.batch, workload.rounds + 1)
        training = Training(self.stack, [("train", stage)], source(workload.images()))
        self.progress = training.run()

    def warm(self):
        for _ in range(2):
            next(self.progress)

    def run(self):
        for _ in range(self.steps):
            next(self.progress)


class Grouped(Stacked):
    """Members of a convolutional stack together, as grouped convolutions, instead of in turn."""

    def __init__(self, workload, seeds):
        super().__init__(workload, seeds)
        self.label = f"this trainer, {seeds} seeds, convolutions in groups"
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


PEERS = {"pythae": Pythae, "plain": Plain, "tuned": Tuned}
BESIDE = "-beside"


def names(workload):
    stacked = [f"stack-{seeds}" for seeds in SEEDS]
    beside = [name + BESIDE for name in PEERS]
    return ["peak", *PEERS, *beside, *stacked, *workload.extra]


def make(workload, name, worker):
    kind, _, seeds = name.partition("-")
    several = {"stack": Stacked, "grouped": Grouped}
    if kind in several:
        return several[kind](workload, int(seeds))
    if name in PEERS:
        return Apart(workload, name, worker)
    arm = {"peak": Peak, **PEERS}[kind](workload)
    if name.endswith(BESIDE):
        arm.label += ", with this trainer's settings"
    return arm
