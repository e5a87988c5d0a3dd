"""What takes long to make, made once in a session: by the first of its processes that asks."""

import os
import warnings
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


def empty_store(factory: pytest.TempPathFactory) -> Path:
    """The file of an MLflow store without a run, to be copied: to create one takes seconds.

    It is created in a folder with a name that cannot stand in a URI, over what an interrupted
    attempt left there.
    """

    def make(root: Path) -> None:
        from ae.tracking.store import SETTINGS, connected, uri_of

        folder = root / "a?b"
        folder.mkdir()
        (folder / ".mlflow.db.new").write_bytes(b"half a store")
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of MLflow's, as it is imported
            for name in SETTINGS:  # which are set in the environment
                patch.setenv(name, "")
                patch.delenv(name)
            with connected(uri_of(folder / "mlflow.db")):
                assert [p.name for p in folder.iterdir()] == ["mlflow.db"]
        assert [p.name for p in root.iterdir()] == ["a?b"]

    return once(factory, "store", make) / "a?b" / "mlflow.db"
