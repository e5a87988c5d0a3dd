"""Rows of claims in words and units, against means and differences worked out by hand."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_report import TEMPLATES, claim, hinton, normal, rows, store, vincent

from ae.records.record import Record, read
from ae.report import plots, render
from ae.report.claims import ClaimView, claim_views
from ae.verdict import judge
from ae.verdict.finding import EqualFinding, OrderFinding, TrendFinding
from ae.verdict.numbers import MINUS

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "reports" / "published").glob("*/*/record.json"))


def views(record: Record) -> dict[str, ClaimView]:
    return {c.id: c for c in claim_views(record, record.meaning, judge(record))}


def changed(record: Record, *claims: dict[str, Any]) -> Record:
    return record.model_copy(
        update={"spec": record.spec | {"claim": [*record.spec["claim"], *claims]}}
    )


def numbers(words: str) -> list[float]:
    return [float(n.replace(MINUS, "-")) for n in re.findall(rf"{MINUS}?\d+(?:\.\d+)?", words)]


def test_an_order_is_both_means_and_which_way_they_differ() -> None:
    record = hinton()
    own, error = views(record), {r.name: np.array(r.metrics["error"]) for r in record.runs}
    row = own["ae-below-pca"]
    found = re.fullmatch(
        r"(\S+) against (\S+) per image: lower by (\S+) ± (\S+) per image", row.told
    )
    assert found is not None, row.told
    ours, theirs, size, _ = map(float, found.groups())
    assert ours == pytest.approx(error["ae"].mean(), abs=0.006)
    assert theirs == pytest.approx(error["pca"].mean(), abs=0.006)
    assert size == pytest.approx((error["pca"] - error["ae"]).mean(), abs=0.006)
    assert row.target == "AE < PCA"


def test_percent_differ_by_points_and_a_reversed_order_says_so() -> None:
    record = hinton()
    spec = {**record.spec}
    spec["measure"] = [m | {"unit": "%"} if m["name"] == "accuracy" else m for m in spec["measure"]]
    backwards = claim(
        "order", "backwards", better="pca", worse="ae-2d", metric="accuracy", margin=0.05
    )
    record = changed(record.model_copy(update={"spec": spec}), backwards)
    right, wrong = views(record)["codes-2d"].told, views(record)["backwards"].told
    accuracy = {r.name: np.mean(r.metrics["accuracy"]) for r in record.runs
                if "accuracy" in r.metrics}  # fmt: skip
    gap = accuracy["ae-2d"] - accuracy["pca"]
    assert " %" in right
    assert right.endswith("points")
    assert numbers(right)[:3] == pytest.approx([accuracy["ae-2d"], accuracy["pca"], gap], abs=0.002)
    assert ": higher by " in right
    assert numbers(wrong)[:3] == pytest.approx([accuracy["pca"], accuracy["ae-2d"], gap], abs=0.002)
    assert ": lower by " in wrong


def test_a_trend_is_its_means_in_order_and_which_way_it_goes() -> None:
    record = vincent()
    row = views(record)["structure"]
    names = ["nu-0", "nu-10", "nu-25", "nu-50"]
    means = [np.mean(record.run(n).metrics["structure"]) for n in names]  # type: ignore[union-attr]
    found = numbers(row.told)
    assert found[:4] == pytest.approx(means, abs=0.0006)
    assert found[4] == pytest.approx(means[-1] - means[0], abs=0.0006)
    assert row.told.count(" → ") == 3
    assert ": up by " in row.told
    falling = claim("trend", "falls", runs=names, moves="down", metric="structure", margin=0.02)
    told = views(changed(record, falling))["falls"].told
    assert told == row.told  # what was found does not depend on what was claimed


def test_a_number_has_its_unit_and_an_exact_one_says_every_seed() -> None:
    own = views(hinton("paper"))
    assert re.fullmatch(r"3\.0\d+ ± 0\.\d+ per image", own["ae-30"].told)
    assert own["pca-30"].told == "13.8662 per image in every seed"
    assert re.fullmatch(r"52\.\d+ to 52\.\d+ per image", own["mean-image"].told)


def test_the_least_p_is_called_so() -> None:
    row = views(hinton())["codes-2d"]
    assert row.detail.startswith("p = 0.031, ")  # 1 / 32
    assert row.detail.endswith("; the least p that 5 seeds allow")
    weak = hinton()
    noisy = weak.run("ae-2d").model_copy(  # type: ignore[union-attr]
        update={"metrics": {**weak.run("ae-2d").metrics, "accuracy": normal(0.41, 0.2, "q")}}  # type: ignore[union-attr]
    )
    runs = [noisy if r.name == "ae-2d" else r for r in weak.runs]
    assert "least" not in views(weak.model_copy(update={"runs": runs}))["codes-2d"].detail


@pytest.mark.parametrize("path", PATHS, ids=lambda p: f"{p.parents[1].name}-{p.parent.name}")
def test_the_means_of_every_published_comparison_are_the_records_own(path: Path) -> None:
    record = read(path)
    for verdict in judge(record):
        found, claimed = verdict.finding, verdict.claim
        if not isinstance(found, OrderFinding | EqualFinding | TrendFinding):
            continue
        names = (
            claimed.arms(verdict.measure.direction)  # type: ignore[union-attr]
            if isinstance(found, OrderFinding)
            else claimed.runs  # type: ignore[union-attr]
        )
        runs = [record.run(name).finite(claimed.metric) for name in names]  # type: ignore[union-attr]
        if any(len(r) != found.seeds for r in runs):
            continue  # of looks, or of seeds that are not common to all
        assert found.means == pytest.approx([np.mean(list(r.values())) for r in runs], rel=1e-9)
        assert found.interval is not None
        first, last = found.means[0], found.means[-1]
        size = abs(found.interval.mean)
        assert abs(first - last) == pytest.approx(size, rel=1e-6, abs=1e-12)


def test_the_page_has_the_words_and_the_labels(tmp_path: Path) -> None:
    given = store(hinton(), tmp_path / "results")
    render([given], tmp_path / "out", templates=TEMPLATES, pdf=False)
    found = rows(tmp_path / "out" / "hinton2006-deep-autoencoder-quick.html", "claims")
    (row,) = [r for r in found if r[0].startswith("ae-below-pca") and len(r) > 1]
    own = views(hinton())["ae-below-pca"]
    assert row[1].startswith("AE < PCA")
    assert row[4] == f"{own.told} {own.detail}"


@pytest.mark.parametrize("count", [1, 6, 7, 12, 13, 36])
def test_a_plot_has_six_curves_at_most_and_none_is_lost(count: int) -> None:
    series = [plots.Series(str(i), i, (0.0, 1.0), (0.0, float(i)), (0.0, 0.0), (1.0, float(i)))
              for i in range(count)]  # fmt: skip
    panels = plots.panels(series)
    assert [s for panel in panels for s in panel] == series
    sizes = [len(panel) for panel in panels]
    assert max(sizes) <= 6
    assert max(sizes) - min(sizes) <= 1
    assert len(panels) == -(-count // 6)


def test_plots_that_stand_beside_each_other_share_their_axes() -> None:
    low, high = (plots.Series(n, i, (0.0, 1.0), (v, v), (v, v), (v, v))
                 for i, (n, v) in enumerate((("low", 1.0), ("high", 9.0))))  # fmt: skip
    labels = ("x", "y")
    first = plots.curves("a", "t", [low], labels, [low, high])
    second = plots.curves("b", "t", [high], labels, [low, high])
    ticks = [[t.text for t in p.iter("text")][:-1] for p in (first, second)]
    assert ticks[0] == ticks[1]
    assert any("9" in (t or "") or "8" in (t or "") for t in ticks[0])
