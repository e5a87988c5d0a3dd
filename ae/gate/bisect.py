"""The commit that moved a number: between one where it was good and one where it is not, by halves."""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Found(NamedTuple):
    """The oldest commit that may have moved it, and the last; one and the same where that is known.

    Between them lie commits that could not be judged.
    """

    first: str
    last: str


def search(commits: Sequence[str], moved: Callable[[str], bool | None]) -> Found:
    """Find the first commit at which a number has moved, and stays so.

    Args:
        commits: From the first after the good one to the bad one, of which it is known that it moved.
        moved: Whether it has moved there; None where that cannot be said. Asked once of a commit, of
            as few as halving needs.
    """
    low, high = -1, len(commits) - 1  # the last that is good, the first that is not
    lost: set[int] = set()
    while left := [i for i in range(low + 1, high) if i not in lost]:
        middle = min(left, key=lambda i: abs(2 * i - low - high))
        found = moved(commits[middle])
        if found is None:
            lost.add(middle)
        elif found:
            high = middle
        else:
            low = middle
    return Found(commits[low + 1], commits[high])
