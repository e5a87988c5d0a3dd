"""The columns of the tables: names, types, meanings, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

Kind = Literal["text", "whole", "number", "flag"]
TEXT = pd.Series(["text"]).dtype  # `str` of pandas 3, `object` before


@dataclass(frozen=True)
class Column:
    """A column; `text` may be missing (NA), `number` too (NaN), `whole` and `flag` never are."""

    name: str
    kind: Kind
    meaning: str

    @property
    def dtype(self) -> Any:
        """What pandas keeps it as."""
        return {"text": TEXT, "whole": "int64", "number": "float64", "flag": "bool"}[self.kind]


SPEC = Column("spec", "text", "name of the spec")
TIER = Column("tier", "text", "`paper` (the source's protocol), `quick` or `smoke`")
RUN = Column("run", "text", "name of the run")
LABEL = Column("label", "text", "the run in words")
SEED = Column("seed", "whole", "the seed")
DEVICE = Column("device", "text", "device that trained the seed, such as `CPU`")
UNIT = Column("unit", "text", "unit of the metric; empty where it has none")
DIRECTION = Column("direction", "text", "which way is better: `lower` or `higher`")
DIGEST = Column("record", "text", "digest of the record that the row is of")

VALUES = (
    SPEC,
    TIER,
    RUN,
    LABEL,
    Column("metric", "text", "name of the metric"),
    UNIT,
    DIRECTION,
    SEED,
    Column("value", "number", "what was measured; NaN where the seed diverged or has no value"),
    Column("diverged", "text", "why the seed diverged; NA where it did not"),
    Column("unmeasured", "text", "why the seed has no value though it did not diverge; else NA"),
    DEVICE,
    Column("processor", "text", "processor of the machine that trained it"),
    Column("torch", "text", "version of torch that trained it"),
    Column("imported", "flag", "whether another machine's result was taken"),
    DIGEST,
)
CURVES = (
    SPEC,
    TIER,
    RUN,
    LABEL,
    Column("stage", "text", "stage of training"),
    Column("part", "text", "term of the objective, such as `kl`; mean per training example"),
    SEED,
    Column("step", "whole", "steps taken in the stage"),
    Column("examples", "whole", "training examples seen in the stage"),
    Column("value", "number", "mean of the term since the point before"),
)
CLAIMS = (
    SPEC,
    TIER,
    Column("claim", "text", "id of the claim"),
    Column("kind", "text", "`value`, `figure`, `order`, `equal`, `trend`, `exact` or `pooled`"),
    Column("evidence", "text", "`published`, `stated`, `recalled`, `calculated`, `untrained` or `control`"),
    Column("status", "text", "how the claim was read: `printed`, `quoted`, `digitised`, …"),
    Column("by", "text", "whose it is where it is not the paper's; else NA"),
    Column("source", "text", "where it stands in its source"),
    Column("control", "flag", "whether it tests the measurement and not the paper"),
    Column("primary", "flag", "whether the paper's own verdict rests on it"),
    Column("statement", "text", "the claim in words"),
    Column("metric", "text", "name of the metric"),
    UNIT,
    DIRECTION,
    Column("runs", "text", "the runs that it speaks of, in its order, with `, ` between"),
    Column("shown", "text", "what it is judged against, in words"),
    Column(
        "target",
        "number",
        "the number that it is judged against: the published one, after best-of; the exact one; "
        "the bound of a pooled claim; 0 of an order, an equality, a trend",
    ),
    Column("spread", "number", "what the source gives as the target's plus-minus; else NaN"),
    Column("spread_kind", "text", "what that is: `sd`, `se`, `ci95`, `binomial`, …; else NA"),
    Column(
        "margin",
        "number",
        "how far from the target still counts, in the metric's unit; of a figure with a logarithmic "
        "axis in natural-log units; NaN of a pooled claim",
    ),
    Column("seeds", "whole", "seeds that the verdict rests on; 0 where it was not tested"),
    Column(
        "mean",
        "number",
        "our number; of an order how much better the run is that should be; of a trend how far the "
        "last run is from the first, as claimed; NaN where it was not tested",
    ),
    Column("low", "number", "lower end of its interval; of an exact claim the least value"),
    Column("high", "number", "upper end of its interval; of an exact claim the greatest value"),
    Column("level", "number", "error of the interval on either side: 0.05 is a 90 % interval"),
    Column("p", "number", "one-sided p of what the claim says, by itself; NaN where there is none"),
    Column("p_adjusted", "number", "the same, corrected for all claims about the same runs"),
    Column("verdict", "text", "`REPRODUCED`, `BETTER`, `SMALLER`, `SHORT`, `INCONCLUSIVE`, "
           "`INVALID` or `UNTESTED`"),
    Column("reason", "text", "why it is SHORT or INVALID, or `or better` of a figure; else NA"),
    Column("note", "text", "the verdict in a sentence, or what is missing"),
    Column("reduced_mean", "number", "our number of a reduced tier beside a published one, which it "
           "does not test; else NaN"),
    Column("reduced_low", "number", "lower end of that number's 90 % interval"),
    Column("reduced_high", "number", "upper end of it"),
    Column("device", "text", "devices that trained the runs, with `, ` between"),
    DIGEST,
)  # fmt: skip
COLUMNS: dict[str, tuple[Column, ...]] = {"values": VALUES, "claims": CLAIMS, "curves": CURVES}


def table(columns: Sequence[Column], data: Mapping[str, Any]) -> pd.DataFrame:
    """A table of these columns; `data` has a sequence for each."""
    return pd.DataFrame({c.name: pd.Series(data[c.name], dtype=c.dtype) for c in columns})


def of_rows(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """A table of these columns from its rows."""
    data = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return table(columns, {c.name: d for c, d in zip(columns, data, strict=True)})
