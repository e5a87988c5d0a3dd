"""What the paper claims, a class for each kind of claim."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ae.spec.table import (
    Count,
    Groups,
    Index,
    Name,
    NotNegative,
    Positive,
    Runs,
    Several,
    Status,
    Table,
    Text,
    Tiers,
)


class Spread(Table):
    """What the paper's plus-minus is. `examples` is a standard error over test examples."""

    kind: Literal["none", "sd", "se", "ci95", "examples", "folds", "binomial"]
    value: Positive | None = None
    n: Count | None = None

    @model_validator(mode="after")
    def _valued(self) -> Self:
        if self.kind != "none" and self.value is None:
            raise ValueError(f"kind {self.kind!r} needs a value")
        if self.kind == "none" and (self.value, self.n) != (None, None):
            raise ValueError("kind 'none' takes no value and no n")
        return self


class ClaimTable(Table):
    """What every claim has. `control` marks a test of the measurement, not of the paper."""

    id: Name
    statement: Text
    metric: str
    source: Text
    status: Status
    primary: bool
    tiers: Tiers
    control: bool = False
    sigma_pin: Positive | None = None


class ValueClaim(ClaimTable):
    """The paper prints a number (rules a and b)."""

    kind: Literal["value"]
    run: str
    value: float
    digits: Index
    unit: str
    spread: Spread
    sense: Literal["two_sided", "at_least"] = "two_sided"
    best_of: Several | None = None
    margin: Positive
    margin_reason: Text


class OrderClaim(ClaimTable):
    """One run is better than another (rule c); `gap` is what the paper prints, if it does."""

    kind: Literal["order"]
    better: str
    worse: str
    gap: float | None = None
    margin: Positive
    margin_reason: Text


class EqualClaim(ClaimTable):
    """Two runs do not differ by more than the margin (rule c, claim of no difference)."""

    kind: Literal["equal"]
    runs: tuple[str, str]
    margin: Positive
    margin_reason: Text


class TrendClaim(ClaimTable):
    """The metric moves one way over the runs, in the order given (rule d)."""

    kind: Literal["trend"]
    runs: Runs
    moves: Literal["up", "down"]
    margin: Positive
    margin_reason: Text


class ExactClaim(ClaimTable):
    """Every seed's value lies within `tolerance` of `value`."""

    kind: Literal["exact"]
    run: str
    value: float
    unit: str
    tolerance: NotNegative
    tolerance_reason: Text


class FigureClaim(ClaimTable):
    """A number read off a figure, twice (rule e)."""

    kind: Literal["figure"]
    run: str
    readings: tuple[float, float]
    half_width: Positive
    log_axis: bool = False
    unit: str
    figure: Text
    margin: Positive
    margin_reason: Text

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.log_axis and min(self.readings) <= 0:
            raise ValueError("readings: a logarithmic axis has numbers above 0 only")
        return self


class PooledClaim(ClaimTable):
    """A statistic of all values of these runs lies on one side of a bound that the claim states.

    `groups` are lists of runs. `mean`: of the metric, over all. `explained`: percent of its
    variance that the groups explain. `dominance`: the best group's least chance, in percent, to
    beat another. `correlation`: the mean of its rank correlations with the metrics `others`.
    """

    kind: Literal["pooled"]
    statistic: Literal["mean", "explained", "dominance", "correlation"]
    groups: Groups
    others: tuple[str, ...] = ()
    sense: Literal["above", "below"]
    bound: float
    bound_reason: Text


Claim = Annotated[
    ValueClaim | OrderClaim | EqualClaim | TrendClaim | ExactClaim | FigureClaim | PooledClaim,
    Field(discriminator="kind"),
]


def runs_of(claim: Claim) -> tuple[str, ...]:
    """The runs that a claim speaks of, in its order."""
    match claim:
        case OrderClaim():
            return claim.better, claim.worse
        case EqualClaim() | TrendClaim():
            return claim.runs
        case PooledClaim():
            return tuple(run for group in claim.groups for run in group)
        case _:
            return (claim.run,)


def metrics_of(claim: Claim) -> tuple[str, ...]:
    """The metrics that a claim speaks of, its own first."""
    return (claim.metric, *(claim.others if isinstance(claim, PooledClaim) else ()))
