"""What the paper claims, a class for each kind of claim."""

from typing import Annotated, Literal

from pydantic import Field

from ae.spec.words import (
    Count,
    Direction,
    Groups,
    Looks,
    Name,
    NotNegative,
    Positive,
    Printed,
    Runs,
    Several,
    Share,
    Status,
    Table,
    Text,
    Tiers,
    rule,
)


class Spread(Table):
    """What the paper's plus-minus is. `examples` is a standard error over test examples."""

    kind: Literal["none", "sd", "se", "ci95", "examples", "folds", "binomial"]
    value: Positive | None = None
    n: Count | None = None

    @rule
    def _valued(self) -> None:
        if self.kind != "none" and self.value is None:
            raise ValueError(f"kind {self.kind!r} needs a value")
        if self.kind == "none" and (self.value, self.n) != (None, None):
            raise ValueError("kind 'none' takes no value and no n")


class ClaimTable(Table):
    """What every claim has. `control` marks a test of the measurement, not of the paper.

    `by` names whose number it is, where it is not the paper's. `depends` are the controls that the
    claim rests on; None is all of the spec's. `looks` are numbers of seeds at which the claim is
    judged, until it is decided; None is once, at the end. `untrained` says why a model meets the
    claim that was not trained: it is then no evidence.
    """

    id: Name
    statement: Text
    metric: str
    source: Text
    status: Status
    by: Text | None = None
    primary: bool = False
    tiers: Tiers
    control: bool = False
    sigma_pin: Positive | None = None
    depends: tuple[str, ...] | None = None
    looks: Looks | None = None
    untrained: Text | None = None


class ValueClaim(ClaimTable):
    """The paper prints a number (rules a and b), in the metric's unit.

    One that was `counted` is a whole number, and not rounded.
    """

    kind: Literal["value"]
    run: str
    printed: Printed
    counted: bool = False
    spread: Spread = Spread(kind="none")
    sense: Literal["two_sided", "at_least"] = "two_sided"
    best_of: Several | None = None
    margin: Positive
    margin_reason: Text

    @property
    def value(self) -> float:
        """The printed number."""
        return float(self.printed)

    @property
    def digits(self) -> int:
        """How many of its digits stand after the point."""
        return len(self.printed.partition(".")[2])

    @property
    def rounding(self) -> float:
        """What the printed number may be off by: half of its last digit, or nothing if counted."""
        return 0.0 if self.counted else 0.5 * 10.0**-self.digits


class OrderClaim(ClaimTable):
    """One run has a higher value of the metric than another (rule c).

    `gap` is what the paper prints, if it does. `material` is the share of the margin that the
    difference must reach to count.
    """

    kind: Literal["order"]
    higher: str
    lower: str
    gap: float | None = None
    margin: Positive
    margin_reason: Text
    material: Share = 0.5

    def arms(self, direction: Direction) -> tuple[str, str]:
        """Its two runs, first the one that is better, where `direction` is."""
        return (self.higher, self.lower) if direction == "higher" else (self.lower, self.higher)


class EqualClaim(ClaimTable):
    """Two runs do not differ by more than the margin (rule c, claim of no difference)."""

    kind: Literal["equal"]
    runs: tuple[str, str]
    margin: Positive
    margin_reason: Text


class TrendClaim(ClaimTable):
    """The metric's value moves one way over the runs, in the order given (rule d).

    `material` is the share of the margin that every step must reach to count.
    """

    kind: Literal["trend"]
    runs: Runs
    moves: Literal["up", "down"]
    margin: Positive
    margin_reason: Text
    material: Share = 0.5


class ExactClaim(ClaimTable):
    """Every seed's value lies within `tolerance` of `value`."""

    kind: Literal["exact"]
    run: str
    value: float
    tolerance: NotNegative
    tolerance_reason: Text


class FigureClaim(ClaimTable):
    """A number read off a figure, twice (rule e)."""

    kind: Literal["figure"]
    run: str
    readings: tuple[float, float]
    half_width: Positive
    log_axis: bool = False
    figure: Text
    margin: Positive
    margin_reason: Text

    @rule
    def _readable(self) -> None:
        if self.log_axis and min(self.readings) <= 0:
            raise ValueError("readings: a logarithmic axis has numbers above 0 only")


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


CLAIMS = (ValueClaim, OrderClaim, EqualClaim, TrendClaim, ExactClaim, FigureClaim, PooledClaim)
Claim = Annotated[
    ValueClaim | OrderClaim | EqualClaim | TrendClaim | ExactClaim | FigureClaim | PooledClaim,
    Field(discriminator="kind"),
]


def runs_of(claim: Claim) -> tuple[str, ...]:
    """The runs that a claim speaks of, in its order."""
    match claim:
        case OrderClaim():
            return claim.higher, claim.lower
        case EqualClaim() | TrendClaim():
            return claim.runs
        case PooledClaim():
            return tuple(run for group in claim.groups for run in group)
        case _:
            return (claim.run,)


def metrics_of(claim: Claim) -> tuple[str, ...]:
    """The metrics that a claim speaks of, its own first."""
    return (claim.metric, *(claim.others if isinstance(claim, PooledClaim) else ()))
