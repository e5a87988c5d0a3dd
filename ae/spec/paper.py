"""The paper itself, and what of it is done otherwise here or not at all."""

from typing import Annotated

from pydantic import Field

from ae.spec.words import Status, Table, Text, Tiers


class Paper(Table):
    """Who claims it, and what is minimised or maximised, in LaTeX and the paper's symbols.

    Records of before `formula` was asked for have none.
    """

    title: Text
    authors: Text
    venue: str
    year: Annotated[int, Field(ge=1900, le=2100, description="a year such as 2014")]
    url: Text
    family: Text
    idea: Text
    formula: Text | None = None


class Deviation(Table):
    """Where the protocol here differs from the paper's, or the paper is silent."""

    paper: Text
    here: Text
    why: Text
    tiers: Tiers = ("paper", "quick", "smoke")


class Omitted(Table):
    """What the paper says and no claim of the spec tests, with the reason.

    `by` names whose number it is, where it is not the paper's.
    """

    statement: Text
    source: Text
    status: Status
    by: Text | None = None
    why: Text
