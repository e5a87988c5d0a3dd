"""What the gate promises of a whole suite, on suites drawn from the real baselines' seeds.

`pytest tests/gate/test_rates.py -m slow -s` prints the table of docs/ci.md, a quarter of an hour; the
test of every run checks that page by a few suites.
"""

import math
import re

import pytest
from project import ROOT
from simulated import SPECS, Rates, rates

from ae.verdict.power import at_once, in_two_looks, needed, power

FOLDER = ROOT / "reports" / "baseline"
PAGE = ROOT / "docs" / "ci.md"
FEW, MANY = (3, 32), (30, 240)  # drawn of each baseline, suites
WHAT = {
    "nothing changed; red": "alarms",
    "one metric of one spec moved by 4 spreads; that spec is red": "one",
    "every metric of one spec moved by 4 spreads; that spec is red": "several",
}


def table(found: Rates) -> str:
    lines = [f"| a suite of {SPECS} specs | seeds 3, then 7 of a doubtful spec | 3 seeds alone |"]
    lines.append("|---|---|---|")
    for words, name in WHAT.items():
        one, two = getattr(found, name)
        lines.append(f"| {words} | {two:.3f} | {one:.3f} |")
    return "\n".join(lines)


def close(share: float, printed: float, runs: int) -> bool:
    return abs(share - printed) <= 0.02 + 4 * math.sqrt(max(printed * (1 - printed), 0.01) / runs)


@pytest.fixture(scope="module")
def found() -> Rates:
    return rates(FOLDER, *FEW)


def test_the_page_prints_what_suites_give(found):
    page = PAGE.read_text()
    for words, name in WHAT.items():
        row = re.search(rf"\| {re.escape(words)} \| ([\d.]+) \| ([\d.]+) \|", page)
        assert row, words
        one, two = getattr(found, name)
        assert close(two, float(row[1]), FEW[1]), (words, two)
        assert close(one, float(row[2]), FEW[1]), (words, one)


def test_the_promises_stand_on_the_page():
    page = PAGE.read_text()
    printed = [
        [
            float(x)
            for x in re.search(rf"\| {re.escape(w)} \| ([\d.]+) \| ([\d.]+) \|", page).groups()
        ]
        for w in WHAT
    ]
    assert max(printed[0]) <= 0.05
    assert printed[1][0] >= 0.9
    assert printed[2][0] >= 0.9


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_the_rates_of_many_suites():
    many = rates(FOLDER, *MANY)
    print(f"\n{table(many)}\ndoubtful at first: {many.doubtful:.3f} of the specs")
    assert max(many.alarms) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / MANY[1])
    assert many.one[1] >= 0.9
    assert many.several[1] >= 0.9


def test_the_power_that_is_stated_is_no_more_than_there_is(found):
    """The bound, for a spec of some 35 metrics and ten seeds, the middle of the baselines."""
    assert in_two_looks(10, 3, 4, 35, SPECS) <= found.one[1] + 0.1
    assert at_once(10, 3, 35 * 2, SPECS) <= found.one[0] + 0.25


def test_the_power_of_one_metric_is_that_of_a_noncentral_t():
    from scipy.stats import nct, t

    n, k, metrics, level = 12, 3, 20, 0.04
    least = t.isf(level / metrics, n + k - 2)
    expected = nct.sf(least, n + k - 2, 4 / math.sqrt(1 / n + 1 / k))
    assert power(n, k, metrics, level) == pytest.approx(expected, rel=1e-6)
    assert power(10, 3, 1, 1 / 300) == 0  # 286 splits have no p that small


def test_the_seeds_that_are_needed_are_the_fewest():
    for metrics in (5, 62, 163):
        n = needed(3, 4, metrics, SPECS)
        assert in_two_looks(n, 3, 4, metrics, SPECS) >= 0.9
        assert n == 10 or in_two_looks(n - 1, 3, 4, metrics, SPECS) < 0.9
    assert needed(3, 0, 10_000, 4000) is None or needed(3, 0, 10_000, 4000) > 30
