"""Values against claims: one rule per kind of claim, fixed before the run.

Every rule compares an interval, or an exact permutation p, with a margin that the spec states
with its reason. A claim that is wrong by its margin is called REPRODUCED at most 5 % of the time,
and one that holds by its margin is called SHORT at most 5 % of the time;
`tests/test_verdict_rates.py` measures both (`pytest -s` prints the table). Two known limits: one
seed cannot bound a step back of a trend, and a published spread over two runs errs up to 6.5 %.
A diverged run counts as the worst possible value.
"""

from ae.verdict.exact import verdict_exact
from ae.verdict.judge import headline, judge
from ae.verdict.order import verdict_equal, verdict_order
from ae.verdict.pooled import verdict_pooled
from ae.verdict.result import Finding, Verdict, Word
from ae.verdict.trend import verdict_trend
from ae.verdict.value import verdict_figure, verdict_value

__all__ = [
    "Finding",
    "Verdict",
    "Word",
    "headline",
    "judge",
    "verdict_equal",
    "verdict_exact",
    "verdict_figure",
    "verdict_order",
    "verdict_pooled",
    "verdict_trend",
    "verdict_value",
]
