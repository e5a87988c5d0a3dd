"""What a person who waits is told."""

import re

import pytest

from ae.cli import progress
from ae.cli.progress import Work


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def lines(capsys):
    return capsys.readouterr().err.splitlines()


def test_time_left_is_what_the_pace_so_far_says(clock, capsys):
    with Work("paper") as work:
        work.show("data", "reading", 0, 1, 0)
        work.show("train", "a, first", 0, 100, 0)
        clock[0] = 20
        work.show("train", "a, first", 10, 100, 0.5)
    assert lines(capsys)[-1] == "paper  train: a, first (10%, about 3 min of training left)"


def test_work_of_an_earlier_session_does_not_count_as_pace(clock, capsys):
    with Work("paper") as work:
        work.show("data", "reading", 0, 1, 0)
        work.show("train", "a, first", 50, 100, 0.5)
        clock[0] = 20
        work.show("train", "a, first", 60, 100, 0.6)
    assert "about 80 s of training left" in lines(capsys)[-1]


def test_lines_are_rare_where_there_is_no_terminal(clock, capsys):
    with Work("paper") as work:
        for step in range(100):
            clock[0] = step * 0.5
            work.show("train", "a, first", step, 100, step / 100)
    assert len(lines(capsys)) == 4  # the first, then one every 15 s of 49.5


def test_each_stack_has_a_bar_of_its_own(clock, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True)
    work = Work("paper")
    work.show("train", "a, last", 50, 100, 1.0)
    (task,) = [t for t in work._bars.tasks if re.search("a, last", t.description)]
    assert task.finished
    work.show("train", "b, first", 60, 100, 0.25)
    assert (task.finished, task.completed) == (False, 0.25)


def test_a_share_is_of_training_and_is_not_said_after_it(clock, capsys):
    with Work("paper") as work:
        work.show("measure", "error of a", 100, 100, 1.0)
    assert lines(capsys) == ["paper  measure: error of a"]
