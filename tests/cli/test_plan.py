"""What a plan prints of stacks: one line for those that differ in seeds alone."""

from pathlib import Path

from ae.cli.plan import _show_plan
from ae.running.jobs import PlannedPaper, PlannedStack


def stack(run, seed, steps=100, share=0.0, why=()):
    return PlannedStack(((run, seed),), 60.0, steps, 2 << 20, share, why)


def lines(capsys, *stacks):
    _show_plan("a", PlannedPaper(Path("a.toml"), stacks, {}, done=False, conclude=0.0))
    return capsys.readouterr().out.splitlines()[1:-1]


def test_seeds_of_one_run_share_a_line(capsys):
    assert lines(capsys, *(stack("net", s) for s in range(5))) == [
        "  to train: net (0-4): 5 times 100 steps, 2 MiB, about 5 min in all"
    ]


def test_other_runs_other_lengths_and_what_is_begun_do_not(capsys):
    stacks = [stack("net", 0), stack("wide", 0), stack("net", 1, 200), stack("net", 2, share=0.5)]
    assert lines(capsys, *stacks) == [
        "  to train: net (0): 100 steps, 2 MiB, about 60 s",
        "  to train: wide (0): 100 steps, 2 MiB, about 60 s",
        "  to train: net (1): 200 steps, 2 MiB, about 60 s",
        "  to train: net (2): 100 steps, 2 MiB, about 60 s, 50% done",
    ]


def test_why_members_are_trained_again_is_said_once(capsys):
    stacks = [stack("net", s, why=("seed was 1, is 2",)) for s in range(2)]
    assert lines(capsys, *stacks)[1:] == ["    trained before, but not with this: seed was 1, is 2"]
