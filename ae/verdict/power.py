"""How surely a change of one metric is told, before any run: seeds, metrics and specs decide it.

Bounds for normal seeds: a metric is corrected for all of its spec as if they were independent.
"""

import math

from scipy.special import nctdtr, stdtrit

from ae.verdict.movement import MOVED, SECOND, SUSPECT
from ae.verdict.result import ALPHA

SPREADS = 4.0  # the change for which power is stated
PROMISED = 0.9
MOST = 100  # seeds of a baseline


def power(n: int, k: int, metrics: int, level: float, spreads: float = SPREADS) -> float:
    """The chance that one metric of a spec, moved by so many spreads, has p at most `level`."""
    if level * math.comb(n + k, k) < 1:
        return 0.0
    nu = n + k - 2
    least = float(stdtrit(nu, 1 - level / metrics))
    return float(1 - nctdtr(nu, spreads / math.sqrt(1 / n + 1 / k), least))


def in_two_looks(n: int, k: int, more: int, metrics: int, specs: int) -> float:
    """The chance that it is a suspect after k new seeds, and told after `more`, among such specs."""
    suspect = power(n, k, metrics, SUSPECT)
    told = power(n, k + more, metrics, SECOND * MOVED * ALPHA / specs)
    return max(0.0, suspect + told - 1)


def at_once(n: int, k: int, metrics: int, specs: int) -> float:
    """The same of one look: all metrics of all specs, as if each had as many."""
    level = MOVED * ALPHA / specs / metrics
    nu = n + k - 2
    least = float(stdtrit(nu, 1 - level))
    return float(1 - nctdtr(nu, SPREADS / math.sqrt(1 / n + 1 / k), least))


def needed(k: int, more: int, metrics: int, specs: int) -> int | None:
    """The least baseline that gives the promised power, None where none does."""
    for n in range(10, MOST + 1):
        found = in_two_looks(n, k, more, metrics, specs) if more else at_once(n, k, metrics, specs)
        if found >= PROMISED:
            return n
    return None
