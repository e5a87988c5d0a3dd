"""Tables as files: CSV, JSON, Parquet."""

import io
import json
import math
from importlib.util import find_spec
from typing import Literal, get_args

import pandas as pd

from ae.errors import UserError

Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)


def encoded(table: pd.DataFrame, form: Format) -> bytes:
    """A table as the content of a file; numbers in full, the same each time.

    What is missing is empty in CSV and null in JSON. Infinities, which only curves have, are `inf`
    in CSV and, as in records, the strings "Infinity" and "-Infinity" in JSON.

    Raises:
        UserError: There is no pyarrow, which writes Parquet.
    """
    match form:
        case "csv":
            return table.to_csv(index=False, lineterminator="\n").encode()
        case "json":
            return _json(table)
        case "parquet":
            check(form)
            stream = io.BytesIO()
            table.to_parquet(stream, engine="pyarrow", index=False)
            return stream.getvalue()


def check(form: Format) -> None:
    """Refuse a format that cannot be written here.

    Raises:
        UserError: There is no pyarrow, which writes Parquet.
    """
    if form == "parquet" and find_spec("pyarrow") is None:
        raise UserError(
            "parquet: found no package pyarrow, which writes it; install it, or take csv or json"
        )


def _json(table: pd.DataFrame) -> bytes:
    """A list of objects, a row a line."""
    columns = [[_plain(value) for value in table[name]] for name in table]
    rows = [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]
    lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    return ("[\n" + ",\n".join(lines) + "\n]\n").encode()


def _plain(value: object) -> object:
    """A cell as JSON has it; numpy's numbers as Python's."""
    if isinstance(value, str | bool) or value is None:
        return value
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, float) and not math.isfinite(plain):
        return None if math.isnan(plain) else ("Infinity" if plain > 0 else "-Infinity")
    return plain
