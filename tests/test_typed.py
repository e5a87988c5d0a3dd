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


def test_a_call_is_checked_once_a_kind_of_arguments_and_anew_in_the_next_test():
    asked = []

    def counting(function):
        made = typed.checked(function)
        return lambda *args, **kwargs: asked.append(function) or made(*args, **kwargs)

    same = jaxtyped(halved, typechecker=counting)
    for _ in range(3):
        same(torch.zeros(2, 3))
        same(torch.zeros(4, 3), parts=2)
    assert len(asked) == 4  # two kinds: what went in, and what came out
    same(torch.zeros(2, 3, dtype=torch.float64))
    same(torch.zeros(2, 3), parts=3)  # the value decides what comes out
    assert len(asked) == 8
    for wrong in (torch.zeros(3), torch.zeros(2, 3, dtype=torch.int64), "two"):
        for _ in range(2):  # what was found wrong is not known as right
            with pytest.raises(jaxtyping.TypeCheckError):
                same(wrong)
    typed.forget()
    before = len(asked)
    same(torch.zeros(2, 3))
    assert len(asked) == before + 2


@pytest.mark.parametrize("base", [torch.nn.Module, object])
def test_two_of_a_class_are_two_kinds(base):
    class Giving(base):
        def __init__(self, found):
            super().__init__()
            self.found = found

        give = jaxtyped(given, typechecker=typed.checked)

    for _ in range(100):  # the next may be made where the one before was
        assert Giving(torch.zeros(2)).give() is not None
        with pytest.raises(jaxtyping.TypeCheckError):
            Giving(None).give()


def given(self) -> Tensor:
    return self.found


def halved(x: Float[Tensor, "n d"], parts: int = 2) -> Float[Tensor, "n d"]:
    return x / parts


def twice(x: int) -> int:
    return 2 * x
