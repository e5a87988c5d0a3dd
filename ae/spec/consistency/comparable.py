"""Whether what a claim compares is measured on the same images."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from ae.spec import Claim, EqualClaim, OrderClaim, Spec, Tier, TierName, TrendClaim, runs_of
from ae.spec.consistency.measures import is_density
from ae.spec.measure import Measure
from ae.toml.file import Fault


class _Tested(NamedTuple):
    """The images that a run is tested on in a tier."""

    name: Any
    test: Any
    test_limit: Any


def incomparable(spec: Spec, claim: Claim, measure: Measure) -> Iterator[Fault]:
    """Runs of a claim that are tested on different images.

    A difference of two runs is one of their models only where the images are the same; a log
    likelihood on one data set, or one binarisation of it, is not that on another in any claim.
    """
    if not isinstance(claim, OrderClaim | EqualClaim | TrendClaim) and not is_density(measure):
        return
    for tier in claim.tiers:
        (first, own), *others = ((run, _tested(spec, tier, run)) for run in runs_of(claim))
        for run, tested in others:
            if words := _differ(own, tested):
                mine, theirs, expected = words
                text = (
                    f"in {tier!r} run {first!r} is {mine} and run {run!r} {theirs}: their "
                    f"{claim.metric!r} cannot be compared; expected runs on {expected}"
                )
                yield Fault(("tiers",), text)


def _differ(own: _Tested, other: _Tested) -> tuple[str, str, str] | None:
    """In what they differ, in words: the first, the other, what was expected."""
    if own.name != other.name:
        return f"on data set {own.name!r}", f"on {other.name!r}", "one data set"
    if own.test != other.test:
        return f"tested on the split {own.test!r}", f"on {other.test!r}", "one test split"
    if own.test_limit != other.test_limit:
        first, second = own.test_limit, other.test_limit
        return f"tested on {first} images", f"on {second}", "one test_limit"
    return None


def _tested(spec: Spec, tier: TierName, run: str) -> _Tested:
    """The test images of a run in a tier; the later override wins."""
    data = {key: getattr(spec.data, key) for key in _Tested._fields}
    own = spec.tier.get(tier, Tier())
    tables = [own.data, *(r.data for r in spec.run if r.name == run)]
    for table in (*tables, own.run.get(run, {}).get("data")):
        if isinstance(table, dict):
            data |= {key: table[key] for key in _Tested._fields if key in table}
    return _Tested(**data)
