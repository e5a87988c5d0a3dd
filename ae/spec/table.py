"""What one value of a spec may be, and a TOML table that is typed strictly."""

from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

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
Status = Literal["read", "recalled", "calculated"]
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


def unique(values: tuple[Any, ...], what: str) -> None:
    """Refuse a list in which a value is given twice; `what` is the word for it.

    Raises:
        ValueError: One is.
    """
    twice = [value for value, times in Counter(values).items() if times > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]!r} is given more than once")
