"""beartype as jaxtyping applies it, made once for a function that is defined again at every call."""

from collections.abc import Callable
from typing import Any

from beartype import beartype

_known: dict[tuple[Any, ...], Callable[..., Any]] = {}


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """`beartype(function)`.

    jaxtyping asks for it with functions of its own that have the signature of a function and no
    body. Of one that is defined within another they are made whenever the other is called, as a
    stack does at every step, which took a twentieth of the tests of models. Such are the same if
    their code and annotations are; annotations of a shape are never the same, and not kept.
    """
    notes = function.__annotations__
    if "<locals>" not in function.__qualname__ or "jaxtyping." in repr(notes):
        return beartype(function)
    key = (function.__module__, function.__qualname__, function.__code__, *notes.items())
    if key not in _known:
        _known[key] = beartype(function)
    return _known[key]
