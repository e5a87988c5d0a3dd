"""A benchmark specification: what a paper claims, on which data, by which protocol.

One TOML file per paper. The classes here are the format, key by key; `benchmarks/README.md`
explains them for authors. Nothing here imports torch.
"""

from ae.spec.benchmark import Spec
from ae.spec.cell import Cell, DataTable, Run, Tier
from ae.spec.claim import (
    Claim,
    ClaimTable,
    EqualClaim,
    ExactClaim,
    FigureClaim,
    OrderClaim,
    PooledClaim,
    Spread,
    TrendClaim,
    ValueClaim,
    metrics_of,
    runs_of,
)
from ae.spec.observation import Figure, Measure
from ae.spec.paper import Deviation, Omitted, Paper
from ae.spec.table import (
    Count,
    Direction,
    Index,
    Labels,
    Name,
    Precision,
    Table,
    Text,
    TierName,
)
from ae.spec.training import (
    ARGUMENTS,
    Descent,
    Fit,
    Group,
    Optimizer,
    Schedule,
    Train,
)

__all__ = [
    "ARGUMENTS",
    "Cell",
    "Claim",
    "ClaimTable",
    "Count",
    "DataTable",
    "Descent",
    "Deviation",
    "Direction",
    "EqualClaim",
    "ExactClaim",
    "Figure",
    "FigureClaim",
    "Fit",
    "Group",
    "Index",
    "Labels",
    "Measure",
    "Name",
    "Omitted",
    "Optimizer",
    "OrderClaim",
    "Paper",
    "PooledClaim",
    "Precision",
    "Run",
    "Schedule",
    "Spec",
    "Spread",
    "Table",
    "Text",
    "Tier",
    "TierName",
    "Train",
    "TrendClaim",
    "ValueClaim",
    "metrics_of",
    "runs_of",
]
