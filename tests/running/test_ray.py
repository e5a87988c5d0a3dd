"""Stacks on a Ray cluster of several nodes: the same records, also when a node dies in the middle."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import project as small
import pytest
import torch
from project import PYTHONPATH, make, write

from ae.errors import Interrupted, OutsideError, UserError
from ae.records import record as records
from ae.running.happening import Progress, Recorded
from ae.running.state import Request
from ae.running.suite import Suite

ray = pytest.importorskip("ray", reason="ray is not installed")
cluster_utils = pytest.importorskip("ray.cluster_utils", reason="ray is not installed")

from ae.running.ray import crew as ray_executor
from ae.running.ray.cluster import Cluster
from ae.running.ray.crew import RayCrew

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
SMALL = {"object_store_memory": 80_000_000, "include_dashboard": False}


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    """The folder in which workers train, each stack in one of its own."""
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="module")
def nodes(training):
    """A head without CPUs and two nodes of one CPU each."""
    # Ray's sockets need a short path, which a folder of pytest's is only by chance.
    with tempfile.TemporaryDirectory(prefix="ray") as short, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", short)
        patch.setenv("TMPDIR", str(training))
        head = SMALL | {"num_cpus": 0}
        local = cluster_utils.Cluster(initialize_head=True, head_node_args=head)
        for _ in range(2):
            local.add_node(num_cpus=1, **SMALL)
        local.wait_for_nodes()
        yield local
        ray.shutdown()
        local.shutdown()


@pytest.fixture
def only(nodes):
    """One of the two nodes, alone with the head for the time of a test."""
    first, second = nodes.worker_nodes
    nodes.remove_node(first)
    yield second
    while len(nodes.worker_nodes) < 2:
        nodes.add_node(num_cpus=1, **SMALL)


@pytest.fixture
def cluster(nodes):
    found = Cluster(nodes.address, "auto", 1)
    yield found
    found.close()


@pytest.fixture
def project(tmp_path):
    return make(tmp_path)


def request(project, results, **keys):
    path = project / "benchmarks" / "tiny2020-dae.toml"
    return Request(path, small.settings(project, results, **keys))


def happened(project, cluster, results="there", stop=lambda: False, **keys):
    """What a session on the cluster says, as it says it."""
    suite = Suite([request(project, results, **keys)], stop, crew=cluster.crew)
    yield from suite.run()


def run(project, cluster=None, results="there", stop=lambda: False):
    """What was said, and the record of a run: on the cluster, or here."""
    if cluster is None:
        events, record = small.run(project, "here")
        return [e.detail for e in events], record
    found = list(happened(project, cluster, results, stop))
    events = [h.event.detail for h in found if isinstance(h, Progress)]
    (record,) = [records.read(h.record) for h in found if isinstance(h, Recorded)]
    return events, record


def stored(project, results):
    return {p.name: p for p in (project / results).glob("*/*/members/*.safetensors")}


def at_work(node):
    """The processes of a node in which a stack is being trained."""
    (raylet,) = node.all_processes["raylet"]
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            parent = next(line for line in status.read_text().splitlines() if "PPid" in line)
            title = (status.parent / "cmdline").read_bytes()
        except (OSError, StopIteration):
            continue
        if int(parent.split()[1]) == raylet.process.pid and title.startswith(b"ray::ae: "):
            found.append(int(status.parent.name))
    return found


def test_records_are_those_of_a_local_run_and_data_travel_once_a_node(
    project, cluster, nodes, monkeypatch
):
    put, kept = ray.put, []

    def counted(value):
        kept.append(put(value))
        return kept[-1]

    monkeypatch.setattr(ray, "put", counted)
    events, there = run(project, cluster)
    assert "waiting for 2 stacks on the cluster" in events
    _, here = run(project)
    assert there.digest == here.digest
    assert [r.curves for r in there.runs] == [r.curves for r in here.runs]
    assert there.environment.threads == here.environment.threads == 1
    assert there.environment.device == "CPU"
    assert all(m.trained["node"] for r in there.runs for m in r.members)

    (data,) = kept  # one object for both stacks
    found = ray.experimental.get_object_locations(kept)[data]
    assert len(found["node_ids"]) == len(set(found["node_ids"])) == len(nodes.list_all_nodes())
    assert 320 * (784 + 8) <= found["object_size"] < 320 * (784 + 8) + 2000

    again, _ = run(project, cluster)
    assert again[-1] == "already done; nothing to train"


def test_a_node_that_dies_in_the_middle_costs_time_only(project, only, cluster, nodes, training):
    write(project, epochs="120")
    before, seen, workers = set(training.iterdir()), [], []
    for one in happened(project, cluster):
        if isinstance(one, Recorded):
            record = records.read(one.record)
        if not isinstance(one, Progress):
            continue
        seen.append(one.event.detail)
        if not workers and set(training.iterdir()) - before:
            time.sleep(0.2)
            workers = at_work(only)
            assert len(workers) == 1
            assert not stored(project, "there")
            nodes.remove_node(only, allow_graceful=False)
            nodes.add_node(num_cpus=1, **SMALL)
    (again,) = [text for text in seen if "starts again" in text]
    assert re.fullmatch(r".*: (NodeDied|WorkerCrashed)Error; starts again \(1 of 3\)", again)
    assert not Path(f"/proc/{workers[0]}").exists()
    _, here = run(project)
    assert record.digest == here.digest


def test_a_worker_that_dies_every_time_is_given_up(project, cluster, nodes, monkeypatch):
    monkeypatch.setattr(ray_executor, "RETRIES", 1)
    write(project, epochs="2000")
    killed = set()

    def kill():
        for worker in {w for node in nodes.worker_nodes for w in at_work(node)} - killed:
            os.kill(worker, signal.SIGKILL)
            killed.add(worker)

    with pytest.raises(OutsideError, match=r"2 workers died, the last by WorkerCrashedError$"):
        run(project, cluster, stop=kill)
    assert 2 <= len(killed) <= 4


def test_what_a_stack_itself_does_wrong_is_said_once_and_not_tried_again(
    project, cluster, monkeypatch
):
    monkeypatch.setattr(ray_executor, "release", lambda package: "0.0")
    submitted = []
    submit = RayCrew._submit
    monkeypatch.setattr(
        RayCrew, "_submit", lambda self, sent: submitted.append(1) or submit(self, sent)
    )
    with pytest.raises(OutsideError) as error:
        run(project, cluster)
    installed = torch.__version__.partition("+")[0]
    assert str(error.value) == (
        f"--executor ray: node {socket.gethostname()} has torch {installed}, this machine 0.0; "
        "install the same version on both"
    )
    assert len(submitted) == 2


def test_an_interrupt_cancels_what_runs_and_keeps_what_is_trained(project, only, cluster, training):
    write(project, epochs="40")
    before = set(training.iterdir())
    with pytest.raises(Interrupted):
        run(project, cluster, stop=lambda: bool(stored(project, "there")))
    first = set(stored(project, "there"))
    assert first
    assert set(training.iterdir()) == before
    assert at_work(only) == []
    events, there = run(project, cluster)
    assert "waiting for 1 stacks on the cluster" in events
    assert first < set(stored(project, "there"))
    _, here = run(project)
    assert there.digest == here.digest


@pytest.mark.parametrize(
    ("device", "cpus", "takes"), [("cuda", 1, "1 CPU and 1 GPU"), ("cpu", 2, "2 CPU and 0 GPU")]
)
def test_a_stack_that_fits_on_no_node_is_refused_at_once(nodes, device, cpus, takes):
    start = time.monotonic()
    with pytest.raises(OutsideError) as error:
        Cluster(nodes.address, device, cpus)
    assert str(error.value) == (
        f"--executor ray: a stack takes {takes} on one node; the nodes have "
        "0 CPU and 0 GPU, 1 CPU and 0 GPU, 1 CPU and 0 GPU; use --cpus or --device, or add a node"
    )
    assert time.monotonic() - start < 15


@pytest.mark.parametrize("address", ["nonsense", "ray://127.0.0.1:10001", "host:port"])
def test_an_address_of_another_form_is_refused(address):
    with pytest.raises(UserError, match=r"--address: found .*; expected HOST:PORT"):
        Cluster(address, "cpu", 1)


def ae(project, *arguments):
    """Run the command; returns exit code, stderr, seconds."""
    start = time.monotonic()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ae",
            "run",
            "--tier",
            "smoke",
            "--no-pdf",
            "--no-track",
            *arguments,
        ],
        cwd=project,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stderr, time.monotonic() - start


def test_the_command_runs_on_the_cluster(project, nodes):
    code, err, _ = ae(project, "--executor", "ray", "--address", nodes.address)
    assert code == 0, err
    assert "waiting for 2 stacks on the cluster" in err
    assert (project / "results/report/tiny2020-dae-smoke.html").exists()


def test_an_address_where_nothing_listens_is_one_line(project):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    code, err, seconds = ae(project, "--executor", "ray", "--address", address)
    assert (code, err.count("\n")) == (3, 1)
    assert err.startswith(f"ae: --address {address}: does not answer: ")
    assert seconds < 15


def test_an_address_where_something_else_listens_is_one_line(project):
    with socket.socket() as silent:
        silent.bind(("", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        code, err, seconds = ae(project, "--executor", "ray", "--address", address)
    assert (code, err) == (
        3,
        f"ae: --address {address}: no Ray cluster answers there within 10 s\n",
    )
    assert seconds < 20


def test_options_of_ray_are_refused_without_it(project):
    code, err, _ = ae(project, "--cpus", "2")
    assert (code, err) == (2, "ae: --address and --cpus are for --executor ray\n")


def resident():
    """MiB of memory of this process."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024


@pytest.mark.nightly
def test_a_thousand_members_on_eight_nodes_cost_the_driver_no_memory(tmp_path, training):
    """Each member a task; a node is lost and one is added on the way."""
    root = make(tmp_path, hidden="100", batch="100", epochs="1", limit="200", test_limit="20")
    with tempfile.TemporaryDirectory(prefix="ray") as short, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", short)
        patch.setenv("TMPDIR", str(training))
        local = cluster_utils.Cluster(initialize_head=True, head_node_args=SMALL | {"num_cpus": 0})
        nodes = [local.add_node(num_cpus=1, **SMALL) for _ in range(8)]
        local.wait_for_nodes()
        found, held, done = Cluster(local.address, "cpu", 1), {}, 0
        try:
            wanted = {"seeds": tuple(range(1000)), "runs": ("plain",), "draw": False}
            for one in happened(root, found, **wanted):
                if isinstance(one, Recorded):
                    record = records.read(one.record)
                if not (isinstance(one, Progress) and one.event.phase == "train"):
                    continue
                there = len(stored(root, "there"))
                if there // 100 > done:
                    done = there // 100
                    held[done] = resident()
                    if done == 3:
                        local.remove_node(nodes[0], allow_graceful=False)
                    if done == 6:
                        local.add_node(num_cpus=1, **SMALL)
        finally:
            found.close()
            ray.shutdown()
            local.shutdown()
    (run_,) = record.runs
    assert len(run_.members) == 1000
    assert len({m.trained["node"] for m in run_.members}) == 1  # eight nodes, one machine
    print({f"{100 * k} members": f"{v:.0f} MiB" for k, v in held.items()})
    assert max(held.values()) - held[1] < 60  # their weights are 317 MB
