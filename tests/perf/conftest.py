"""Collects what the benchmarks measure and writes it down when all of it is there."""

import os
import platform
import re
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from arms import make, names
from processes import peer
from workloads import ROOT, WORKLOADS

from ae.disk import write_atomically
from ae.machine.limits import cores
from ae.machine.provenance import capture
from ae.machine.threads import use_threads
from ae.records.speed import Machine, Speed, Timing, Workload

PACKAGES = ("torch", "numpy", "pythae", "lightning", "pytest-benchmark")


def pytest_addoption(parser):
    folder = ROOT / "reports" / "published" / "perf"
    parser.addoption(
        "--speed-folder", type=Path, default=folder, help="Where cpu-<processor>.json is written."
    )


def jiffies():
    """Time that the cores spent working for anybody, and in all; of a Linux machine."""
    fields = [int(v) for v in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


class Results:
    """What this session has measured; keeps the arms of one workload at a time."""

    def __init__(self):
        self.started, self.clock = datetime.now(UTC), time.perf_counter()
        self.load, self.jiffies, self.times = os.getloadavg()[0], jiffies(), os.times()
        self.seconds, self.arms, self.peaks, self.growth = {}, {}, [], []
        self.worker = None

    def arm(self, workload, name):
        if self.arms and next(iter(self.arms))[0] != workload.name:
            self.close()
        if self.worker is None:
            self.worker = peer(workload)
        if (workload.name, name) not in self.arms:
            made = self.arms[workload.name, name] = make(workload, name, self.worker)
            made.warm()
            self.seconds[workload.name, name] = (made.label, made.seeds, made.steps, [])
        return self.arms[workload.name, name]

    def close(self):
        for arm in self.arms.values():
            arm.close()
        self.arms.clear()
        if self.worker is not None:
            self.worker.close()
            self.worker = None

    @property
    def timed(self):
        """The workloads of which every arm has had all its rounds."""

        def whole(w):
            arms = (arm for arm in names(w) if arm != "peak")
            return all(len(self.seconds.get((w.name, a), [()])[-1]) == w.rounds for a in arms)

        return [w for w in WORKLOADS.values() if whole(w)]

    @property
    def complete(self):
        return len(self.timed) == len(WORKLOADS) and bool(self.growth)

    def speed(self):
        return Speed(
            schema_version=1,
            started=self.started.isoformat(timespec="seconds"),
            seconds=round(time.perf_counter() - self.clock, 1),
            machine=self.machine(),
            peaks=self.peaks,
            workloads=[self.workload(w) for w in self.timed],
            timings=[
                Timing(workload=w, arm=arm, label=label, seeds=seeds, steps=steps, seconds=times)
                for (w, arm), (label, seeds, steps, times) in self.seconds.items()
                if arm != "peak"
            ],
            growth=self.growth,
        )

    def workload(self, w):
        return Workload(
            name=w.name,
            title=w.title,
            batch=w.batch,
            parameters=sum(p.numel() for p in w.build().parameters()),
            flops=w.flops,
            formula=w.formula,
        )

    def machine(self):
        busy, total = (now - then for now, then in zip(jiffies(), self.jiffies, strict=True))
        spent = [sum(t[:4]) for t in (self.times, os.times())]
        own = (spent[1] - spent[0]) * os.sysconf("SC_CLK_TCK")
        e = capture(ROOT, "cpu", "")
        return Machine(
            processor=e.processor,
            cores=e.cores,
            memory_gib=e.memory_gib,
            platform=f"{platform.system()} {e.machine}, Python {e.python}",
            threads=e.threads,
            thread_policy=e.thread_policy,
            versions={package: version(package) for package in PACKAGES},
            commit=e.commit,
            dirty=e.dirty,
            load=self.load,
            others=round(max(0.0, busy - own) / total, 4),
        )


def pytest_configure(config):
    config.speed = Results()


@pytest.fixture(scope="session")
def results(request):
    if "OMP_NUM_THREADS" in os.environ:
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    use_threads()
    torch.manual_seed(0)
    yield request.config.speed
    request.config.speed.close()


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    results, say = config.speed, terminalreporter.write_line
    speed = results.speed() if results.timed else None
    if speed is not None:
        tables(speed, say)
    if speed is None or exitstatus or not results.complete:
        say("speed: nothing written, for not everything was measured")
        return
    slug = re.sub(r"[^a-z0-9]+", "-", speed.machine.processor.lower()).strip("-")
    path = config.getoption("--speed-folder") / f"cpu-{slug}.json"
    write_atomically(path, (speed.model_dump_json(indent=1) + "\n").encode())
    report(speed, say)
    say(f"speed: {path}; `ae report` shows it as perf.html")


def tables(speed, say):
    """A table for each workload."""
    from ae.report.speed_page import SpeedPage

    page = SpeedPage(speed)
    say(f"{page.peak_text} at best, {cores()} cores, {speed.seconds:.0f} s in all. {page.warning}")
    for workload, rows in page.tables:
        say("")
        say(f"{workload.title} ({workload.flops / 1e9:.3f} GFLOP): ms, × pythae, × tuned, of peak")
        for row in rows:
            over = "  ".join(f"{v:>6}" for v in row.over.values())
            spread = " to ".join(row.spread)
            say(f"  {row.label:<52} {row.milliseconds:>7}  {over}  {row.peak:>6}  ({spread})")
    say("")


def report(speed, say):
    """What is said of the whole beside the tables."""
    from ae.report.speed_page import SpeedPage

    page = SpeedPage(speed)
    say(page.turns)
    for title, table, _ in page.costs:
        say(f"{title}: at, time, × at, × time, MiB at the peak, beyond the libraries")
        for line in table:
            say("  " + "  ".join(f"{value:>9}" for value in line))
    for aim in page.aims:
        say(f"{'met  ' if aim.met else 'short'} {aim.aimed} {aim.text}: {aim.found}")
