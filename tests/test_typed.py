"""Types of functions that are defined again at every call are checked at every call."""

import jaxtyping
import pytest
import torch
import typed
from beartype.roar import BeartypeException
from jaxtyping import Float, jaxtyped
from torch import Tensor


def defined(shape):
    @jaxtyped(typechecker=typed.checked)
    def inner(x: Float[Tensor, shape], scale: float = 1.0) -> Float[Tensor, shape]:
        return x if scale else x[0]

    return inner


def plain():
    @jaxtyped(typechecker=typed.checked)
    def inner(state: dict[str, Tensor], scale: float = 1.0) -> Tensor:
        return state["x"] if scale else state

    return inner


def test_each_definition_is_checked_and_by_its_own_annotations():
    for _ in range(3):
        assert defined("a a")(torch.zeros(2, 2)).shape == (2, 2)
        assert defined("a b")(torch.zeros(2, 3)).shape == (2, 3)
        with pytest.raises(jaxtyping.TypeCheckError, match="parameter 'x'"):
            defined("a a")(torch.zeros(2, 3))
        with pytest.raises(jaxtyping.TypeCheckError, match="parameter 'scale'"):
            defined("a b")(torch.zeros(2, 3), "two")
        with pytest.raises(jaxtyping.TypeCheckError, match="return value"):
            defined("a b")(torch.zeros(2, 3), 0.0)


def test_beartype_is_asked_once_for_all_without_a_shape_and_still_checks(monkeypatch):
    asked = []
    real = typed.beartype
    monkeypatch.setattr(typed, "beartype", lambda f: asked.append(f) or real(f))
    monkeypatch.setattr(typed, "_known", {})
    for _ in range(3):
        plain()
    assert len(asked) == 2  # of its parameters, and of what it returns
    one = plain()
    assert one({"x": torch.zeros(1)}).shape == (1,)
    for wrong in (({"x": 1.0},), ({"x": torch.zeros(1)}, "two"), ({"x": torch.zeros(1)}, 0.0)):
        with pytest.raises(jaxtyping.TypeCheckError):
            one(*wrong)
    for _ in range(3):
        defined("a b")
    assert len(typed._known) == 2


def test_what_is_no_inner_function_is_left_to_beartype():
    with pytest.raises(BeartypeException):
        typed.checked(twice)("two")
    assert typed.checked(twice)(2) == 4


def twice(x: int) -> int:
    return 2 * x
