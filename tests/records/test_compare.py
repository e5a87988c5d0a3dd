"""Two records: equal bit for bit, equal to rounding, different; and what differs in provenance."""

import math
from pathlib import Path

import numpy as np
import pytest

from ae.records.compare import ROUNDING, compare
from ae.records.figures import FigureRecord
from ae.records.record import Record, read

HERE = Path(__file__).parents[1]


@pytest.fixture
def record() -> Record:
    """A record with one value a seed, whose first figure is of the arrays of `arrays`."""
    return read(HERE / "tracked-record.json")


def changed(record, name, metric, index, value):
    """A copy of which one value is another."""
    copy = record.model_copy(deep=True)
    copy.run(name).metrics[metric][index] = value
    return copy


def first(record):
    """A run, a metric, an index of it and the value there, which is finite and not zero."""
    return next(
        (run, metric, i, value)
        for run in record.runs
        for metric, values in run.metrics.items()
        for i, value in enumerate(values)
        if math.isfinite(value) and value
    )


def test_a_record_equals_itself_bit_for_bit_with_its_nan(record, tmp_path):
    found = compare(record, tmp_path, record.model_copy(deep=True), tmp_path)
    assert (found.word, found.results, found.provenance) == ("equal bit for bit", [], [])
    assert found.values == sum(len(v) for r in record.runs for v in r.metrics.values())
    assert any(math.isnan(v) for r in record.runs for vs in r.metrics.values() for v in vs)


@pytest.mark.parametrize(
    ("factor", "word", "equal"),
    [
        (1 + 2**-52, "equal to rounding (0.0001)", True),
        (1 + 0.9 * ROUNDING, "equal to rounding (0.0001)", True),
        (1 - 0.9 * ROUNDING, "equal to rounding (0.0001)", True),
        (1 + 1.1 * ROUNDING, "different", False),
        (-1, "different", False),
        (math.nan, "different", False),
        (math.inf, "different", False),
    ],
)
def test_a_value_is_rounded_within_the_bound_and_different_beyond(
    record, tmp_path, factor, word, equal
):
    run, metric, index, value = first(record)
    other = changed(record, run.name, metric, index, value * factor)
    found = compare(record, tmp_path, other, tmp_path)
    (difference,) = found.results
    assert (found.word, found.equal, difference.rounding) == (word, equal, equal)
    seed = run.seeds[index]
    place = f"{metric} of {run.name}, seed {seed}: {value!r} there, {value * factor!r} here, "
    assert difference.what.startswith(place)


def test_how_far_a_value_is_off_is_a_share_of_the_larger(record, tmp_path):
    run, metric, index, value = first(record)
    other = changed(record, run.name, metric, index, value / 2)
    (difference,) = compare(record, tmp_path, other, tmp_path).results
    assert difference.what.endswith(", 0.5 of it")


def test_a_seed_that_diverged_in_one_only_and_a_missing_run_are_different(record, tmp_path):
    fine = next(r for r in record.runs if not r.diverged)
    lost = fine.model_copy(update={"diverged": {fine.seeds[0]: "loss not finite"}})
    runs = [lost if r is fine else r for r in record.runs]
    found = compare(record, tmp_path, record.model_copy(update={"runs": runs}), tmp_path)
    assert [d.what for d in found.results] == [
        f"{fine.name}, seed {fine.seeds[0]}: trained there, loss not finite here"
    ]
    assert not found.equal
    fewer = record.model_copy(update={"runs": record.runs[1:]})
    for pair, place in (((record, fewer), "there"), ((fewer, record), "here")):
        found = compare(pair[0], tmp_path, pair[1], tmp_path)
        assert [d.what for d in found.results] == [f"run {record.runs[0].name}: only {place}"]
        assert not found.equal


def drawn(record, folder, array):
    """A copy with one figure, and its arrays in the folder."""
    folder.mkdir()
    np.savez(folder / "a.npz", pixels=array, kept=np.arange(3))
    figure = FigureRecord(
        name="a",
        title="",
        caption="",
        paper="",
        image="a.png",
        vector=None,
        arrays="a.npz",
        digest=folder.name,
        width=1,
        height=1,
    )
    return record.model_copy(update={"figures": [figure]})


@pytest.mark.parametrize(
    ("other", "share", "rounding"),
    [
        ([0.0, 1e-5, 4.0, math.nan], "2.5e-06", True),
        ([0.0, 0.0, 4.002, math.nan], "0.0005", False),
        ([0.0, 0.0, 4.0, 1.0], "inf", False),
        ([0.0, 0.0, 4.0], "inf", False),
        ([0, 0, 4, 0], "inf", False),
    ],
)
def test_a_figure_is_compared_by_its_arrays(record, tmp_path, other, share, rounding):
    old = drawn(record, tmp_path / "old", np.array([0.0, 0.0, 4.0, math.nan]))
    new = drawn(record, tmp_path / "new", np.array(other))
    (difference,) = compare(old, tmp_path / "old", new, tmp_path / "new").results
    what = f"figure a: array pixels differs by up to {share} of its largest"
    assert (difference.what, difference.rounding) == (what, rounding)
    (tmp_path / "old" / "a.npz").unlink()
    (difference,) = compare(old, tmp_path / "old", new, tmp_path / "new").results
    assert difference.what == "figure a: other arrays, of which only digests are here"
    assert not difference.rounding


def test_what_differs_in_provenance_is_named(record, tmp_path):
    environment = record.environment
    versions = environment.versions | {"torch": "0.0.1"}
    there = environment.model_copy(update={"threads": 99, "device": "GPU", "versions": versions})
    data = [d.model_copy(update={"sha256": "f" * 64}) for d in record.data]
    other = record.model_copy(
        update={"environment": there, "spec_digest": "e" * 64, "data": data[:1] + record.data[1:]}
    )
    found = compare(record, tmp_path, other, tmp_path)
    split = record.data[0]
    assert found.results == []
    assert found.provenance == [
        f"spec: {record.spec_digest[:12]} there, eeeeeeeeeeee here",
        f"data {split.name}/{split.split}: {split.sha256[:12]} there, ffffffffffff here",
        f"device: {environment.device} there, GPU here",
        f"threads: {environment.threads} there, 99 here",
        f"torch: {environment.versions['torch']} there, 0.0.1 here",
    ]
