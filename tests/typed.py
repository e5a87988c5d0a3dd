"""Types and shapes checked by jaxtyping and beartype, no more often than one of them can change."""

import functools
import itertools
from collections.abc import Callable
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

from beartype import beartype

_known: dict[tuple[Any, ...], Callable[..., Any]] = {}
_sets: list[set[Any]] = []  # of every function, the kinds of calls that were checked
# A number of each model, in place of its id, which the next may have once it is gone.
_numbers: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
_count = itertools.count()


class Unlike(Exception):
    """A value of which the next may be another."""


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


def once_a_kind(jaxtyped: Callable[..., Any]) -> Callable[..., Any]:
    """`jaxtyped`, by which a function is checked at the first call with arguments of a kind.

    What it checks follows from the types, shapes and numbers' types of what goes in and comes out,
    and a loop of training calls with the same at every step, which took a third of the tests of
    models. `self` is known by itself, for two models of a class may give back different things.
    """

    def applied(fn: Any = None, *, typechecker: Any) -> Any:
        if fn is None:
            return functools.partial(applied, typechecker=typechecker)
        whole = jaxtyped(fn, typechecker=typechecker)
        if not isinstance(fn, FunctionType) or "<locals>" in fn.__qualname__:
            return whole
        known: set[Any] = set()
        _sets.append(known)

        @functools.wraps(fn)
        def called(*args: Any, **kwargs: Any) -> Any:
            try:
                kind = (
                    *map(_kind, args),
                    *((name, _kind(value)) for name, value in kwargs.items()),
                )
            except Unlike:
                return whole(*args, **kwargs)
            if kind in known:
                return fn(*args, **kwargs)
            found = whole(*args, **kwargs)
            known.add(kind)
            return found

        return called

    return applied


def forget() -> None:
    """Check the next call of every function, whatever was called before."""
    for known in _sets:
        known.clear()


def _kind(value: Any) -> Any:
    """What a check of a value depends on."""
    import numpy as np  # here: the thread policy comes before both of them
    from torch import Tensor
    from torch.nn import Module

    if isinstance(value, Tensor):
        return value.shape, value.dtype
    if isinstance(value, dict):
        return dict, *((key, _kind(one)) for key, one in value.items())
    if isinstance(value, list | tuple):
        return type(value), *map(_kind, value)
    if isinstance(value, np.ndarray):
        return np.ndarray, value.shape, value.dtype.str
    if isinstance(value, str | int | float | None):
        return type(value), value  # a Literal is checked by its value
    if isinstance(value, Module):
        return type(value), _numbers.setdefault(value, next(_count))
    raise Unlike  # of anything else every one is another, and nothing is kept of it
