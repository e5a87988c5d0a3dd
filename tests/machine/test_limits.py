"""What is really there: affinity, quotas and limits of memory, in both versions of control groups."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT

from ae.machine import limits, threads
from ae.machine.limits import GIB

V2 = "30 1 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate"
V1 = (
    "31 1 0:27 {top} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "32 1 0:28 {top} /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n"
    "33 1 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw"
)
CPU, MEMORY = "sys/fs/cgroup/cpu,cpuacct", "sys/fs/cgroup/memory"


def system(folder: Path, groups: str, mounts: str, **files: str) -> Path:
    """The files in which a system tells of groups and mounts, and others."""
    written = {"proc/self/cgroup": groups, "proc/self/mountinfo": mounts, **files}
    for name, text in written.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return folder


@pytest.fixture(autouse=True)
def sixteen_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)


@pytest.mark.parametrize(
    ("said", "expected"),
    [("50000 100000", 1), ("150000 100000", 1), ("400000 100000", 4), ("max 100000", 16)],
)
def test_a_quota_of_version_2_counts_in_whole_cores(tmp_path, said, expected):
    here = system(tmp_path, "0::/", V2, **{"sys/fs/cgroup/cpu.max": said})
    assert limits.cores(here) == expected


def test_a_quota_is_no_more_than_the_affinity(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    here = system(tmp_path, "0::/", V2, **{"sys/fs/cgroup/cpu.max": "800000 100000"})
    assert limits.cores(here) == 2


def test_the_tightest_of_nested_groups_holds(tmp_path):
    files = {
        "sys/fs/cgroup/a.slice/cpu.max": "200000 100000",
        "sys/fs/cgroup/a.slice/b.scope/cpu.max": "max 100000",
        "sys/fs/cgroup/a.slice/memory.max": str(3 * GIB),
        "sys/fs/cgroup/a.slice/b.scope/memory.max": "max",
        "sys/fs/cgroup/a.slice/b.scope/memory.high": str(5 * GIB),
        "proc/meminfo": "MemTotal: 99999999 kB",
    }
    here = system(tmp_path, "0::/a.slice/b.scope", V2, **files)
    assert limits.cores(here) == 2
    assert limits.memory_gib(here) == pytest.approx(min(3.0, limits.memory_gib()))


def test_version_1_whose_mount_shows_the_whole_tree(tmp_path):
    groups = "4:memory:/job\n1:cpu,cpuacct:/job\n0::/"
    files = {
        f"{CPU}/cpu.cfs_quota_us": "-1",
        f"{CPU}/cpu.cfs_period_us": "100000",
        f"{CPU}/job/cpu.cfs_quota_us": "300000",
        f"{CPU}/job/cpu.cfs_period_us": "100000",
        f"{MEMORY}/memory.limit_in_bytes": "9223372036854771712",
        f"{MEMORY}/job/memory.limit_in_bytes": str(GIB // 2),
    }
    here = system(tmp_path, groups, V1.format(top="/"), **files)
    assert limits.cores(here) == 3
    assert limits.memory_gib(here) == 0.5


def test_version_1_whose_mount_shows_a_containers_own_part(tmp_path):
    groups = "4:memory:/docker/0f\n1:cpu,cpuacct:/docker/0f"
    files = {
        f"{CPU}/cpu.cfs_quota_us": "250000",
        f"{CPU}/cpu.cfs_period_us": "100000",
        f"{MEMORY}/memory.limit_in_bytes": str(GIB),
    }
    here = system(tmp_path, groups, V1.format(top="/docker/0f"), **files)
    assert limits.cores(here) == 2
    assert limits.memory_gib(here) == 1.0


def test_a_group_outside_of_what_is_mounted_is_taken_for_the_first_one_there(tmp_path):
    here = system(tmp_path, "0::/../..", V2, **{"sys/fs/cgroup/cpu.max": "200000 100000"})
    assert limits.cores(here) == 2


def test_a_mount_with_a_space_in_its_name_is_found(tmp_path):
    mount = V2.replace("/sys/fs/cgroup", "/sys/a\\040b")
    here = system(tmp_path, "0::/", mount, **{"sys/a b/cpu.max": "100000 100000"})
    assert limits.cores(here) == 1


def test_what_is_free_is_what_the_group_has_left_with_the_files_it_can_let_go_of(tmp_path):
    files = {
        "sys/fs/cgroup/memory.max": str(4 * GIB),
        "sys/fs/cgroup/memory.current": str(3 * GIB),
        "sys/fs/cgroup/memory.stat": f"anon 1\ninactive_file {GIB}\nactive_file 5",
        "proc/meminfo": f"MemTotal: 1 kB\nMemAvailable:   {8 * 2**20} kB",
    }
    assert limits.free_gib(system(tmp_path, "0::/", V2, **files)) == 2.0
    files["proc/meminfo"] = f"MemAvailable: {2**20} kB"
    assert limits.free_gib(system(tmp_path, "0::/", V2, **files)) == 1.0
    files["sys/fs/cgroup/memory.current"] = str(9 * GIB)
    assert limits.free_gib(system(tmp_path, "0::/", V2, **files)) == 0.0


def test_without_control_groups_nothing_is_limited(tmp_path):
    assert limits.cores(tmp_path) == 16
    assert limits.quota(tmp_path) == math.inf
    assert limits.free_gib(tmp_path) == math.inf
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    assert limits.memory_gib(tmp_path) == whole


@pytest.mark.parametrize("text", ["", "nonsense", ":::", "0::", "1:cpu"])
def test_files_of_another_form_limit_nothing(tmp_path, text):
    here = system(tmp_path, text, "a b - \n- cgroup2", **{"sys/fs/cgroup/cpu.max": "1 1"})
    assert limits.cores(here) == 16


def test_this_machines_own_answers_are_sensible():
    code = "from ae.machine.limits import *; print(cores(), memory_gib(), free_gib())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    count, whole, free = map(float, done.stdout.split())
    assert 1 <= count <= (os.cpu_count() or 1)
    assert 0 < free <= whole


def test_under_a_quota_libraries_that_count_cores_themselves_are_told(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "")  # so that it is put back afterwards
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(threads, "quota", lambda: math.inf)
    threads.set_policy()
    assert "OMP_NUM_THREADS" not in os.environ
    monkeypatch.setattr(threads, "quota", lambda: 2.5)
    monkeypatch.setattr(threads, "cores", lambda: 2)
    threads.set_policy()
    assert os.environ["OMP_NUM_THREADS"] == "2"
    os.environ["OMP_NUM_THREADS"] = "1"
    threads.set_policy()
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_openblas_of_a_command_has_one_thread_unless_the_user_says_otherwise(monkeypatch):
    """In a process of its own: OpenBLAS reads it as numpy is loaded."""
    code = (
        "from ae.machine.threads import set_policy; set_policy(); import numpy, scipy.linalg; "
        "from threadpoolctl import threadpool_info; "
        "print({p['num_threads'] for p in threadpool_info() if p['internal_api'] == 'openblas'})"
    )
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    for said, expected in ((None, "{1}"), ("2", "{2}")):
        if said:
            monkeypatch.setenv("OPENBLAS_NUM_THREADS", said)
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == expected
