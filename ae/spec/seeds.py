"""Seeds as a person writes them, in a spec and on the command line."""

import re
from collections.abc import Sequence

RANGE = re.compile(r"\s*([0-9]{1,10})\s*(?:-\s*([0-9]{1,10})\s*)?")
MOST = 10_000  # seeds


def seeds_of(text: str) -> tuple[int, ...]:
    """`0-4,7` -> (0, 1, 2, 3, 4, 7).

    Raises:
        ValueError: With what was found and what was expected.
    """
    found: list[int] = []
    for piece in text.split(","):
        match = RANGE.fullmatch(piece)
        if not match:
            raise ValueError(f"found {piece!r}; expected numbers and ranges such as 0-4,7")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"found {piece!r}, an empty range; expected {last}-{first}")
        if len(found) + last - first >= MOST:
            raise ValueError(f"found {text!r}; expected at most {MOST} seeds")
        found += range(first, last + 1)
    if len(set(found)) < len(found):
        raise ValueError(f"found {text!r}, which gives a seed twice")
    return tuple(found)


def shown(seeds: Sequence[int]) -> str:
    """(0, 1, 2, 7) -> `0-2,7`, as `seeds_of` reads it."""
    parts: list[list[int]] = []
    for seed in sorted(seeds):
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ",".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)
