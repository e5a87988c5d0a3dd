"""The tables against the records' own JSON, read by hand; and what is told of their columns."""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made import record, store
from test_report import hinton, vincent
from test_report import store as keep

import ae.results
from ae.errors import UserError
from ae.records.entries import MemberRecord, TwinRecord
from ae.results.columns import TEXT
from ae.results.files import encoded
from ae.verdict.skewed import quantile

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "reports" / "published"
NAMES = ("variance-mnist", "pytorch2017-vae-example", "chollet2016-keras-autoencoders")


def raw(name: str, tier: str) -> dict[str, Any]:
    return json.loads((PUBLISHED / name / tier / "record.json").read_text())


@pytest.fixture(scope="module")
def frames() -> dict[str, ae.results.Frames]:
    return {name: ae.results.load(PUBLISHED / name / "paper") for name in NAMES}


def test_values_are_those_of_the_json_seed_by_seed(frames: dict[str, ae.results.Frames]) -> None:
    for name, found in frames.items():
        expected = {
            (run["name"], metric, seed): value
            for run in raw(name, "paper")["runs"]
            for metric, values in run["metrics"].items()
            for seed, value in zip(run["seeds"], values, strict=True)
        }
        rows = found.values.itertuples(index=False)
        assert {(r.run, r.metric, r.seed): r.value for r in rows} == expected
        assert set(found.values["spec"]) == {name}
        assert set(found.values["tier"]) == {"paper"}
        units = {m["name"]: m["unit"] for m in raw(name, "paper")["spec"]["measure"]}
        assert dict(zip(found.values["metric"], found.values["unit"], strict=True)).items() <= (
            units.items()
        )


def test_curves_are_those_of_the_json_point_by_point(frames: dict[str, ae.results.Frames]) -> None:
    for name, found in frames.items():
        expected = [
            (run["name"], curve["stage"], curve["part"], seed, step, examples, value)
            for run in raw(name, "paper")["runs"]
            for curve in run["curves"]
            for seed, values in zip(run["seeds"], curve["values"], strict=True)
            for step, examples, value in zip(curve["steps"], curve["examples"], values, strict=True)
        ]
        columns = ["run", "stage", "part", "seed", "step", "examples", "value"]
        assert list(found.curves[columns].itertuples(index=False, name=None)) == expected
        assert expected


def test_a_tested_value_has_its_target_and_the_interval_of_its_seeds(
    frames: dict[str, ae.results.Frames],
) -> None:
    """The probe of `variance-mnist`: mean and half from the seeds by the rule for skewed laws."""
    rows = frames["variance-mnist"].claims.set_index("claim")
    row = rows.loc["probe-ae-mnist"]
    (claim,) = (c for c in raw("variance-mnist", "paper")["spec"]["claim"]
                if c["id"] == "probe-ae-mnist")  # fmt: skip
    (run,) = (r for r in raw("variance-mnist", "paper")["runs"] if r["name"] == claim["run"])
    values = np.array(run["metrics"][claim["metric"]][: row["seeds"]])
    half = float(quantile(len(values), row["level"])) * values.std(ddof=1) / len(values) ** 0.5
    assert row["target"] == float(claim["printed"])
    assert row["mean"] == pytest.approx(values.mean(), rel=1e-12)
    assert row["high"] - row["low"] == pytest.approx(2 * half, rel=0.05)  # the target's rounding
    assert row["high"] - row["low"] >= 2 * half
    inside = abs(values.mean() - row["target"]) + half < row["margin"]
    assert (row["verdict"] == "REPRODUCED") == inside
    assert row["evidence"] == "published"
    assert row["device"] == run["members"][0]["trained"]["device"]


def test_an_order_is_by_how_much_the_better_run_is_better(tmp_path: Path) -> None:
    _, path = keep(hinton(), tmp_path)
    found = ae.results.load(tmp_path)
    row = found.claims.set_index("claim").loc["ae-below-pca"]
    runs = {r["name"]: r["metrics"]["error"] for r in json.loads(path.read_text())["runs"]}
    gains = np.subtract(runs["pca"], runs["ae"])  # an error: lower is better
    assert row["mean"] == pytest.approx(gains.mean(), rel=1e-12)
    assert row["target"] == 0
    assert row["runs"] == "pca, ae"  # the higher first
    assert row["low"] < row["mean"] < row["high"]
    assert row["p"] <= row["p_adjusted"]


def test_an_exact_claim_has_its_values_ends_and_no_p(tmp_path: Path) -> None:
    _, path = keep(hinton(), tmp_path)
    row = ae.results.load(tmp_path).claims.set_index("claim").loc["mean-image"]
    (values,) = (r["metrics"]["error"] for r in json.loads(path.read_text())["runs"]
                 if r["name"] == "stuck")  # fmt: skip
    assert (row["low"], row["high"]) == (min(values), max(values))
    assert (row["target"], row["margin"]) == (52.9, 0.5)
    assert math.isnan(row["p"])
    assert row["control"]
    assert row["evidence"] == "control"


def test_a_quick_number_stands_beside_the_published_one_and_is_no_test(tmp_path: Path) -> None:
    _, path = keep(hinton("quick"), tmp_path)
    row = ae.results.load(tmp_path).claims.set_index("claim").loc["ae-30"]
    (values,) = (r["metrics"]["error"] for r in json.loads(path.read_text())["runs"]
                 if r["name"] == "ae")  # fmt: skip
    half = float(quantile(5, 0.05)) * np.std(values, ddof=1) / 5**0.5
    assert row["verdict"] == "UNTESTED"
    assert math.isnan(row["mean"])
    assert row["reduced_mean"] == pytest.approx(np.mean(values), rel=1e-12)
    assert row["reduced_high"] - row["reduced_mean"] == pytest.approx(half, rel=1e-9)
    keep(hinton("paper"), tmp_path / "paper")
    tested = ae.results.load(tmp_path / "paper").claims.set_index("claim").loc["ae-30"]
    assert math.isnan(tested["reduced_mean"])
    assert tested["mean"] == pytest.approx(np.mean(values), rel=1e-12)


def test_a_seed_that_diverged_is_there_without_a_value(tmp_path: Path) -> None:
    keep(vincent(), tmp_path)
    values = ae.results.load(tmp_path).values
    own = values.query("run == 'nu-75' and metric == 'error'").set_index("seed")
    assert own["value"].isna().tolist() == [False, True, False, True, False]
    assert own["diverged"][1] == "the loss became NaN at step 212"
    assert own["diverged"].isna().tolist() == [True, False, True, False, True]


def test_where_a_seed_was_trained_and_its_twin(tmp_path: Path) -> None:
    member = MemberRecord(
        seed=0, key="k", seconds=1.0, cpu_seconds=1.0, imported=False,
        trained={"device": "CPU", "processor": "A", "torch": "2.13.0"},
    )  # fmt: skip
    gpu = {"device": "H", "processor": "B", "torch": "2.13.0+cu"}
    other = member.model_copy(update={"imported": True, "trained": gpu})
    twin = TwinRecord(member=other, diverged=None, metrics={"squared_error": 7.5})
    made = record(seeds=(0,))
    first = made.runs[0].model_copy(update={"members": [member], "twins": [twin]})
    store(tmp_path, made.model_copy(update={"runs": [first, *made.runs[1:]]}))
    frames = ae.results.load(tmp_path)
    mine, old = frames.values.query("seed == 0").iloc[0], frames.values.iloc[-1]
    columns = ["device", "processor", "torch", "imported"]
    assert mine[columns].tolist() == ["CPU", "A", "2.13.0", False]
    assert old["device"] == "CPU"  # of before members were kept: the session's
    (there,) = frames.twins.itertuples()
    assert (there.value, there.device, there.imported) == (7.5, "H", True)
    assert 7.5 not in frames.values["value"].tolist()


def test_every_table_has_the_columns_and_types_that_are_told(
    frames: dict[str, ae.results.Frames], tmp_path: Path
) -> None:
    store(tmp_path, record())
    for found in (*frames.values(), ae.results.load(tmp_path)):  # the latter has no curve
        for name, columns in ae.results.COLUMNS.items():
            table = getattr(found, name)
            assert list(table.columns) == [c.name for c in columns]
            for column in columns:
                assert table[column.name].dtype == column.dtype, column.name
    assert pd.Series(["a", None], dtype=TEXT).isna().tolist() == [False, True]


def test_the_page_about_results_has_every_column() -> None:
    """Its tables are those of the program, word for word."""
    kinds = {"text": "text", "whole": "int64", "number": "float64", "flag": "bool"}
    page = (ROOT / "docs" / "results.md").read_text()
    for name, columns in ae.results.COLUMNS.items():
        (section,) = re.findall(rf"^## {name}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert rows == [f"| `{c.name}` | {kinds[c.kind]} | {c.meaning} |" for c in columns]


def test_what_holds_no_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="found no record; `ae run` makes one"):
        ae.results.load(tmp_path)
    path = store(tmp_path, record())
    path.write_text("{}")
    with pytest.raises(UserError, match=f"{re.escape(str(path))}: not a record of schema 1"):
        ae.results.load(str(tmp_path))


def test_trials_are_left_out(tmp_path: Path) -> None:
    store(tmp_path, record())
    store(tmp_path, record(worse=9.0), "quick+12345678")
    assert ae.results.load(tmp_path).values["value"].max() < 25


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_files_hold_the_tables_in_full(
    form: str, frames: dict[str, ae.results.Frames], tmp_path: Path
) -> None:
    found = frames["variance-mnist"]
    for name in ae.results.COLUMNS:
        table: pd.DataFrame = getattr(found, name)
        path = tmp_path / f"{name}.{form}"
        path.write_bytes(encoded(table, form))
        if form == "csv":
            again = pd.read_csv(path, na_values=[""])
        elif form == "json":
            again = pd.DataFrame(json.loads(path.read_text()), columns=list(table))
        else:
            again = pd.read_parquet(path)
        pd.testing.assert_frame_equal(
            again.replace({"": None}).astype(table.dtypes.to_dict()),
            table.replace({"": None}).astype(table.dtypes.to_dict()),
            check_exact=True,
        )


def test_infinities_are_words_in_json() -> None:
    table = pd.DataFrame({"value": [math.inf, -math.inf, math.nan, 0.1]})
    assert json.loads(encoded(table, "json")) == [
        {"value": "Infinity"}, {"value": "-Infinity"}, {"value": None}, {"value": 0.1}
    ]  # fmt: skip
    assert encoded(table, "csv") == b'value\ninf\n-inf\n""\n0.1\n'
