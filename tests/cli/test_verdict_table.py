"""Verdicts on a terminal."""

import pytest
from project import ROOT

from ae.cli.verdict_table import show_verdicts
from ae.records import record as records
from ae.verdict import judge


@pytest.fixture
def record():
    return records.read(ROOT / "reports/published/cs182-ae-vae/quick/record.json")


def counts(record):
    """How many claims were tested, lack something, and are not of the tier."""
    verdicts = judge(record)
    untested = [v for v in verdicts if v.word == "UNTESTED"]
    own = [v for v in untested if record.tier in v.claim.tiers]
    return len(verdicts) - len(untested), len(own), len(untested) - len(own)


def test_a_table_of_what_was_tested_and_a_count_of_the_rest(record, capsys):
    verdicts = judge(record)
    tested, lacking, others = counts(record)
    show_verdicts(record, verdicts)
    shown = capsys.readouterr().out
    assert tested
    assert others
    assert not lacking
    assert all(v.id[:10] in shown for v in verdicts if v.word != "UNTESTED")
    assert shown.splitlines()[-1] == f"{others} more claims are not tested in this tier."


def test_what_the_tier_tests_and_was_not_run_is_told_apart_from_what_it_does_not_test(
    record, capsys
):
    """Both were said not to be tested in this tier."""
    few = record.model_copy(update={"runs": [r for r in record.runs if "clean" in r.name]})
    tested, lacking, others = counts(few)
    assert tested
    assert lacking > 1
    show_verdicts(few, judge(few))
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"{lacking} more claims of this tier lack runs, seeds or values; "
        f"{others} more are not tested in this tier."
    )
    none = record.model_copy(update={"runs": []})
    tested, lacking, others = counts(none)
    assert not tested
    show_verdicts(none, judge(none))
    first, last = capsys.readouterr().out.splitlines()
    assert first.endswith(f"none of its claims ({lacking + others}) was tested.")
    assert last == (
        f"{lacking} claims of this tier lack runs, seeds or values; "
        f"{others} are not tested in this tier."
    )


def test_one_claim_is_one_claim(record, capsys):
    (first, *_), untested = (
        [v for v in judge(record) if (v.word == "UNTESTED") is gone] for gone in (False, True)
    )
    show_verdicts(record, [first, untested[0]])
    assert capsys.readouterr().out.splitlines()[-1] == "1 more claim is not tested in this tier."


def test_no_table_where_nothing_was_tested(record, capsys):
    untested = [v for v in judge(record) if v.word == "UNTESTED"]
    show_verdicts(record, untested)
    (line,) = capsys.readouterr().out.splitlines()
    assert line == (
        "cs182-ae-vae, quick tier, 1/3/6 seeds: none of its "
        f"claims ({len(untested)}) is tested in this tier."
    )
