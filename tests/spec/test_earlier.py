"""Specs in records of earlier versions: read as today's, and shown as they were."""

import gzip
import json
import math
from pathlib import Path

import pytest

from ae.records.record import parse
from ae.spec import ExactClaim, FigureClaim, OrderClaim, Spec, ValueClaim
from ae.spec.earlier import modern
from ae.spec.read import read_spec
from ae.verdict.judge import judge

ROOT = Path(__file__).parents[2]
PUBLISHED = sorted((ROOT / "reports" / "published").glob("*/*/record.json"))
# Of November 2026, published then, without their runs: `ae history` reads such ones out of git.
EARLIER = json.loads(
    gzip.decompress(Path(__file__).with_name("earlier-records.json.gz").read_bytes())
)
MEASURES = [
    {"name": "error", "direction": "lower", "unit": "%"},
    {"name": "score", "direction": "higher", "unit": ""},
]


def claim(**keys):
    return modern({"measure": MEASURES, "claim": [keys]})["claim"][0]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("score", {"higher": "a", "lower": "b"}), ("error", {"higher": "b", "lower": "a"})],
)
def test_the_better_run_is_the_one_with_the_value_that_is_better(metric, expected):
    found = claim(kind="order", metric=metric, better="a", worse="b", gap=1.0)
    assert found == {"kind": "order", "metric": metric, "gap": 1.0, **expected}


@pytest.mark.parametrize(
    ("value", "digits", "printed"),
    [(82.9, 2, "82.90"), (-172.718, 3, "-172.718"), (1811, 0, "1811"), (0.0, 1, "0.0")],
)
def test_a_number_has_the_digits_that_were_printed(value, digits, printed):
    found = claim(kind="value", metric="error", value=value, digits=digits, unit="%")
    assert found == {"kind": "value", "metric": "error", "printed": printed}


@pytest.mark.parametrize("kind", ["exact", "figure"])
def test_a_claim_repeats_no_unit(kind):
    found = claim(kind=kind, metric="error", value=3, unit="%")
    assert found == {"kind": kind, "metric": "error", "value": 3}


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "value", "value": "x", "digits": 2},
        {"kind": "value", "value": 1.0, "digits": -1},
        {"kind": "value", "value": math.inf, "digits": 1},
        {"kind": "value", "value": True, "digits": 1},
        {"kind": "value", "value": 1.0, "digits": 10**9},
        {"kind": "order", "better": "a"},
        {"kind": 3},
        {},
    ],
)
def test_what_is_no_claim_is_left_to_be_refused(keys):
    tables = {"measure": MEASURES, "claim": [keys, 3]}
    with pytest.raises(ValueError, match="validation error"):
        Spec.model_validate_json(json.dumps(modern(tables), default=str))


def test_a_spec_of_today_is_left_as_it_is():
    spec = read_spec(ROOT / "tests" / "author2014-model.toml")
    dumped = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert modern(dumped) == dumped
    assert modern({"claim": 3}) == {"claim": 3}


def test_there_are_records_of_earlier_versions():
    words = [record["spec"]["claim"] for record in EARLIER]
    assert sum("better" in c for claims in words for c in claims) > 50


@pytest.mark.parametrize(
    "content",
    [*(json.dumps(record).encode() for record in EARLIER), *(p.read_bytes() for p in PUBLISHED)],
    ids=[*(record["name"] for record in EARLIER), *("/".join(p.parts[-3:-1]) for p in PUBLISHED)],
)
def test_a_record_means_what_it_meant(content):
    """Against the record's own words: of every claim the runs, the number and what is shown."""
    record = parse(content, "record")
    spec, old = record.meaning, {c["id"]: c for c in record.spec["claim"]}
    directions = {m.name: m.direction for m in spec.measure}
    units = {m["name"]: m["unit"] for m in record.spec["measure"]}
    shown = {verdict.claim.id: verdict.target for verdict in judge(record)}
    assert [c.id for c in spec.claim] == list(old)
    for found in spec.claim:
        was = old[found.id]
        assert found.status == was["status"]
        assert found.primary == was["primary"]
        match found:
            case OrderClaim() if "better" in was:
                assert found.arms(directions[found.metric]) == (was["better"], was["worse"])
                assert shown[found.id].startswith(f"{was['better']} ")
            case ValueClaim() if "value" in was:
                assert (found.value, found.digits) == (was["value"], was["digits"])
                assert f"{was['value']:.{was['digits']}f}" in shown[found.id]
                assert was["unit"] in shown[found.id]
            case ExactClaim() | FigureClaim() if "unit" in was:
                assert was["unit"] == units[found.metric]
                assert was["unit"] in shown[found.id]
