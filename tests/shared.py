"""What takes long to make, made once in a session: by the first of its processes that asks."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` filled, which no test may change; others wait while it is made."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # a process has a folder of its own in that of the session
    place = base / f"shared-{name}"
    with FileLock(base / f"shared-{name}.lock"):
        if not place.exists():
            making = factory.mktemp(name)
            make(making)
            making.rename(place)
    return place
