"""The command in a process of its own, as a person or a CI meets it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from project import PYTHONPATH

KEPT = {k: v for k, v in os.environ.items() if not k.startswith(("AE_", "GITHUB_", "MLFLOW_"))}
ENVIRONMENT = KEPT | {"OMP_NUM_THREADS": "1", "PYTHONPATH": PYTHONPATH}
SMOKE = ("run", "--tier", "smoke", "--no-pdf", "--no-track")
ALONE = (*SMOKE, "--jobs", "0")  # in one process, which starts sooner than two


class Said(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


def ae(folder: Path, *arguments: str, timeout: float = 100, **environment: Any) -> Said:
    """Run `ae` in a folder; a traceback is a fault, whatever it was asked."""
    done = subprocess.run(
        [sys.executable, "-m", "ae", *arguments],
        cwd=folder,
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=timeout,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Said(done.returncode, done.stdout, done.stderr)
