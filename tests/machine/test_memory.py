"""Freed memory goes back to the system when it is asked to."""

import gc
import platform
import subprocess
import sys
import weakref

import pytest

from ae.machine.memory import give_back

CODE = """
import re
from pathlib import Path
from ae.machine.threads import set_policy
set_policy()
import torch
from ae.machine.memory import give_back

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

blocks = [torch.ones(2**18) for _ in range(200)]  # 200 MiB
blocks = blocks[-1:]  # at the end of the heap: nothing below it is returned by itself
before = resident()
give_back()
print(round(before - resident()))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's way to return memory")
def test_freed_memory_is_returned_though_something_above_it_is_in_use():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert 150 < int(done.stdout) < 250


class Knot:
    """What refers to itself: reference counts alone never free it."""

    def __init__(self):
        self.own = self


def test_what_is_left_is_not_looked_through_again_and_what_comes_later_is():
    try:
        give_back()
        there = gc.get_freeze_count()
        assert there > 10_000
        assert len(gc.get_objects()) < there / 10
        knot = weakref.ref(Knot())
        assert knot() is not None
        give_back()
        assert knot() is None
    finally:
        gc.unfreeze()
