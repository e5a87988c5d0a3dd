"""Settings of the environment that nothing here needs stop nothing here, nor change a number."""

import subprocess
import sys

import pytest
from command import ENVIRONMENT, SMOKE, ae
from made import NAME, baseline, record, store
from project import make

from ae.records.record import read

NEEDLESS = {
    "COLUMNS": "garbage",
    "DISPLAY": ":99",
    "HOME": "/nonexistent",
    "LINES": "garbage",
    "MATPLOTLIBRC": "/nonexistent",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONIOENCODING": "ascii:strict",
    "PYTHONWARNINGS": "error",
    "SOURCE_DATE_EPOCH": "garbage",
    "TERM": "garbage",
    "TMPDIR": "/nonexistent",
    "TZ": "garbage",
    "XDG_CONFIG_HOME": "/proc",
}


def test_a_run_needs_none_of_them(tmp_path):
    project = make(tmp_path)
    assert ae(project, *SMOKE, "--jobs", "0").code == 0
    path = project / "results" / NAME / "smoke" / "record.json"
    before = read(path)
    with_pdf = [word for word in SMOKE if word != "--no-pdf"]
    code, _, err = ae(project, *with_pdf, "--fresh", "--jobs", "1", **NEEDLESS)
    assert code == 0, err
    assert read(path).digest == before.digest
    assert (project / "results" / "report" / "report.pdf").exists()


def test_the_gate_needs_none_of_them(tmp_path):
    project = make(tmp_path)
    baseline(project)
    store(project / "there", record())
    code, out, err = ae(project, "regress", "--records", "there", **NEEDLESS)
    assert code == 0, err
    assert out.splitlines()[-1].startswith("green")


@pytest.mark.parametrize("name", ["MPLBACKEND", "SOURCE_DATE_EPOCH"])
def test_a_worker_is_free_of_them_before_it_loads_a_library(name):
    code = (
        "import os, sys; from ae.machine.threads import set_policy; set_policy(); "
        "assert not {'numpy', 'matplotlib'} & set(sys.modules); import matplotlib.pyplot, scipy.stats"
    )
    environment = ENVIRONMENT | {name: "garbage"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
