"""Tables with stand-ins for what is wrong in them."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from ae.spec import Spec
from ae.spec.claim import CLAIMS
from ae.spec.words import Name, Table, rule
from ae.toml.file import STAND_IN
from ae.toml.mend import parse_all, stand_in
from ae.toml.parse import validated


class Wheel(Table):
    """A table in a list, with a rule of its own."""

    name: Name
    spokes: Annotated[int, Field(ge=3, description="at least 3")]
    even: bool = False

    @rule
    def _even(self) -> None:
        if self.even and self.spokes % 2:
            raise ValueError("spokes: an even wheel has an even number of spokes")


class Bicycle(Table):
    """A table with tables."""

    colour: Literal["red", "blue"]
    wheels: tuple[Wheel, ...]
    notes: dict[Name, str] = {}


RIGHT = {"colour": "red", "wheels": [{"name": "front", "spokes": 36}]}


def mended(**changes):
    found, faults = parse_all(Bicycle, RIGHT | changes)
    return found, [(fault.steps, fault.text) for fault in faults]


def test_what_is_right_is_parsed_as_ever():
    assert mended() == (validated(Bicycle, RIGHT), [])


def test_a_misspelt_key_is_taken_for_the_one_that_was_meant():
    found, faults = mended(wheels=[{"name": "front", "spoke": 32}])
    assert found.wheels == (Wheel(name="front", spokes=32),)
    assert [steps for steps, _ in faults] == [("wheels", 0)]  # and no key is missing
    assert "unknown key 'spoke' (did you mean 'spokes'?)" in faults[0][1]


def test_a_wrong_or_missing_value_has_a_stand_in_that_fits():
    found, faults = mended(colour="green", wheels=[{"spokes": 2}])
    assert (found.colour, found.wheels[0].name) == ("red", STAND_IN)
    assert found.wheels[0].spokes >= 3
    assert [steps for steps, _ in faults] == [("colour",), ("wheels", 0), ("wheels", 0, "spokes")]


def test_a_table_keeps_its_name():
    found, _ = mended(wheels=[{"name": "front", "spokes": 36}, {"name": "rear"}])
    assert [wheel.name for wheel in found.wheels] == ["front", "rear"]


def test_a_rule_speaks_once():
    found, faults = mended(wheels=[{"name": "a", "spokes": 33, "even": True}], colour=3)
    assert found.wheels[0].spokes == 33
    assert len(faults) == 2


def test_a_key_that_is_no_name_is_taken_away():
    found, faults = mended(notes={"a b": "x", "c": "y"})
    assert found.notes == {"c": "y"}
    assert len(faults) == 1


@pytest.mark.parametrize("kind", [Spec, *CLAIMS], ids=lambda k: k.__name__)
def test_every_table_of_a_spec_has_a_stand_in(kind):
    validated(kind, stand_in(kind), mended=True)
