"""What a plan prints: a line for stacks that differ in seeds alone, the claims, what was left out."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from ae.cli.plan import _show_plan, show_plan
from ae.cli.spend import NOTHING
from ae.errors import MissingData, OutsideError
from ae.running.happening import LeftOut, Planned
from ae.running.jobs import PlannedPaper, PlannedStack

TINY = Path(__file__).parents[1] / "tiny2020-dae.toml"


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


def test_stacks_of_several_seeds_are_counted(capsys):
    two = [PlannedStack((("net", s), ("net", s + 1)), 60.0, 100, 2 << 20, 0.0, ()) for s in (0, 2)]
    assert lines(capsys, *two) == [
        "  to train: net (0-3): 2 stacks of 2, 100 steps each, 2 MiB, about 2 min in all"
    ]


def shown(capsys, *happened, error=None, strict=False):
    """What is printed of a suite of two papers, and how it ended."""

    def run():
        yield from happened
        if error:
            raise error

    wanted = SimpleNamespace(tier="smoke", seeds=(0,), runs=(), claims=(), changes=(), fresh=False)
    requests = [SimpleNamespace(path=p, settings=wanted) for p in (TINY, TINY.with_name("b.toml"))]
    ended = None
    try:
        show_plan(requests, SimpleNamespace(run=run), strict=strict)
    except OutsideError as stopped:
        ended = stopped
    return ended, *capsys.readouterr()


def tiny(needs):
    known = {"noise-hurts": needs} if needs else {}
    plan = PlannedPaper(TINY, (stack("plain", 0),), {}, done=False, conclude=0.0, needs=known)
    return Planned(TINY.stem, plan)


def test_a_paper_that_cannot_be_planned_does_not_hide_the_claims_of_the_others(capsys):
    error = OutsideError("not done: b")
    ended, out, err = shown(
        capsys, tiny((("plain", 0),)), LeftOut("b", "Fault", "no"), error=error, strict=True
    )
    assert ended is error
    assert "noise-hurts" in out
    assert "stated" in out  # the kind of evidence, as `ae list` names it
    assert "ae: b: left out, no" in err


def test_where_no_claim_is_open_the_plan_says_so(capsys):
    ended, out, _ = shown(capsys, tiny(()))
    assert ended is None
    assert out.splitlines()[-1] == NOTHING


@pytest.mark.parametrize("strict", [True, False])
def test_papers_without_data_are_named_and_their_data_described_once(capsys, strict):
    lost = [LeftOut(name, "MissingData", "data set 'c' is nowhere") for name in ("b", "c")]
    ended, _, err = shown(capsys, tiny((("plain", 0),)), *lost, strict=strict)
    assert isinstance(ended, MissingData) == strict
    assert err.splitlines() == [
        "ae: b: left out, its data are not at hand: data set 'c' is nowhere",
        "ae: c: left out, its data are not at hand, as of b",
    ]
