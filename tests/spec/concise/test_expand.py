"""Whole files: measures, figures, patterns, seeds, tiers; and every place where it was written."""

import tomllib

import author2014
import pytest
from author2014 import DEVIATION, ORDERS, TEXT, VALID, changed

from ae.spec.concise.expand import expand
from ae.spec.read import read_spec


def problems(tmp_path, *changes):
    return author2014.problems(tmp_path, changed(TEXT, *changes))


ROWS = """[[run]]
columns = ["name", "label", "model.k", "train.stages.tune.epochs"]
rows = [["k-40", "k = 40", 40, 2.5], ["k-70", "k = 70", 70, 5]]
"""
RUNS = TEXT[TEXT.index('[[run]]\nname = "k-40"') : TEXT.index('[[run]]\nname = "pca"')]


def test_rows_mean_what_the_tables_mean(tmp_path):
    path = tmp_path / VALID.name
    path.write_text(changed(TEXT, (RUNS, ROWS)), encoding="utf-8")
    spec, whole = read_spec(path), read_spec(VALID)
    assert [run.name for run in spec.run] == [run.name for run in whole.run]
    assert spec.run[2].model_dump() == whole.run[2].model_dump()


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("40, 2.5]", '"40", 2.5]', "[[run]] 'k-40': rows[0], column 'model.k': found '40'; expected a number"),
        (
            '"model.k", "tr',
            '"model.kk", "tr',
            ("[[run]] 'k-40': rows[0], column 'model.kk': no such key to override (did you mean 'k'?); "
            "there are class, hidden, k, rate"),
        ),
        (
            "70, 5]",
            "70, -5]",
            ("[[run]] 'k-70': rows[1], column 'train.stages.tune.epochs': found -5; expected a number "
            "above 0"),
        ),
        ('"k = 40"', "40", ("[[run]] 'k-40': rows[0], column 'label': found 40; expected a string that is "
         "not empty")),
        ('"label", ', "", ("[[run]] 'k-40': rows[0]: found 4 cells; expected 3: name, model.k, "
         "train.stages.tune.epochs")),
    ],
)  # fmt: skip
def test_a_mistake_in_a_row_is_named_with_row_and_column(tmp_path, right, wrong, expected):
    assert expected in problems(tmp_path, (RUNS, ROWS.replace(right, wrong)))


def test_what_is_wrong_with_all_rows_is_said_once_of_the_table(tmp_path):
    rows = ROWS.replace('"label", ', "").replace('"k = 40", ', "").replace('"k = 70", ', "")
    assert problems(tmp_path, (RUNS, rows)) == [
        "[[run]] 'k-40': missing key 'label'; expected a string that is not empty"
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ('"k-40", [', '"k-4O", [', ": rows[1]: higher: no run 'k-4O' (did you mean 'k-40'?)"),
        (
            '"k-70", ["paper"',
            '"k-70", ["papr"',
            ": rows[0], column 'tiers': found ['papr', 'quick']",
        ),
        ("margin = 0.2", "margin = -0.2", ": margin: found -0.2; expected a number above 0"),
    ],
)
def test_a_run_that_a_row_names_is_named_with_its_row(tmp_path, right, wrong, expected):
    orders = changed(ORDERS, (right, wrong))
    (line,) = problems(tmp_path, (DEVIATION, orders + DEVIATION))
    assert line.startswith("[[claim]] 'order-{run}'" + expected)


def expanded(*changes):
    return expand(tomllib.loads(changed(TEXT, *changes)))


def test_patterns_stand_for_runs_in_the_order_of_the_spec():
    found = expanded(
        ('runs = ["k-25", "k-40", "k-70"]\ntiers', 'runs = ["pca", "k-*"]\ntiers'),
        ('runs = ["k-25"]\nrows', 'runs = ["*"]\nrows'),
        ('runs = ["k-25", "k-70", "pca"]', 'runs = ["k-?5", "k-70", "p??"]'),
    )
    assert found.faults == []
    assert found.tables["measure"][1]["runs"] == ["pca", "k-25", "k-40", "k-70"]
    assert found.tables["figure"][0]["runs"] == ["k-25", "k-40", "k-70", "pca"]
    assert found.tables["tier"]["quick"]["runs"] == ["k-25", "k-70", "pca"]


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        (
            'runs = ["k-25", "k-40", "k-70"]\ntiers',
            'runs = ["q-*"]\ntiers',
            "[measure.sparsity]: runs",
        ),
        ('runs = ["k-25"]\nrows', 'runs = ["q-*"]\nrows', "[[figure]] 'filters': runs"),
        ('runs = ["k-25", "k-70", "pca"]', 'runs = ["k-*", "pca", "q-*"]', "[tier.quick]: runs"),
        ("[tier.quick.run.k-70]", '[tier.quick.run."q-*"]', "[tier.quick.run.'q-*']"),
    ],
)
def test_a_pattern_that_no_run_matches_is_an_error(tmp_path, right, wrong, place):
    assert problems(tmp_path, (right, wrong)) == [
        f"{place}: no run 'q-*'; there are k-25, k-40, k-70, pca"
    ]


def test_a_tier_changes_runs_by_pattern_each_once(tmp_path):
    found = expanded(("[tier.quick.run.k-70]", '[tier.quick.run."k-*"]'))
    assert list(found.tables["tier"]["quick"]["run"]) == ["k-25", "k-40", "k-70"]
    twice = ("[tier.quick.run.k-70]", '[tier.quick.run.k-70]\ndata = {}\n[tier.quick.run."k-7*"]')
    assert problems(tmp_path, twice) == [
        "[tier.quick.run.'k-7*']: run 'k-70' is changed by 'k-70' too; expected one table"
    ]
    wrong = (
        "[tier.quick.run.k-70]\nmodel = { k = 60 }",
        '[tier.quick.run."k-*"]\nmodel = { q = 1 }',
    )
    (line,) = problems(tmp_path, wrong)
    assert line.startswith("[tier.quick.run.'k-*']: model.q: no such key to override")


def test_a_measure_is_its_line_and_what_its_function_says():
    line = 'bound = { function = "likelihood.elbo", split = "test", examples = 10, samples = 1000 }'
    found = expanded(("[[figure]]", f"[measure]\n{line}\n\n[[figure]]"))
    assert found.faults == []
    assert found.tables["measure"][2] == {
        "name": "bound",
        "function": "likelihood.elbo",
        "label": "Lower bound, test images, sampled codes an image: 1,000",
        "unit": "nats",
        "direction": "higher",
        "arguments": {"split": "test", "examples": 10, "samples": 1000},
    }


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            'function = "likelihood.elbo", unit = "bits"',
            "[measure.new]: unit: likelihood.elbo says it: 'nats'; leave it out",
        ),
        (
            'function = "likelihood.elbo", better = "higher"',
            "[measure.new]: better: likelihood.elbo says it: 'higher'; leave it out",
        ),
        (
            'function = "filters.participation_ratio"',
            (
                "[measure.new]: missing key 'better'; expected 'lower' or 'higher', for "
                "filters.participation_ratio leaves it to the spec"
            ),
        ),
        (
            'function = "likelihood.elbow"',
            "[measure.new]: function: ae/metrics/likelihood.py: no function 'elbow' (did you mean",
        ),
        (
            'split = "test"',
            "[measure.new]: missing key 'function'; expected a string that is not e",
        ),
        ("function = 3", "[measure.new]: function: found 3; expected a string that is not empty"),
    ],
)
def test_unit_and_direction_are_said_once(tmp_path, line, expected):
    (found,) = problems(tmp_path, ("[[figure]]", f"[measure]\nnew = {{ {line} }}\n\n[[figure]]"))
    assert found.startswith(expected)


def test_measures_are_no_list_of_tables(tmp_path):
    own = TEXT[TEXT.index("[measure.error]") : TEXT.index("[[figure]]")]
    found = problems(tmp_path, (own, '[[measure]]\nname = "error"\n\n'))
    assert found[0].startswith("[[measure]] number 1: ") or found[0].startswith("measure: found [a")


def test_a_figure_shows_the_runs_of_its_panels():
    panels = ('runs = ["k-25"]\nrows = 4', 'panels = [["k-7*", "k-25"], ["k-25"]]')
    figure = expanded(panels).tables["figure"][0]
    assert figure["runs"] == ["k-70", "k-25"]
    assert figure["arguments"] == {"panels": [["k-70", "k-25"], ["k-25"]]}


def test_seeds_are_written_as_on_the_command_line():
    found = expanded(('seeds = "0-2"', 'seeds = "3, 0-1"')).tables
    assert found["train"]["seeds"] == [3, 0, 1]
    assert found["run"][3]["train"]["seeds"] == [0]
    assert found["tier"]["quick"]["train"]["seeds"] == [0, 1, 2, 3, 4]


def test_a_stage_like_another_is_faulted_where_it_was_written(tmp_path):
    like = ("[train.stages.closed]", '[train.stages.again]\nlike = "tune"\n\n[train.stages.closed]')
    use = ('use = ["pretrain", "tune"]', 'use = ["pretrain", "tune", "again"]')
    assert problems(tmp_path, like, use) == []
    for right, wrong, expected in (
        (
            "epochs = 2.5",
            "epochs = 0",
            "[train.stages.tune]: epochs: found 0; expected a number above",
        ),
        ("epochs = 2.5", "epoch = 2.5", "[train.stages.tune]: unknown key 'epoch' (did you mean"),
    ):
        (line,) = problems(tmp_path, like, use, (right, wrong))
        assert line.startswith(expected)


def test_a_stage_that_another_is_like_need_not_be_used(tmp_path):
    like = ("[train.stages.closed]", '[train.stages.again]\nlike = "tune"\n\n[train.stages.closed]')
    use = ('use = ["pretrain", "tune"]', 'use = ["pretrain", "again"]')
    assert problems(tmp_path, like, use) == []


def test_what_is_written_is_left_as_it_was():
    raw = tomllib.loads(TEXT)
    expand(raw)
    assert raw == tomllib.loads(TEXT)
