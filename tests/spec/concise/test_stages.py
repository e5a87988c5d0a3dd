"""Stages that are like another, stages that are repeated, and what a run or a tier changes of them."""

import pytest

from ae.spec.concise.stages import Stages
from ae.spec.concise.written import Written

BOUND = {
    "objective": "objective",
    "batch": 100,
    "epochs": 10,
    "optimizer": {"class": "Adam", "lr": 0.01, "eps": 1e-8},
}
STAGES = {
    "bound": BOUND,
    "sleep": {"like": "bound", "objective": "wake_sleep"},
    "slow": {"like": "sleep", "epochs": 50, "optimizer": {"lr": 0.001}},
    "epoch": {"like": "bound", "repeat": 3, "epochs": 1},
}


def stages(table=STAGES):
    raw = {"train": {"use": ["bound", "epoch"], "stages": table}}
    return Stages(raw["train"], Written(raw)), raw["train"]


def test_a_stage_takes_what_it_does_not_give_itself():
    made, train = stages()
    made.expand(train)
    whole = train["stages"]
    assert whole["bound"] == BOUND
    assert whole["sleep"] == BOUND | {"objective": "wake_sleep"}
    assert whole["slow"] == BOUND | {
        "objective": "wake_sleep",
        "epochs": 50,
        "optimizer": {"class": "Adam", "lr": 0.001, "eps": 1e-8},
    }
    assert made.faults == []


def test_a_stage_may_stand_before_the_one_that_it_is_like():
    made, train = stages({"sleep": {"like": "bound", "batch": 5}, "bound": BOUND})
    made.expand(train)
    assert list(train["stages"]) == ["sleep", "bound"]
    assert train["stages"]["sleep"] == BOUND | {"batch": 5}


def test_a_repeated_stage_is_there_under_numbers_and_used_by_its_name():
    made, train = stages()
    made.expand(train)
    assert list(train["stages"]) == ["bound", "sleep", "slow", "epoch-1", "epoch-2", "epoch-3"]
    assert train["stages"]["epoch-3"] == BOUND | {"epochs": 1}
    assert train["use"] == ["bound", "epoch-1", "epoch-2", "epoch-3"]


def test_an_optimizer_that_names_its_class_is_not_mixed_with_another():
    sgd = {"class": "SGD", "lr": 1.0}
    made, train = stages({"bound": BOUND, "sgd": {"like": "bound", "optimizer": sgd}})
    made.expand(train)
    assert train["stages"]["sgd"]["optimizer"] == sgd


def change(table):
    made, train = stages()
    made.expand(train)
    changed = {"stages": table}
    made.change(changed, ("tier", "quick", "train"))
    return changed["stages"]


def test_a_change_holds_for_the_stages_that_are_like_it():
    assert change({"bound": {"batch": 5}}) == {
        "bound": {"batch": 5},
        "sleep": {"batch": 5},
        "slow": {"batch": 5},
        "epoch-1": {"batch": 5},
        "epoch-2": {"batch": 5},
        "epoch-3": {"batch": 5},
    }


def test_a_change_leaves_what_a_stage_gives_itself():
    found = change({"bound": {"epochs": 3, "optimizer": {"lr": 0.5, "eps": 0.1}}})
    assert found["sleep"] == {"epochs": 3, "optimizer": {"lr": 0.5, "eps": 0.1}}
    assert found["slow"] == {"optimizer": {"eps": 0.1}}  # its own epochs and rate
    assert found["epoch-2"] == {"optimizer": {"lr": 0.5, "eps": 0.1}}  # its own epochs


def test_a_change_of_a_stage_itself_wins_over_that_of_the_one_it_is_like():
    found = change({"bound": {"batch": 5}, "sleep": {"batch": 6}, "epoch-2": {"batch": 7}})
    assert [found[n]["batch"] for n in ("bound", "sleep", "slow", "epoch-1", "epoch-2")] == [
        5, 6, 6, 5, 7
    ]  # fmt: skip


def test_a_new_optimizer_keeps_the_rate_that_a_stage_gives_itself():
    found = change({"bound": {"optimizer": {"class": "SGD", "lr": 1.0, "momentum": 0.5}}})
    assert found["slow"]["optimizer"] == {"class": "SGD", "lr": 0.001, "momentum": 0.5}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"like": "bond"}, "no other stage 'bond' (did you mean 'bound'?); there are bound"),
        ({"like": 3}, "found 3; expected the name of a stage"),
        ({"like": "x"}, "no other stage 'x'; there are bound"),
        ({"repeat": 1}, "found 1; expected a whole number from 2 to 1000"),
        ({"repeat": True}, "found true; expected a whole number from 2 to 1000"),
        ({"repeat": 10**6}, "found 1000000; expected a whole number from 2 to 1000"),
        ({"lke": "bound"}, "unknown key 'lke' (did you mean 'like'?); it may hold like, repeat, "),
    ],
)
def test_a_mistake_is_named(table, expected):
    made, _ = stages({"bound": BOUND, "x": table})
    (fault,) = made.faults
    assert fault.text.startswith(expected)
    assert fault.steps[:3] == ("train", "stages", "x")


def test_stages_are_not_like_each_other():
    made, train = stages({"a": {"like": "b"}, "b": {"like": "a"}})
    assert [fault.text for fault in made.faults] == [
        "'b' is like 'a' in turn; expected no circle",
        "'a' is like 'b' in turn; expected no circle",
    ]
    made.expand(train)  # and comes to an end


def test_a_repeated_stage_does_not_hide_another():
    made, _ = stages({"a": {**BOUND, "repeat": 2}, "a-2": BOUND})
    (fault,) = made.faults
    assert fault.text == "makes a stage 'a-2', which is there already"


def test_a_place_in_a_stage_like_another_is_where_it_was_written():
    raw = {"train": {"use": [], "stages": STAGES}}
    written = Written(raw)
    made = Stages(raw["train"], written)
    made.expand({"stages": STAGES, "use": []})
    place = ("train", "stages")
    assert written.steps((*place, "slow", "batch")) == (*place, "bound", "batch")
    assert written.steps((*place, "slow", "objective")) == (*place, "sleep", "objective")
    assert written.steps((*place, "slow", "epochs")) == (*place, "slow", "epochs")
    assert written.steps((*place, "slow", "optimizer", "eps")) == (
        *place,
        "bound",
        "optimizer",
        "eps",
    )
    assert written.steps((*place, "epoch-3", "epochs")) == (*place, "epoch", "epochs")
    assert written.steps((*place, "epoch-3", "batch")) == (*place, "bound", "batch")
