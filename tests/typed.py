"""beartype as jaxtyping applies it, made once for a function that is defined again at every call."""

import itertools
from collections.abc import Callable
from typing import Any

from beartype import beartype

Key = tuple[Any, ...]
_known: dict[Key, Callable[..., Any]] = {}


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """`beartype(function)`.

    jaxtyping asks for it with functions of its own that have the signature of a function and no
    body. Of one that is defined within another they are made whenever the other is called, which
    took a twentieth of the tests of models; such are the same if their code and their annotations are.
    """
    if "<locals>" not in function.__qualname__:
        return beartype(function)
    notes = function.__annotations__
    key = (
        function.__module__,
        function.__qualname__,
        function.__code__,
        *itertools.chain.from_iterable((name, note) for name, note in notes.items()),
    )
    try:
        if key not in _known:
            _known[key] = beartype(function)
    except TypeError:  # an annotation cannot be looked up
        return beartype(function)
    return _known[key]
