"""The project as a wheel: built of a copy of the checkout, without the network, and installed."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from project import ROOT

PARTS = ("ae", "benchmarks", "datasets", "reports/baseline", "reports/templates")
PIP = (sys.executable, "-I", "-m", "pip", "--quiet", "--disable-pip-version-check")
ALONE = ("--no-deps", "--no-index")


def built(folder: Path) -> Path:
    """The wheel."""
    source = folder / "source"
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, source / part, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    _run("wheel", "--no-build-isolation", *ALONE, "--wheel-dir", str(folder), str(source))
    (wheel,) = folder.glob("*.whl")
    shutil.rmtree(source)
    return wheel


def installed(folder: Path) -> Path:
    """The folder that it is installed in, its commands in `bin`; compiled once for all of them."""
    wheel = built(folder)
    _run("install", *ALONE, "--target", str(folder / "site"), str(wheel))
    return folder / "site"


def _run(*arguments: str) -> None:
    done = subprocess.run([*PIP, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def packages() -> set[str]:
    """The packages that `pyproject.toml` lists."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return set(project["tool"]["setuptools"]["packages"])
