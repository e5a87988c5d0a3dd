"""The curves of records, a row a point."""

from collections.abc import Iterable
from itertools import chain

import numpy as np
import pandas as pd

from ae.records.record import Record
from ae.results.columns import CURVES, table

NAMES = tuple(c.name for c in CURVES if c.name not in ("step", "examples", "value"))


def curves_of(records: Iterable[Record]) -> pd.DataFrame:
    """Every point of every curve of these records: seed after seed, each in order."""
    rows: list[tuple[object, ...]] = []  # one a curve and seed
    steps: list[list[int]] = []
    examples: list[list[int]] = []
    values: list[list[float]] = []
    for record in records:
        for run in record.runs:
            for curve in run.curves:
                where = (record.name, record.tier, run.name, run.label, curve.stage, curve.part)
                for seed, row in zip(run.seeds, curve.values, strict=True):
                    rows.append((*where, seed))
                    steps.append(curve.steps)
                    examples.append(curve.examples)
                    values.append(row)
    lengths = [len(row) for row in values]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(NAMES)
    data = {
        name: np.repeat(np.array(column, dtype=object), lengths)
        for name, column in zip(NAMES, columns, strict=True)
    }
    points = {
        "step": list(chain.from_iterable(steps)),
        "examples": list(chain.from_iterable(examples)),
        "value": list(chain.from_iterable(values)),
    }
    return table(CURVES, {**data, **points})
