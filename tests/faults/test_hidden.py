"""Names that begin with a dot do not exist: editors, Finder and notebooks leave them anywhere."""

import shutil

import pytest
from command import SMOKE, ae
from project import ROOT, make

from ae.check.source import NotFound, Source
from ae.data.manifest import find_manifest
from ae.errors import UserError
from ae.library import Library
from ae.report.reference import in_folders

JUNK = b"\x00\x05\x16\x07 not what its name says \xff"  # as Finder leaves beside every file
PLACES = (
    "ae/metrics/._probe.py",
    "ae/figures/._curves.py",
    "ae/models/._vae.py",
    "ae/cli/.#main.py",
    "benchmarks/.#tiny2020-dae.toml",
    "benchmarks/._tiny2020-dae.toml",
    "datasets/._mnist.toml",
    "reports/reviews/._tiny2020-dae.toml",
    "reports/published/perf/._machine.json",
    "reports/published/.tiny2020-dae/smoke/record.json",
    "results/.tiny2020-dae/smoke/record.json",
    "results/tiny2020-dae/.ipynb_checkpoints/record.json",
)


def test_no_command_takes_hidden_files_for_its_input(tmp_path):
    project = make(tmp_path)
    for name in ("ae", "datasets"):  # of its own: links until now
        (project / name).unlink()
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in PLACES:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(JUNK)
    for arguments in (("check",), SMOKE):
        code, _, err = ae(project, *arguments)
        assert code == 0, err
        assert "._" not in err
    code, out, _ = ae(project, "list")
    papers = out.partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in papers if line[0] != " "] == ["tiny2020-dae"]
    assert "smoke: recorded" in out
    assert [r.name for r in in_folders([project / "results"], "there").records] == ["tiny2020-dae"]
    only(project / "datasets", "mnist", "tiny")
    with pytest.raises(UserError, match=r"there are mnist, tiny") as refused:
        find_manifest("mists", Library.at(project))
    assert "._" not in str(refused.value)
    with pytest.raises(NotFound) as refused:
        Source(project).function("metrics", "probes.error")
    assert "._" not in str(refused.value)


def only(folder, *names):
    """Leave these manifests in a folder, and its hidden files."""
    for path in folder.glob("[!.]*.toml"):
        if path.stem != names[0]:
            path.unlink()
    for name in names[1:]:
        shutil.copy(folder / f"{names[0]}.toml", folder / f"{name}.toml")
    return folder
