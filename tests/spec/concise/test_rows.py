"""Tables of rows: what they stand for, and every mistake by its row and column."""

import tomllib

import pytest
from author2014 import changed

from ae.spec.concise.rows import has_rows, unfilled, unrolled
from ae.spec.concise.written import RowPlace, Written
from ae.toml.file import located

KEYS = ("name", "label", "model", "tiers")
TABLE = """
[[run]]
label = "AEVB, {model.latent} latent ({n})"
model = { hidden = [500], init = "{n}" }
columns = ["name", "model.latent", "n"]
rows = [["aevb-2", 2, "two"], ["aevb-200", 200, "many"]]
"""


def raw(*changes):
    return tomllib.loads(changed(TABLE, *changes))


def lines(*changes):
    """What is wrong with the table, as a message says it."""
    written = raw(*changes)
    _, faults = unrolled(written["run"][0], KEYS, ("run", 0))
    return [located(written, fault) for fault in faults]


def test_a_table_is_made_of_each_row_and_of_what_all_share():
    rows, faults = unrolled(raw()["run"][0], KEYS, ("run", 0))
    assert faults == []
    assert [row.table for row in rows] == [
        {
            "name": "aevb-2",
            "label": "AEVB, 2 latent (two)",
            "model": {"hidden": [500], "init": "two", "latent": 2},
        },
        {
            "name": "aevb-200",
            "label": "AEVB, 200 latent (many)",
            "model": {"hidden": [500], "init": "many", "latent": 200},
        },
    ]
    assert [(row.number, row.sound) for row in rows] == [(0, True), (1, True)]


def test_rows_do_not_share_what_they_hold():
    rows, _ = unrolled(raw()["run"][0], KEYS, ("run", 0))
    rows[0].table["model"]["hidden"].append(1)
    assert rows[1].table["model"]["hidden"] == [500]


def test_numbers_stand_in_strings_as_they_are_written():
    table = {"label": "{a} {b} {c} {d}", "columns": ["a", "b", "c", "d"]}
    rows, _ = unrolled({**table, "rows": [[0.1, 12, "2.10", True]]}, KEYS, ("run", 0))
    assert rows[0].table["label"] == "0.1 12 2.10 true"


def test_a_plain_table_has_no_rows():
    assert not has_rows({"name": "a"})
    assert has_rows({"columns": []})
    assert has_rows({"rows": []})


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        (
            '["aevb-2", 2, "two"]',
            '["aevb-2", 2]',
            "[[run]] 'aevb-2': rows[0]: found 2 cells; expected 3: name, model.latent, n",
        ),
        (
            '["aevb-200", 200, "many"]',
            '["aevb-200", 200, "many", 3]',
            "[[run]] 'aevb-200': rows[1]: found 4 cells; expected 3: name, model.latent, n",
        ),
        (
            '["aevb-200", 200, "many"]',
            '"aevb-200"',
            "[[run]] number 1: rows[1]: found 'aevb-200'; expected a list of 3 cells",
        ),
        (
            '"many"]',
            "[3]]",
            "[[run]] 'aevb-200': rows[1], column 'n': found [3]; {n} needs a string or a number",
        ),
        (
            '"model.latent", "n"]',
            '"modle.latent", "n"]',
            (
                "[[run]] 'aevb-2': columns: 'modle.latent' is no key (did you mean 'model'?) and stands in "
                "no string as {modle.latent}; keys are name, label, model, tiers"
            ),
        ),
        (
            '"model.latent", "n"]',
            '"model.hidden", "n"]',
            "[[run]] 'aevb-2': columns: 'model.hidden' is given for all rows too; leave one out",
        ),
        (
            '"model.latent", "n"]',
            '"label.short", "n"]',
            "[[run]] 'aevb-2': columns: 'label.short' is given for all rows too; leave one out",
        ),
        (
            '"model.latent", "n"]',
            '"model..latent", "n"]',
            "[[run]] 'aevb-2': columns: found 'model..latent'; expected a key, dotted or not",
        ),
        (
            '({n})"',
            '({m})"',
            "[[run]] 'aevb-2': label: {m} is no column; there are name, model.latent, n",
        ),
        (
            '({n})"',
            '({n)"',
            (
                "[[run]] 'aevb-2': label: found 'AEVB, {model.latent} latent ({n)'; braces hold the name "
                "of a column here"
            ),
        ),
        (
            'columns = ["name", "model.latent", "n"]\n',
            "",
            (
                "[[run]] number 1: missing key 'columns'; expected a list of distinct names, for there "
                "are rows"
            ),
        ),
        (
            '"model.latent", "n"]',
            '"n", "n"]',
            "[[run]] 'aevb-2': columns: found ['name', 'n', 'n']; expected a list of distinct names",
        ),
        (
            'rows = [["aevb-2", 2, "two"], ["aevb-200", 200, "many"]]',
            "rows = []",
            "[[run]] number 1: rows: found []; expected a list of one or more rows",
        ),
    ],
)
def test_a_mistake_in_a_table_of_rows_is_named_with_row_and_column(right, wrong, expected):
    assert expected in lines((right, wrong))


def test_a_name_in_braces_of_a_table_without_rows_is_named_once_a_key():
    table = {
        "statement": "The error is {printed} %, not {printed}, with k = {k}.",
        "model": {"init": "{k}"},
        "source": r"x_{i+1} and \mathbb{2}",
    }
    faults = [*unfilled(table, ("claim", 0))]
    assert [(fault.steps[-1], fault.text) for fault in faults] == [
        ("statement", "{printed} is what a column fills; there are no rows"),
        ("statement", "{k} is what a column fills; there are no rows"),
        ("model", "{k} is what a column fills; there are no rows"),
    ]


def test_a_key_and_a_part_of_it_are_not_both_columns():
    table = {"columns": ["model", "model.k"], "rows": [[{"k": 1}, 2]]}
    _, faults = unrolled(table, KEYS, ("run", 0))
    assert [fault.text for fault in faults] == ["'model.k' is part of the column 'model'"]


def places(*columns):
    """Where things of the second row of the table were written."""
    written = Written(raw())
    written.items["run", 7] = RowPlace(("run", 0), 1, ("name", "model.latent", "n"))
    return [written.steps(("run", 7, *steps)) for steps in columns]


def test_a_place_in_a_row_is_its_cell_its_row_or_the_key_that_all_share():
    found = places(("model", "latent"), ("model", "hidden"), ("label",), ("model",), ("train",))
    assert found == [
        ("run", 0, "rows", 1, 1),  # a cell
        ("run", 0, "model", "hidden"),  # shared
        ("run", 0, "rows", 1, "label"),  # shared, but what it says is the row's
        ("run", 0, "rows", 1, "model"),
        ("run", 0, "rows", 1, "train"),  # nowhere in the file
    ]
