"""When the claims of the specs are looked at: one rule for all, fixed before any run.

A number that is judged in the paper tier, of a run that is trained by descent, has looks at 3 seeds
and at all n that its spec lists; an order or a trend at 5 and at all n. Nothing else has looks: with no
more seeds than the first look takes there is one look, and what no seed moves is the same at any.
Claims of a reduced tier alone may share the looks of those beside which they stand.
"""

from pathlib import Path

import pytest

from ae.spec import Claim, Descent, FigureClaim, OrderClaim, Spec, TrendClaim, ValueClaim, runs_of
from ae.spec.read import find_specs, read_spec
from ae.spec.tiers import cells

SPECS = find_specs(Path(__file__).parents[2] / "benchmarks")
FEWEST_SEEDS = 3


def expected(spec: Spec, claim: Claim) -> tuple[int, ...] | None:
    """The looks that the rule gives a claim of the paper tier; None: it is looked at once."""
    listed = {cell.name: cell for cell in cells(spec, "paper", where="a spec")}
    most = max(len(listed[run].train.seeds) for run in runs_of(claim))
    match claim:
        case ValueClaim() | FigureClaim():
            cell = listed[claim.run]
            stages = (cell.train.stages[name] for name in cell.train.use)
            trained = any(isinstance(stage, Descent) for stage in stages)
            return (3, most) if trained and most > 3 else None
        case OrderClaim() | TrendClaim():
            return (5, most) if most > 5 else None
        case _:
            return None


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_claims_are_looked_at_as_the_rule_says(path):
    spec = read_spec(path)
    judged = [claim for claim in spec.claim if "paper" in claim.tiers]
    wrong = {c.id: (c.looks, expected(spec, c)) for c in judged if c.looks != expected(spec, c)}
    assert not wrong


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_numbers_have_three_seeds_and_orders_five(path):
    spec = read_spec(path)
    listed = {cell.name: cell.train.seeds for cell in cells(spec, "paper", where="a spec")}
    for claim in spec.claim:
        if "paper" in claim.tiers and isinstance(claim, ValueClaim | OrderClaim | TrendClaim):
            least = FEWEST_SEEDS if isinstance(claim, ValueClaim) else 5
            assert max(len(listed[run]) for run in runs_of(claim)) >= least, claim.id


def test_the_rule_tells_what_is_trained_from_what_is_not():
    """By hand, on a spec that has both: a trained network, and pixels that no training moves."""
    spec = read_spec(next(p for p in SPECS if p.stem == "makhzani2014-k-sparse"))
    claims = {claim.id: claim for claim in spec.claim}
    assert expected(spec, claims["table1-k25"]) == (3, 6)
    assert expected(spec, claims["table1-raw-pixels"]) is None
    assert expected(spec, claims["filters-grow"]) == (5, 6)
    assert expected(spec, claims["at-most-25"]) is None
