"""Values against claims: one rule per kind of claim, fixed before the run.

Every rule compares an interval, or an exact permutation p, with a margin that the spec states
with its reason. A claim that is wrong by its margin is called REPRODUCED at most 5 % of the time,
and one that holds by its margin is called SHORT at most 5 % of the time; `docs/verdicts.md` says for
which laws of the seeds, and for which not, and `tests/verdict/test_rates.py` measures it.
"""

from ae.verdict.exact import verdict_exact
from ae.verdict.finding import Finding
from ae.verdict.judge import judge
from ae.verdict.looks import needed
from ae.verdict.numbers import Interval
from ae.verdict.order import verdict_equal, verdict_order
from ae.verdict.pooled import verdict_pooled
from ae.verdict.result import Word
from ae.verdict.trend import verdict_trend
from ae.verdict.value import verdict_figure, verdict_value
from ae.verdict.verdict import Verdict, headline

__all__ = [
    "Finding",
    "Interval",
    "Verdict",
    "Word",
    "headline",
    "judge",
    "needed",
    "verdict_equal",
    "verdict_exact",
    "verdict_figure",
    "verdict_order",
    "verdict_pooled",
    "verdict_trend",
    "verdict_value",
]
