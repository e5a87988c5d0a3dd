"""Values in a file against the annotation of the parameter that takes them."""

import ast
from typing import Any

WORDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "int": ("a whole number", (int,)),
    "float": ("a number", (int, float)),
    "bool": ("true or false", (bool,)),
    "str": ("a string", (str,)),
}


def misfit(annotation: ast.expr | None, value: Any) -> str | None:
    """What a parameter of that annotation expects, if `value` is something else.

    Knows int, float, bool, str, their lists, tuples and unions, and `Literal`; an annotation of
    another kind takes anything.
    """
    match annotation:
        case ast.Name(id=name) if name in WORDS:
            words, types = WORDS[name]
            fits = isinstance(value, types) and (isinstance(value, bool) == (name == "bool"))
            return None if fits else words
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            constants = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            choices = [c.value for c in constants if isinstance(c, ast.Constant)]
            return None if value in choices else f"one of {', '.join(map(repr, choices))}"
        case ast.Subscript(value=ast.Name(id="list" | "tuple" | "Sequence"), slice=inner):
            return _misfit_of_items(inner, value)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            expected = [misfit(left, value), misfit(right, value)]
            said = [e for e in expected if e not in (None, "nothing")]
            return None if None in expected else " or ".join(e for e in said if e)
        case ast.Constant(value=None):
            return "nothing"
    return None


def _misfit_of_items(inner: ast.expr, value: Any) -> str | None:
    each = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    item = each[0]
    said = misfit(item, object())
    whole = f"a list, each item {said}" if said else "a list"
    if not isinstance(value, list) or any(misfit(item, v) for v in value):
        return whole
    open_ended = len(each) == 1 or ast.unparse(each[-1]) == "..."
    return None if open_ended or len(each) == len(value) else f"{whole}, {len(each)} of them"
