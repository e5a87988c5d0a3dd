"""The thread policy, before torch is loaded; and double precision for the tests that ask for it."""

from collections.abc import Iterator

import pytest

from ae.environment import set_policy

set_policy()


@pytest.fixture
def exact_arithmetic() -> Iterator[None]:
    """Float64 by default, one thread, a known global seed; for tests that use torch."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(threads)
