"""What one value of a spec may be, and a TOML table that is typed strictly."""

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

# A constraint's description is what an error says was expected.
Text = Annotated[str, Field(pattern=r"\S", description="a string that is not empty")]
Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._+=-]*$",
        max_length=100,  # with an ending it is the name of a file
        description="a name of at most 100 letters, digits and . _ + = -",
    ),
]
Index = Annotated[int, Field(ge=0, description="a whole number of at least 0")]
Count = Annotated[int, Field(ge=1, description="a whole number of at least 1")]
Several = Annotated[int, Field(ge=2, description="a whole number of at least 2")]
Amount = Count | Literal["all"]
Positive = Annotated[float, Field(gt=0, description="a number above 0")]
NotNegative = Annotated[float, Field(ge=0, description="a number of at least 0")]
Fraction = Annotated[float, Field(ge=0, lt=1, description="a number of at least 0, below 1")]
Direction = Literal["lower", "higher"]
Precision = Literal["float32", "tf32"]
Share = Annotated[float, Field(gt=0, le=1, description="a number above 0, at most 1")]
Printed = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]+(\.[0-9]+)?$",
        max_length=40,
        description="a number in quotes, as it is printed, such as '82.90'",
    ),
]
Looks = Annotated[
    tuple[Count, ...], Field(min_length=2, description="a list of two or more numbers of seeds")
]
# `read` is what records of before the other two words have.
Status = Annotated[
    Literal["printed", "quoted", "digitised", "recalled", "calculated", "read"],
    Field(
        description="one of 'printed' (read in the paper itself), 'quoted' (in a text that quotes "
        "it), 'digitised' (off the paper's own figure), 'recalled', 'calculated'"
    ),
]
TierName = Literal["paper", "quick", "smoke"]
Tiers = Annotated[
    tuple[TierName, ...],
    Field(min_length=1, description="a list of one or more of 'paper', 'quick', 'smoke'"),
]
Runs = Annotated[
    tuple[str, ...], Field(min_length=1, description="a list of the names of one or more runs")
]
Groups = Annotated[
    tuple[Runs, ...],
    Field(min_length=1, description="a list of one or more lists of names of runs"),
]
Modules = Annotated[
    tuple[Text, ...], Field(min_length=1, description="a list of the names of one or more modules")
]
Labels = Annotated[
    tuple[Index, ...], Field(min_length=1, description="a list of one or more classes, from 0")
]
Seeds = Annotated[
    tuple[Index, ...],
    Field(min_length=1, description="a list of one or more whole numbers of at least 0"),
]


class Table(BaseModel):
    """A TOML table: typed strictly, without unknown keys, never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, serialize_by_alias=True)


T = TypeVar("T", bound=Table)


def rule(check: Callable[[T], None]) -> Any:
    """Hold `check`, which raises ValueError, over every table of a class once its keys are read.

    Not over a table that was mended: there the rule has spoken already.
    """

    def held(self: T, info: ValidationInfo) -> T:
        if not (info.context or {}).get("mended"):
            check(self)
        return self

    return model_validator(mode="after")(held)


def unique(values: tuple[Any, ...], what: str) -> None:
    """Refuse a list in which a value is given twice; `what` is the word for it.

    Raises:
        ValueError: One is.
    """
    twice = [value for value, times in Counter(values).items() if times > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]!r} is given more than once")
