"""The kind of evidence of every claim of the suite, against its own words in the TOML."""

from collections import Counter
from pathlib import Path

import pytest

from ae.spec import KINDS, evidence_of
from ae.spec.read import find_specs, read_spec

ROOT = Path(__file__).parents[2]
CLAIMS = [
    pytest.param(claim, id=f"{path.stem}:{claim.id}")
    for path in find_specs(ROOT / "benchmarks")
    for claim in read_spec(path).claim
]


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_published_value_is_a_number_that_somebody_published(claim):
    kind = evidence_of(claim)
    number = claim.kind in ("value", "figure")
    read = claim.status in ("printed", "quoted", "digitised")
    assert (kind == "published") == (number and read and not claim.control)
    assert (kind == "control") == claim.control
    if kind in ("recalled", "calculated"):
        assert claim.status == kind
    if kind == "stated":
        assert read
        assert not number


def test_the_suite_has_claims_of_every_kind():
    found = Counter(evidence_of(param.values[0]) for param in CLAIMS)
    assert set(found) == set(KINDS)
    assert found["published"] > 400
