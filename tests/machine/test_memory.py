"""Freed memory goes back to the system when it is asked to."""

import gc
import platform
import subprocess
import sys
import weakref

import pytest

from ae.machine.memory import give_back

BEGIN = """
import re
from pathlib import Path
from ae.machine.threads import set_policy
set_policy()
import torch

def resident(what="VmRSS"):
    found = re.search(what + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024
"""
BETWEEN_PAPERS = """
from ae.machine.memory import give_back
blocks = [torch.ones(2**18) for _ in range(200)]  # 200 MiB
blocks = blocks[-1:]  # at the end of the heap: nothing below it is returned by itself
before = resident()
give_back()
print(round(before - resident()))
"""
IN_PIECES = """
before = resident()
sums = []
for _ in range(20):  # each piece 48 MiB, of which 48 KiB are kept
    sums.append(torch.ones(1024, 6144, dtype=torch.float64).sum(0))
print(round(resident("VmHWM") - before))
"""
glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's way with memory")


def mebibytes(code):
    """What a fresh process prints that keeps to the policy."""
    command = [sys.executable, "-c", BEGIN + code]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@glibc
def test_freed_memory_is_returned_though_something_above_it_is_in_use():
    assert 150 < mebibytes(BETWEEN_PAPERS) < 250


@glibc
def test_large_pieces_one_after_another_take_the_memory_of_one():
    assert 40 < mebibytes(IN_PIECES) < 200


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
