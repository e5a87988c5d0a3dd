"""What a function of `ae/metrics` measures: its unit, which way is better, a label for readers.

Said once, above the function, and read from the syntax tree: no spec has to say it again, and
reading a spec imports no torch.
"""

import ast
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

from ae.spec.syntax import function
from ae.spec.words import Direction

F = TypeVar("F", bound=Callable[..., list[float]])
PACKAGE = Path(__file__).resolve().parents[1]
KEYS = ("label", "unit", "better")


def measure(*, label: str, unit: str | None, better: Direction | None) -> Callable[[F], F]:
    """Say above a function of `ae/metrics` what it measures; changes nothing of the function.

    Args:
        label: What it is, in a table's head. `{samples}` is the argument of that name, `{samples:,}`
            as `format` has it, `{part:words}` without underscores; a list is joined by "to".
        unit: Of its values, such as "nats" or "%", "" for a plain number; None where that depends on
            the arguments or on the paper, so that the spec says it.
        better: Which way is better, or None likewise.
    """

    def described(function: F) -> F:
        return function

    return described


class Facts(NamedTuple):
    """What stands above a function, and the arguments that it takes unless the spec gives them."""

    label: str
    unit: str | None
    better: Direction | None
    defaults: dict[str, Any]

    def label_of(self, arguments: dict[str, Any]) -> str:
        """The label of a measure with these arguments; what cannot be filled in stays as it is."""
        try:
            values = {**self.defaults, **arguments}
            shown = self.label.format(**{key: _Shown(value) for key, value in values.items()})
        except (KeyError, ValueError, TypeError, IndexError, AttributeError):
            return self.label
        return shown[:1].upper() + shown[1:]


class _Shown:
    """An argument in a label: a list is a row of steps, the split `train` is an adjective."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __format__(self, form: str) -> str:
        if isinstance(self.value, list):
            return " to ".join(format(item, form) for item in self.value)
        if self.value == "train":
            return "training"
        if form == "words":
            return str(self.value).replace("_", " ")
        if isinstance(self.value, float) and not form and math.isfinite(self.value):
            return f"{self.value:g}"
        return format(self.value, form)


def facts_of(path: str, package: Path = PACKAGE) -> Facts | None:
    """What stands above the function `file.function` of `metrics` in a package; None if nothing.

    Raises:
        NotFound: There is no such function.
    """
    node = function(package, "metrics", path)
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] == "measure":
            said = {k.arg: _constant(k.value) for k in call.keywords}
            label, unit, better = (said.get(key) for key in KEYS)
            if isinstance(label, str) and (better is None or better in get_args(Direction)):
                own = unit if isinstance(unit, str) else None
                return Facts(label, own, better, _defaults(node.args))
    return None


def _defaults(arguments: ast.arguments) -> dict[str, Any]:
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {a.arg: _constant(d) for a, d in pairs if d is not None}


def _constant(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None
