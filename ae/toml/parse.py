"""TOML tables into pydantic classes, with errors for the person who wrote the file.

pydantic says what is wrong with a value; this module says it in the words of the file: which
table, which key, what was found and what would have been right.
"""

import json
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ae.toml.file import Fault, Steps, at, nearest, shown, unknown_key

T = TypeVar("T", bound=BaseModel)


class Refused(ValueError):
    """A table that does not fit its class; `faults` holds at least one, misspelt keys first."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults[0].text)
        self.faults = faults


def parse(kind: type[T], raw: dict[str, Any]) -> T:
    """The table `raw` as an instance of `kind`.

    Raises:
        Refused: With everything that is wrong.
    """
    try:
        return validated(kind, raw)
    except ValidationError as error:
        raise Refused(faults_of(kind, raw, error)) from None


def validated(kind: type[T], raw: dict[str, Any], **context: bool) -> T:
    """The table as an instance, or pydantic's own error."""
    return kind.model_validate_json(json.dumps(raw, allow_nan=False), context=context)


def faults_of(kind: Any, raw: Any, error: ValidationError) -> list[Fault]:
    """What pydantic found wrong, each once; a key that was misspelt is not missing too."""
    details = sorted(error.errors(include_url=False), key=rank)
    meant = {
        (walk(kind, d["loc"]).steps, nearest(str(d["loc"][-1]), keys_of(walk(kind, d["loc"]).kind)))
        for d in details
        if d["type"] == "extra_forbidden"
    }
    missing = [d for d in details if d["type"] == "missing"]
    halves = [d for d in missing if (walk(kind, d["loc"][:-1]).steps, d["loc"][-1]) in meant]
    return list(dict.fromkeys(_fault(kind, raw, d) for d in details if d not in halves))


def rank(detail: ErrorDetails) -> int:
    """Misspelt keys first: a missing key is often the other half of one."""
    return 0 if detail["type"] == "extra_forbidden" or detail["loc"][-1:] == ("[key]",) else 1


def _fault(kind: Any, raw: Any, detail: ErrorDetails) -> Fault:
    loc, error = detail["loc"], detail["type"]
    steps, found, note, _ = walk(kind, loc)
    if error == "extra_forbidden":
        return Fault(steps, unknown_key(str(loc[-1]), keys_of(found)))
    if error == "missing" and isinstance(loc[-1], str):
        table = walk(kind, loc[:-1]).steps
        return Fault(table, f"missing key {loc[-1]!r}; expected {_expected(found, note)}")
    if error == "value_error":
        return Fault(steps, str(detail["ctx"]["error"]))
    if error in ("union_tag_invalid", "union_tag_not_found"):
        kinds = f"one of {_tags(found)}"
        value = at(raw, steps).get("kind")
        if value is None:
            return Fault(steps, f"missing key 'kind'; expected {kinds}")
        return Fault((*steps, "kind"), f"found {shown(value)}; expected {kinds}")
    if loc[-1:] == ("[key]",) and get_origin(table_kind := walk(kind, loc[:-2]).kind) is dict:
        names, note = bare(get_args(table_kind)[0])
        if get_origin(names) is Literal:
            return Fault(steps[:-1], unknown_key(str(loc[-2]), get_args(names)))
        return Fault(steps[:-1], f"key {loc[-2]!r}: expected {_expected(names, note)}")
    return Fault(steps, f"found {shown(at(raw, steps))}; expected {_expected(found, note)}")


class Place(NamedTuple):
    """Where pydantic's place is in the file, and what the classes expect there.

    `whole` is the expected kind with its constraints, `note` their description.
    """

    steps: Steps
    kind: Any
    note: str | None
    whole: Any


def walk(kind: Any, loc: Steps) -> Place:
    """Follow pydantic's place through the classes: the file's own steps, what is expected there.

    pydantic puts the chosen member of a union among the steps; the file knows nothing of it. The
    walk ends early where the file's author would look: at a list of numbers, not at its third.
    """
    steps: Steps = ()
    whole = kind
    kind, note = bare(kind)
    for step in loc:
        origin, arguments = get_origin(kind), get_args(kind)
        if is_table(kind):
            field = field_of(kind, step)
            if field is None:
                break
            whole = (
                Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
            )
            (kind, inner), steps = bare(field.annotation), (*steps, step)
            note = field.description or inner
        elif origin is dict:
            whole, (kind, note), steps = arguments[1], bare(arguments[1]), (*steps, step)
        elif origin is tuple and isinstance(step, int) and of_tables(bare(arguments[0])[0]):
            whole, (kind, note), steps = arguments[0], bare(arguments[0]), (*steps, step)
        elif origin is Union and of_tables(kind):
            whole, note = next((m for m in arguments if _tag(m) == step), kind), None
            kind, _ = bare(whole)
        else:
            break
    return Place(steps, kind, note, whole)


def bare(kind: Any) -> tuple[Any, str | None]:
    """`kind` without `Annotated` and `None`, and the description that it carried."""
    note = None
    if get_origin(kind) is Annotated:
        kind, *metadata = get_args(kind)
        notes = [m.description for m in metadata if isinstance(m, FieldInfo)]
        note = next((n for n in notes if n), None)
    members = get_args(kind)
    if type(None) in members:
        rest = tuple(m for m in members if m is not type(None))
        return bare(Union[rest])  # noqa: UP007 - members are known at run time only
    if get_origin(kind) is UnionType:
        kind = Union[members]  # noqa: UP007 - so that X | Y and Union[X, Y] are one kind
    return kind, note


def is_table(kind: Any) -> bool:
    """Whether a kind is a table."""
    return isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel)


def of_tables(kind: Any) -> bool:
    """Whether a kind is a table, or one of several."""
    if get_origin(kind) is Union:
        return all(is_table(bare(member)[0]) for member in get_args(kind))
    return is_table(kind)


def field_of(kind: type[BaseModel], key: str | int) -> FieldInfo | None:
    """What a table expects under a key, as the file spells it."""
    fields = kind.model_fields.items()
    return next((f for name, f in fields if (f.alias or name) == key), None)


def keys_of(kind: Any) -> list[str]:
    """The keys of a table, as the file spells them."""
    return [f.alias or name for name, f in kind.model_fields.items()]


def _tag(member: Any) -> str:
    """What pydantic calls a member of a union of tables: its `Tag`, or the word in its `kind`."""
    tags = [m.tag for m in get_args(member) if isinstance(m, Tag)]
    return tags[0] if tags else str(get_args(member.model_fields["kind"].annotation)[0])


def _tags(union: Any) -> str:
    return ", ".join(repr(_tag(member)) for member in get_args(union))


def _is_open(kind: Any) -> bool:
    """Whether a kind is more than a list of words; those are said first."""
    origin: Any = get_origin(kind)
    return origin is not Literal


def _expected(kind: Any, note: str | None) -> str:
    if note:
        return note
    kind, note = bare(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
    if note or kind in words:
        return note or words[kind]
    if origin is Literal:
        choices = ", ".join(repr(a) for a in arguments)
        return f"one of {choices}" if len(arguments) > 1 else choices
    if origin is Union and not of_tables(kind):
        return " or ".join(_expected(a, None) for a in sorted(arguments, key=_is_open))
    if origin is tuple and arguments[-1] is not Ellipsis:
        return f"a list of {len(arguments)} items, each {_expected(arguments[0], None)}"
    if origin is tuple:
        each = _expected(arguments[0], None)
        return "a list of tables" if each == "a table" else f"a list, each item {each}"
    return "a table"
