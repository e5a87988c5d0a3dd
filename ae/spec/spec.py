"""A whole spec: the tables of one file."""

from typing import Annotated

from pydantic import Field

from ae.spec.claim import Claim
from ae.spec.measure import Figure, Measure
from ae.spec.paper import Deviation, Omitted, Paper
from ae.spec.run import DataTable, ModelTable, Run, Tier
from ae.spec.training import Train
from ae.spec.words import Table, TierName


class Spec(Table):
    """One paper's benchmark."""

    paper: Paper
    data: DataTable
    model: ModelTable
    train: Train
    measure: Annotated[tuple[Measure, ...], Field(description="a table [measure], a line each")]
    figure: tuple[Figure, ...] = ()
    run: Annotated[tuple[Run, ...], Field(min_length=1, description="a list of one or more tables")]
    claim: tuple[Claim, ...]
    deviation: tuple[Deviation, ...]
    omitted: tuple[Omitted, ...] = ()
    tier: dict[TierName, Tier]
