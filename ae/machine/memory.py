"""Memory that was freed: given back to the system between two papers."""

import ctypes
import gc
import platform


def give_back() -> None:
    """Return what this process has freed to the system.

    While a paper is trained freed memory is kept (`ae.machine.threads.set_policy`), which is faster.
    Between papers of different shapes it would only be what the next one cannot use. With glibc
    alone; elsewhere the system's own library decides.

    What is left are modules and what belongs to them, half a million objects with torch: they are
    frozen, so that the next collections do not look through them for cycles, a third of a second.
    """
    gc.collect()
    gc.freeze()
    trim()


def trim() -> None:
    """Return freed memory alone, with no look for cycles; with glibc."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
