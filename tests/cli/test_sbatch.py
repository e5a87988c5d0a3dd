"""The job file for SLURM: bash reads it, and what it would start is a call that `ae` understands."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from project import ROOT

from ae.cli.run import run

JOB = ROOT / "docs" / "ae.sbatch"
TEXT = JOB.read_text(encoding="utf-8")
DIRECTIVE = re.compile(r"#SBATCH --([a-z][a-z-]*)(=\S+)?")
KNOWN = {  # those of sbatch's manual that are used, and what their values look like
    "job-name": r"=\w+",
    "nodes": r"=\d+",
    "ntasks-per-node": r"=1",  # one Ray a node
    "cpus-per-task": r"=\d+",
    "mem": r"=0",  # all that a node has
    "exclusive": r"",  # `ray symmetric-run` works where nobody else has Ray on the node
    "time": r"=(\d+-)?\d\d:\d\d:\d\d",
    "output": r"=[\w-]+%j\.log",
}
STUBS = {  # what a cluster has and this machine has not
    "scontrol": '[ "$*" = "show hostnames node[1-4]" ] && printf "node1\\nnode2\\nnode3\\nnode4\\n"',
    "srun": 'printf "%s\\n" "$@" > "$SAID"',
}


@pytest.fixture
def said(tmp_path):
    """What the job file gives to srun, word by word, where SLURM is four nodes of 32 cores."""
    for name, body in STUBS.items():
        stub = tmp_path / name
        stub.write_text(f"#!/bin/bash\n{body}\n")
        stub.chmod(0o755)
    given = {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "SAID": str(tmp_path / "said"),
        "SLURM_JOB_NODELIST": "node[1-4]",
        "SLURM_JOB_NUM_NODES": "4",
        "SLURM_CPUS_PER_TASK": "32",
    }
    subprocess.run(["bash", str(JOB), "kingma2014-vae"], env=given, check=True, timeout=20)
    return Path(given["SAID"]).read_text().splitlines()


def test_bash_reads_it():
    done = subprocess.run(["bash", "-n", str(JOB)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_slurm_reads_its_directives():
    """All stand above the first command, for sbatch reads no further."""
    lines = TEXT.splitlines()
    assert lines[0] == "#!/bin/bash"
    first = next(i for i, line in enumerate(lines) if line and not line.startswith("#"))
    above = [line for line in lines[:first] if line.startswith("#SBATCH")]
    assert [line for line in lines if "SBATCH" in line] == above
    found = [DIRECTIVE.fullmatch(line) for line in above]
    assert all(found)
    assert {one[1] for one in found} == set(KNOWN)
    for one in found:
        assert re.fullmatch(KNOWN[one[1]], one[2] or ""), one[0]


def test_what_runs_on_the_head_is_a_call_that_ae_understands(said):
    command = said[said.index("--") + 1 :]
    assert command[:2] == ["ae", "run"]
    with run.make_context("ae run", command[2:]) as context:
        given = context.params
    assert given["executor"] == "ray"
    assert (given["address"], given["device"], given["cpus"]) == ("auto", "cpu", 1)
    assert (given["tier"], given["seeds"]) == ("paper", tuple(range(50)))
    assert given["specs"] == ("kingma2014-vae",)
    assert given["jobs"] is None  # refused with ray


def test_ray_starts_on_every_node_with_the_cores_that_it_was_given(said):
    at = said.index("ray")
    srun, ray = said[:at], said[at : said.index("--")]
    assert srun == ["--nodes=4", "--ntasks=4", "--ntasks-per-node=1", "--cpus-per-task=32"]
    assert ray[1] == "symmetric-run"
    assert dict(zip(ray[2::2], ray[3::2], strict=True)) == {
        "--address": "node1:6379",
        "--min-nodes": "4",
        "--num-cpus": "31",
        "--num-gpus": "0",
    }


def test_the_page_names_it():
    page = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    assert "sbatch docs/ae.sbatch" in page
