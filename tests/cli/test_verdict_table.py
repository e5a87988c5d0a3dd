"""Verdicts on a terminal."""

import pytest
from project import ROOT

from ae.cli.verdict_table import show_verdicts
from ae.records import record as records
from ae.verdict import judge


@pytest.fixture
def record():
    return records.read(ROOT / "reports/published/cs182-ae-vae/quick/record.json")


def test_a_table_of_what_was_tested_and_a_count_of_the_rest(record, capsys):
    verdicts = judge(record)
    tested = [v for v in verdicts if v.word != "UNTESTED"]
    show_verdicts(record, verdicts)
    shown = capsys.readouterr().out
    assert 0 < len(tested) < len(verdicts)
    assert all(v.id[:10] in shown for v in tested)
    assert f"{len(verdicts) - len(tested)} more claims are not tested in this tier." in shown


def test_no_table_where_nothing_was_tested(record, capsys):
    untested = [v for v in judge(record) if v.word == "UNTESTED"]
    show_verdicts(record, untested)
    (line,) = capsys.readouterr().out.splitlines()
    assert line == (
        "cs182-ae-vae, quick tier, 1/3/6 seeds: none of its "
        f"claims ({len(untested)}) is tested in this tier."
    )
