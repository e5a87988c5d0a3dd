"""What a budget buys first: members that decide most published values for their price."""

import itertools
import random
from pathlib import Path
from types import SimpleNamespace

import pytest
from project import make, paper, settings

from ae.running.budget import Item, ordered
from ae.running.carry import planned
from ae.running.event import Event
from ae.running.state import Request
from ae.running.suite import Suite
from ae.running.worker import Happened


def item(claim, members, rank=0, paper="a"):
    return Item(paper, claim, "1", rank, "published", tuple(members), 0, 0.0)


def names(found, costs):
    return [i.claim for i in ordered(found, costs)]


def test_a_member_of_nine_claims_comes_before_a_cheaper_one_of_one():
    costs = {("a", "run", 0): 50.0, ("a", "other", 0): 10.0}
    nine = [item(f"nine-{n}", [("run", 0)]) for n in range(9)]
    found = ordered([item("one", [("other", 0)]), *nine], costs)
    assert [i.claim for i in found[:9]] == [f"nine-{n}" for n in range(9)]
    assert [i.seconds for i in found] == [50.0, *[0.0] * 8, 10.0]


def test_published_values_come_before_controls_and_the_rest():
    costs = {("a", "run", n): 10.0 for n in range(4)}
    found = [item(f"rank-{r}", [("run", r)], rank=r) for r in (3, 1, 2, 0)]
    assert names(found, costs) == ["rank-0", "rank-1", "rank-2", "rank-3"]


def test_members_of_two_claims_are_paid_for_once():
    costs = {("a", "x", 0): 5.0, ("a", "y", 0): 7.0}
    found = ordered([item("both", [("x", 0), ("y", 0)]), item("x", [("x", 0)])], costs)
    assert [(i.claim, i.seconds) for i in found] == [("x", 5.0), ("both", 7.0)]


def test_members_of_two_papers_are_not_the_same():
    costs = {("a", "x", 0): 5.0, ("b", "x", 0): 5.0}
    found = ordered([item("one", [("x", 0)]), item("two", [("x", 0)], paper="b")], costs)
    assert sum(i.seconds for i in found) == 10.0


def test_all_is_bought_once_and_nothing_is_lost():
    rng = random.Random(0)
    costs = {("a", run, s): rng.uniform(1, 9) for run, s in itertools.product("xyz", range(3))}
    places = [place[1:] for place in costs]
    found = [
        item(str(n), rng.sample(places, rng.randint(1, 5)), rng.randint(0, 3)) for n in range(40)
    ]
    order = ordered(found, costs)
    assert sorted(i.claim for i in order) == sorted(i.claim for i in found)
    needed = {("a", *member) for i in found for member in i.members}
    assert abs(sum(i.seconds for i in order) - sum(costs[place] for place in needed)) < 1e-9
    assert [i.rank for i in order] == sorted(i.rank for i in found)


@pytest.mark.parametrize("rank", [None, lambda job: 0])
def test_progress_under_a_budget_is_of_what_is_begun(rank, tmp_path):
    suite = Suite([Request(Path("a.toml"), settings(tmp_path))], lambda: False, jobs=1, rank=rank)
    paper = suite.papers[0]
    paper.plan = SimpleNamespace(seconds=1000.0)
    job = paper.job("train", stack=(("run", 0),), cost=20.0)
    paper.at_work[job] = 0.0
    (shown,) = suite._heard(paper, job, Happened(Event("train", "run, stage", 1, 4, share=0.25)))
    assert (shown.done, shown.total) == (5.0, 1000.0 if rank is None else 20.0)


@pytest.mark.parametrize(
    ("asked", "listed", "trained"),
    [
        ({}, ["noise-hurts"], {("plain", s) for s in range(3)} | {("noisy", s) for s in range(3)}),
        ({"runs": ("plain",)}, [], set()),
        ({"runs": ("wide", "plain")}, [], set()),
        ({"seeds": (0, 1)}, [], set()),
        (
            {"runs": ("plain", "noisy"), "seeds": (0, 1, 2, 3)},
            ["noise-hurts"],
            {(r, s) for r in ("plain", "noisy") for s in range(3)},
        ),
    ],
)
def test_a_budget_buys_no_claim_that_needs_what_was_not_asked_for(asked, listed, trained, tmp_path):
    """It was listed as all there, and its members were trained."""
    plan = planned(paper(make(tmp_path), spend=True, **asked))
    assert sorted(plan.needs) == listed
    assert {member for stack in plan.stacks for member in stack.members} == trained
