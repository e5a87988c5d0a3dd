"""The small plot of a claim on many runs: places of its marks, and what it says in words."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
import pytest

from ae.records import record as records
from ae.report.claims import claim_views
from ae.report.pooled_plot import Pooled, pooled
from ae.spec import PooledClaim
from ae.verdict import judge

PUBLISHED = Path(__file__).parents[2] / "reports/published/locatello2019-challenging/quick"
SEEDS = (1.0, 2.0, 3.0, 5.0, 9.0)
SHOWN = Pooled(
    runs=(("one, a", SEEDS), ("one, b", tuple(2 * v for v in SEEDS)), ("two", (4.0, 4.0))),
    axis="error, %",
    statistic="share, %",
    span=(0.0, 100.0),
    mean=25.0,
    ends=(20.0, 30.0),
    bound=50.0,
    above=False,
)


def marks(drawn: Element, kind: str) -> list[list[tuple[float, float]]]:
    paths = [e.attrib["d"] for e in drawn if e.attrib.get("class") == kind]
    pairs = [re.findall(r"(-?[\d.]+) (-?[\d.]+)", d) for d in paths]
    return [[(float(x), float(y)) for x, y in found] for found in pairs]


def test_a_run_is_drawn_by_extremes_quartiles_and_mean() -> None:
    drawn = pooled("n", "t", SHOWN)
    whiskers = [m for m in marks(drawn, "line-axis") if m[0][0] == m[1][0] and m[0][1] <= 96][:3]
    unit = (whiskers[0][0][1] - whiskers[0][1][1]) / 8  # from 1 to 9
    assert whiskers[1][0][1] - whiskers[1][1][1] == pytest.approx(16 * unit, abs=0.2)
    low, high = np.quantile(SEEDS, [0.25, 0.75])
    thick = marks(drawn, "line-interval")[0]
    assert thick[0][1] - thick[1][1] == pytest.approx((high - low) * unit, abs=0.2)
    assert whiskers[0][0][1] - thick[0][1] == pytest.approx((low - 1) * unit, abs=0.2)
    mean = marks(drawn, "mean")[0]
    assert whiskers[0][0][1] - mean[0][1] == pytest.approx((4 - 1) * unit, abs=0.2)
    names = [e.text for e in drawn if e.tag == "text"]
    assert names.count("one") == names.count("two") == 1


@pytest.mark.parametrize("above", [False, True])
def test_the_statistic_lies_on_its_scale_and_the_claimed_side_is_shaded(above: bool) -> None:
    drawn = pooled("n", "t", replace(SHOWN, above=above))
    (band,) = drawn.findall("rect")
    left, width = float(band.attrib["x"]), float(band.attrib["width"])
    assert width == pytest.approx((320 - 16) / 2)
    assert left == pytest.approx(160 if above else 8)
    mean, interval = marks(drawn, "mean")[-1], marks(drawn, "line-interval")[-1]
    assert mean[1][0] == pytest.approx(8 + 304 * 0.25)
    assert [x for x, _ in interval] == pytest.approx([8 + 304 * 0.2, 8 + 304 * 0.3], abs=0.06)
    said = drawn.findtext("desc") or ""
    assert said.endswith(f"claimed to be {'above' if above else 'below'} 50.")
    assert said.startswith("one, a: mean 4; one, b: mean 8; two: mean 4; share, %: 25,")


def test_every_pooled_claim_that_was_tested_has_its_plot() -> None:
    record = records.read(PUBLISHED / "record.json")
    ids = {c.id for c in record.meaning.claim if isinstance(c, PooledClaim)}
    views = claim_views(record, record.meaning, judge(record))
    shown = [v for v in views if v.id in ids and v.seeds]
    assert len(shown) == 13
    assert all(v.plot is not None for v in shown)
