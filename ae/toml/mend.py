"""A table with stand-ins for what is wrong in it, so that the rest can be checked in the same go.

A misspelt key is taken for the one that was meant; a missing or wrong value is replaced by one that
fits. What is found wrong with a stand-in afterwards is nobody's mistake, and is left out.
"""

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ae.toml.file import STAND_IN, Fault, at, nearest
from ae.toml.parse import bare, faults_of, is_table, keys_of, of_tables, rank, validated, walk

T = TypeVar("T", bound=BaseModel)
ROUNDS = 4  # one stand-in may show that another is needed
VALUES: tuple[Any, ...] = (STAND_IN, "1", 1, 2, 2000, 0.5, False, {}, {"class": STAND_IN}, [])
LISTS: tuple[Any, ...] = ([STAND_IN], [STAND_IN] * 2, [1], [1, 2], [0.5, 0.5], [[STAND_IN]])


def parse_all(kind: type[T], raw: dict[str, Any]) -> tuple[T | None, list[Fault]]:
    """The table `raw` as an instance of `kind`, and everything that is wrong with it.

    Where something is, the instance has stand-ins for it, and its tables' own rules are not held
    again; None where that does not help.
    """
    try:
        return validated(kind, raw), []
    except ValidationError as error:
        wrong, faults = error, faults_of(kind, raw, error)
    raw = copy.deepcopy(raw)
    for _ in range(ROUNDS):
        for detail in sorted(wrong.errors(include_url=False), key=rank):
            _mend(kind, raw, detail)
        try:
            return validated(kind, raw, mended=True), faults
        except ValidationError as error:
            wrong = error
    return None, faults


def _mend(kind: Any, raw: dict[str, Any], detail: ErrorDetails) -> None:
    """Put a stand-in where one thing is wrong, in place."""
    loc, error = detail["loc"], detail["type"]
    place = walk(kind, loc)
    found, table = at(raw, place.steps), at(raw, place.steps[:-1])
    if error == "extra_forbidden" and isinstance(found, dict):
        _rename(found, str(loc[-1]), keys_of(place.kind))
    elif error == "missing" and isinstance(loc[-1], str) and isinstance(table, dict):
        table.setdefault(loc[-1], stand_in(place.whole))
    elif loc[-1:] == ("[key]",) and isinstance(table, dict):
        names, _ = bare(get_args(walk(kind, loc[:-2]).kind)[0])
        _rename(table, str(loc[-2]), get_args(names) if get_origin(names) is Literal else ())
    elif error == "value_error" and isinstance(found, dict):
        found["class"] = STAND_IN  # a model's table, the one that a value alone may make wrong
    elif error != "value_error" and place.steps and isinstance(table, dict | list):
        _replace(table, place.steps[-1], stand_in(place.whole))


def _rename(table: dict[str, Any], key: str, choices: Iterable[str]) -> None:
    """Take a key for the one that may have been meant, else take it away."""
    value = table.pop(key, None)
    meant = nearest(key, choices)
    if meant is not None:
        table.setdefault(meant, value)


def _replace(table: Any, step: Any, value: Any) -> None:
    """Put a value there; a table keeps its name, by which others know it."""
    old = at(table, (step,))
    if isinstance(value, dict) and isinstance(old, dict):
        value = value | {k: v for k, v in old.items() if k in ("id", "name", "statement")}
    if isinstance(table, dict) or step < len(table):
        table[step] = value


def stand_in(kind: Any) -> Any:
    """A value that a kind takes; None where none is known."""
    inner, _ = bare(kind)
    if of_tables(inner) and not is_table(inner):
        inner, _ = bare(get_args(inner)[0])
    if is_table(inner):
        needed = {f.alias or n: f for n, f in inner.model_fields.items() if f.is_required()}
        return {name: stand_in(_whole(field)) for name, field in needed.items()}
    if get_origin(inner) is tuple and of_tables(bare(get_args(inner)[0])[0]):
        return [stand_in(get_args(inner)[0])]
    adapter: TypeAdapter[Any] = TypeAdapter(kind, config=ConfigDict(strict=True))
    words = list(_words(kind))
    for value in (*words, *VALUES, *([word] for word in words), *LISTS):
        try:
            adapter.validate_json(json.dumps(value))
        except ValidationError:
            continue
        return copy.deepcopy(value)
    return None


def _whole(field: FieldInfo) -> Any:
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _words(kind: Any) -> Iterator[Any]:
    """Every literal word within a kind."""
    if get_origin(kind) is Literal:
        yield from get_args(kind)
    else:
        for part in get_args(kind):
            yield from _words(part)
