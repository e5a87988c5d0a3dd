"""The crew of a Ray cluster with a stand-in for Ray: what is on its way is bounded."""

import gc
import sys
from collections import deque
from types import SimpleNamespace

import project as small
import pytest

from ae.errors import OutsideError
from ae.running.crew import Alone
from ae.running.event import Event
from ae.running.jobs import Job
from ae.running.ray.crew import AHEAD, RayCrew, _Sent
from ae.running.ray.reach import connect
from ae.running.state import Request
from ae.running.suite import Suite
from ae.running.worker import Done, Failed, Happened, Stopped
from ae.training.members import FOLDER

NODES, MEMBERS = 8, 1000
FILE = b"weights" * 100


class Ref:
    """What stands for a result; it is gone with its last user."""

    def __init__(self, value):
        self.value = value


class Library:
    """As much of Ray as the crew uses: tasks end in the order in which they were sent."""

    def __init__(self, fail=lambda number: False):
        self.exceptions = SimpleNamespace(
            **{
                name: type(name, (Exception,), {})
                for name in (
                    "WorkerCrashedError",
                    "NodeDiedError",
                    "OutOfMemoryError",
                    "ObjectLostError",
                    "RayTaskError",
                )
            },
            RayError=Exception,
        )
        self.fail, self.sent, self.puts, self.waiting = fail, 0, 0, deque()

    def put(self, value):
        self.puts += 1
        return Ref(value)

    def remote(self, train):
        return self

    def options(self, **options):
        assert options["max_retries"] == 0
        self.task = SimpleNamespace(remote=self._submit)
        return self.task

    def _submit(self, plan, *rest):
        self.sent += 1
        ((member,),) = (plan.members,)
        bad = self.fail(self.sent)
        self.waiting.append(ref := Ref(None if bad else {f"{member.seed}.safetensors": FILE}))
        return ref

    def wait(self, refs, num_returns=1, timeout=None):
        done = [ref for ref in refs if ref in list(self.waiting)[:NODES]]
        return done[:num_returns], [r for r in refs if r not in done[:num_returns]]

    def get(self, ref):
        self.waiting.remove(ref)
        if ref.value is None:
            raise self.exceptions.NodeDiedError
        return ref.value

    def cancel(self, ref, force=False):
        if ref in self.waiting:
            self.waiting.remove(ref)


class Nodes:
    """A cluster of one CPU a node."""

    device, cpus, nodes = "cpu", 1, NODES

    def room(self):
        return self.nodes

    def lack(self):
        return "" if self.nodes else "no node is left"


@pytest.fixture
def jobs(tmp_path):
    root = small.make(tmp_path)
    path = root / "benchmarks" / "tiny2020-dae.toml"
    seeds = tuple(range(MEMBERS))
    settings = small.settings(root, "there", seeds=seeds, runs=("plain",))
    return [Job("train", path, settings, stack=(("plain", seed),)) for seed in seeds]


def alive():
    gc.collect()
    return sum(type(one) is _Sent for one in gc.get_objects())


def through(crew, jobs):
    """Do all jobs; what was heard, and the most stacks that were held at once."""
    waiting, heard, most = deque(jobs), [], 0
    while waiting or crew.busy:
        while waiting and crew.free:
            crew.give(waiting.popleft())
        most = max(most, len(crew._sent))
        heard += [
            (job, message) for job, message in crew.hear() if not isinstance(message, Happened)
        ]
    return heard, most


def test_a_thousand_members_are_trained_and_few_are_held_at_once(jobs):
    library = Library()
    crew = RayCrew(Nodes(), library)
    before = alive()
    heard, most = through(crew, jobs)
    assert [type(message) for _, message in heard] == [Done] * MEMBERS
    assert most == AHEAD * NODES
    assert library.puts == 1  # the data went once
    assert alive() == before
    folder = next(iter(crew._papers.values())).folder / FOLDER
    assert len(list(folder.glob("*.safetensors"))) == MEMBERS
    assert (folder / "999.safetensors").read_bytes() == FILE
    crew.close()


def test_a_node_that_comes_gets_stacks_and_one_that_goes_none(jobs):
    cluster = Nodes()
    crew = RayCrew(cluster, Library())
    held = []
    waiting = deque(jobs[:100])
    for nodes in (8, 2, 12):
        cluster.nodes = nodes
        for _ in range(3):
            list(crew.hear())
            while waiting and crew.free:
                crew.give(waiting.popleft())
        held.append(len(crew._sent))
    assert held == [AHEAD * 8, AHEAD * 2, AHEAD * 12]
    crew.close()


def test_stacks_of_a_dead_node_are_sent_again(jobs):
    library = Library(fail=lambda number: number % 7 == 0)
    crew = RayCrew(Nodes(), library)
    heard, _ = through(crew, jobs[:60])
    assert {type(message) for _, message in heard} == {Done}
    assert sorted(job.stack for job, _ in heard) == sorted(job.stack for job in jobs[:60])
    assert library.sent == 60 + library.sent // 7
    crew.close()


def test_a_cluster_without_nodes_is_told_of_every_stack(jobs, monkeypatch):
    monkeypatch.setattr("ae.running.ray.crew.LOST_SECONDS", 1.0)
    cluster, library = Nodes(), Library()
    library.wait = lambda refs, **keys: ([], refs)
    crew = RayCrew(cluster, library)
    cluster.nodes = 0
    heard, _ = through(crew, jobs[:40])
    assert [(type(m), getattr(m, "text", "")) for _, m in heard] == [
        (Failed, "--executor ray: no node is left")
    ] * 40
    crew.close()


class Here:
    """The process of this machine, which is never done with a job by itself."""

    def __init__(self):
        self.job, self.done = None, False

    @property
    def free(self):
        return int(self.job is None)

    @property
    def busy(self):
        return int(self.job is not None)

    def give(self, job):
        self.job = job

    def hear(self):
        if self.done:
            job, self.job, self.done = self.job, None, False
            yield job, Done(None, None)

    def stop(self):
        self.done = True

    close = stop


def test_what_is_done_here_keeps_nothing_from_the_cluster(jobs):
    crew = RayCrew(Nodes(), Library())
    crew._here = Here()
    train, *_ = jobs
    conclude, other = (Job("conclude", train.path, train.settings, cost=c) for c in (1.0, 2.0))
    plan, later = (Job("plan", train.path, train.settings, cost=c) for c in (1.0, 2.0))
    crew.give(plan)
    crew.give(conclude)
    assert crew._here.job == plan
    crew.give(train)
    assert crew.free == AHEAD * NODES - 1
    crew.give(later)
    assert crew.free == 0  # what comes last waits: there is nothing else to give
    crew.give(other)
    order = []
    for _ in range(4):
        order.append(crew._here.job)
        crew._here.done = True
        list(crew.hear())
    assert order == [plan, conclude, other, later]
    assert crew.busy == 0


def test_what_waits_here_is_stopped_with_the_rest(jobs):
    crew = RayCrew(Nodes(), Library())
    crew._here = Here()
    for cost in (1.0, 2.0):
        crew.give(Job("conclude", jobs[0].path, jobs[0].settings, cost=cost))
    crew.stop()
    assert [type(message) for _, message in crew.hear()] == [Stopped, Done]
    assert (crew.free, crew.busy) == (0, 0)


def test_what_is_said_of_what_is_on_its_way(jobs):
    crew = RayCrew(Nodes(), Library())
    for job in jobs[:20]:
        crew.give(job)
    said = [m.event for _, m in crew.hear() if isinstance(m, Happened)]
    assert said == [Event("train", "waiting for 12 stacks on the cluster", 0, 1, 0.0)]
    crew.close()


class Failing:
    """Plans, and fails at both of two stacks."""

    def __init__(self):
        self.jobs, self.here = [], Alone(lambda job: False)

    @property
    def free(self):
        return 2 - len(self.jobs)

    @property
    def busy(self):
        return len(self.jobs)

    def give(self, job):
        self.jobs.append(job)

    def hear(self):
        job = self.jobs[0]
        if job.kind == "train":
            yield job, Failed("OutsideError", f"no room for {job.stack[0][0]}")
        else:
            self.here.give(job)
            yield from self.here.hear()
        self.jobs.remove(job)

    def stop(self): ...

    close = stop


def test_a_paper_of_which_every_stack_fails_is_left_out_once(tmp_path):
    root = small.make(tmp_path)
    request = Request(root / "benchmarks" / "tiny2020-dae.toml", small.settings(root, "there"))
    with pytest.raises(OutsideError, match=r"^no room for plain$"):
        list(Suite([request], lambda: False, crew=Failing).run())


def test_a_missing_ray_is_one_line(monkeypatch):
    """As docs/cluster.md has it: from an index, a package of that name is another."""
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(OutsideError) as error:
        connect(None, 1)
    how = "python -m pip install '.[ray]'"
    assert str(error.value) == (
        f"--executor ray: ray is not installed; in a checkout of the project: {how}"
    )
    assert how in (small.ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
