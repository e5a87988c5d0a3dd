"""The thread policy, before torch is loaded; no network; double precision for whoever asks for it."""

import os
import socket
from collections.abc import Iterator

import jaxtyping
import pytest
import typed
from network import refused
from project import GUARD, ROOT

from ae.machine.threads import set_policy

# Files and folders whose tests take longest, seconds each: begun last, one would leave cores idle.
FIRST = (
    "cli/test_cli.py",
    "test_your_own.py",
    "running/test_kills.py",
    "gate/test_bisect.py",
    "gate/test_defects.py",
    "browser/",
    "faults/",
    "running/",
    "tracking/",
    "spec/test_readme.py",
    "test_reproducible.py",
)

set_policy()
jaxtyping.jaxtyped = typed.once_a_kind(jaxtyping.jaxtyped)  # before it is applied to any module
os.environ["PYTHONPATH"] = os.pathsep.join(
    dict.fromkeys([str(GUARD), *filter(None, [os.environ.get("PYTHONPATH")])])
)


@pytest.fixture(autouse=True)
def checked_anew() -> None:
    """Every test has the types of what it calls checked."""
    typed.forget()


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Whatever a test tries to reach beyond this machine fails it.

    Here for this process; `guard/sitecustomize.py` does so in its Python children.
    """
    with refused():
        yield


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nothing listens, and which is taken, so that no other process gets it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


@pytest.fixture
def one_thread() -> Iterator[None]:
    """One thread for torch."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def exact_arithmetic(one_thread: None) -> Iterator[None]:
    """Float64 by default, one thread, a known global seed; for tests that use torch."""
    import torch

    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)


def pytest_collection_modifyitems(config, items):
    """Put the longest first; leave out what takes minutes unless it is asked for."""
    assert all((ROOT / "tests" / first).exists() for first in FIRST), FIRST
    items.sort(key=place)
    if "nightly" in config.option.markexpr:
        return
    reason = pytest.mark.skip(reason="asked for by -m nightly")
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(reason)


def place(item):
    """The place in FIRST of a test's file, or one behind all."""
    name = item.path.relative_to(ROOT / "tests").as_posix()
    return next((i for i, first in enumerate(FIRST) if name.startswith(first)), len(FIRST))
