"""A benchmark specification: what a paper claims, on which data, by which protocol.

One TOML file per paper. The classes here are the format, key by key; `benchmarks/README.md`
explains them for authors. Nothing here imports torch.
"""

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
from ae.spec.evidence import KINDS, Evidence, evidence_of
from ae.spec.measure import Figure, Measure
from ae.spec.optimizer import ARGUMENTS, Group, Optimizer, Schedule
from ae.spec.paper import Deviation, Omitted, Paper
from ae.spec.run import Cell, DataTable, Run, Tier
from ae.spec.spec import Spec
from ae.spec.training import Descent, Fit, Phase, StepTable, Train
from ae.spec.watch import Keep, Watch
from ae.spec.words import Count, Direction, Index, Labels, Name, Precision, Table, Text, TierName

__all__ = [
    "ARGUMENTS",
    "KINDS",
    "Cell",
    "Claim",
    "ClaimTable",
    "Count",
    "DataTable",
    "Descent",
    "Deviation",
    "Direction",
    "EqualClaim",
    "Evidence",
    "ExactClaim",
    "Figure",
    "FigureClaim",
    "Fit",
    "Group",
    "Index",
    "Keep",
    "Labels",
    "Measure",
    "Name",
    "Omitted",
    "Optimizer",
    "OrderClaim",
    "Paper",
    "Phase",
    "PooledClaim",
    "Precision",
    "Run",
    "Schedule",
    "Spec",
    "Spread",
    "StepTable",
    "Table",
    "Text",
    "Tier",
    "TierName",
    "Train",
    "TrendClaim",
    "ValueClaim",
    "Watch",
    "evidence_of",
    "metrics_of",
    "runs_of",
]
