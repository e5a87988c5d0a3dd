"""Which specs the gate watches with less than the power that it states, and what would help."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ae.verdict.movement import Movement
from ae.verdict.power import PROMISED, SPREADS, at_once, in_two_looks, needed

MORE = 4  # seeds that a doubtful spec gets


class Watched(NamedTuple):
    """A spec's seeds, in the baseline and new, and how many of its metrics luck decides."""

    spec: str
    baseline: int
    new: int
    metrics: int


def watched(found: Mapping[str, Sequence[Movement]]) -> list[Watched]:
    """Of every spec, from its first look; exact metrics are no matter of luck."""
    result = []
    for spec, movements in found.items():
        loose = [m for m in movements if m.sd > 0 and m.seeds[1] > 1]
        if loose:
            n, k = (min(m.seeds[i] - m.diverged[i] for m in loose) for i in (0, 1))
            result.append(Watched(spec, n, k, len(loose)))
    return result


def weak(specs: Sequence[Watched], *, looks: int) -> Iterator[str]:
    """One sentence on the specs in which a metric that moves 4 spreads may be missed."""
    several, total = len(specs), sum(one.metrics for one in specs)
    said = []
    for one in specs:
        if min(one.baseline, one.new) < 2:
            continue
        more, metrics, among = (MORE, one.metrics, several) if looks > 1 else (0, total, 1)
        found = (
            in_two_looks(one.baseline, one.new, more, metrics, among)
            if more
            else at_once(one.baseline, one.new, metrics, among)
        )
        if found < PROMISED:
            enough = needed(one.new, more, metrics, among)
            would = f"; {enough} seeds of its baseline would do" if enough else ""
            said.append(f"{one.spec} ({found:.0%}{would})")
    if said:
        yield (
            f"one metric that moves {SPREADS:g} spreads is found in fewer than {PROMISED:.0%} of "
            f"runs in {', '.join(said)}"
        )
