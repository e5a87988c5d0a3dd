"""A whole spec: the tables of one file."""

from typing import Annotated

from pydantic import Field

from ae.spec.cell import DataTable, ModelTable, Run, Tier
from ae.spec.claim import Claim
from ae.spec.observation import Figure, Measure
from ae.spec.paper import Deviation, Omitted, Paper
from ae.spec.table import Table, TierName
from ae.spec.training import Train


class Spec(Table):
    """One paper's benchmark."""

    paper: Paper
    data: DataTable
    model: ModelTable
    train: Train
    measure: tuple[Measure, ...]
    figure: tuple[Figure, ...] = ()
    run: Annotated[tuple[Run, ...], Field(min_length=1, description="a list of one or more tables")]
    claim: tuple[Claim, ...]
    deviation: tuple[Deviation, ...]
    omitted: tuple[Omitted, ...] = ()
    tier: dict[TierName, Tier]
