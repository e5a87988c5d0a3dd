"""Damaged inputs: valid ones with a few changes, of a tree of values or of bytes.

Every run of the tests tries the same inputs. `AE_FUZZ=20 pytest tests -k fuzz` tries twenty
times as many, other ones each time.
"""

import copy
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ae.errors import OutsideError, UserError

MANY = int(os.environ.get("AE_FUZZ", "1"))
TEXTS = (
    "",
    "x",
    "../../outside",
    "/etc/passwd",
    "a\x00b",
    "\x1b[31mred",
    "two\nlines",
    "\u202e\ud7ff\U0001f600",
    "<script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}",
    "x" * 20_000,
    "http://[",
    "NaN",
    "-Infinity",
    "all",
    "paper",
    "1",
)
NUMBERS = (
    0,
    1,
    -1,
    2,
    2**31,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    2**64,
    10**40,
    5e-324,
    1e-59,
    1e59,
    0.5,
    -1e-308,
    1e308,
)
OTHERS = (None, True, False, [], {}, [[]], [None], {"": 0}, ["x", 1], {"kind": "x"})


def tries(count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Settings of a test that tries so many inputs, or a multiple of them by hand."""
    return settings(
        max_examples=count * MANY,
        derandomize=MANY == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def chances(count: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call a test with so many random generators, as `chance`."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        seeds = st.integers(0, 2**63).map(random.Random)
        return tries(count)(given(chance=seeds)(test))

    return decorate


def refusal(call: Callable[[], Any]) -> str | None:
    """The one line by which a call refuses its input, or None; whatever else it raises is a fault."""
    try:
        call()
    except (UserError, OutsideError) as error:
        said = str(error)
        assert said, "an empty message"
        assert said.isprintable(), said
        assert len(said) < 2000, said
        return said
    return None


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with every key of it."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def deep(levels: int) -> Any:
    """Lists within lists."""
    nest: Any = 0
    for _ in range(levels):
        nest = [nest]
    return nest


def mutated(tree: Any, chance: random.Random, most: int = 2) -> Any:
    """A copy with one to `most` values changed: half of them to others of the same kind."""
    tree = copy.deepcopy(tree)
    for _ in range(chance.randint(1, most)):
        places = list(_places(tree))
        where, key = chance.choice(places)
        if chance.random() < 0.5:
            where[key] = _alike(where[key], chance, places)
            continue
        match chance.randrange(6):
            case 0:
                del where[key]
            case 1 if isinstance(where, dict):
                where[chance.choice((f"{key}x", "", "kind", "name", "x" * 300))] = where.pop(key)
            case 2 if isinstance(where, list):
                where.insert(key, copy.deepcopy(where[key]))
            case 3:
                other, name = chance.choice(places)
                where[key] = copy.deepcopy(other[name])
            case 4:
                where[key] = chance.choice((float("nan"), float("inf"), -float("inf")))
            case _:
                where[key] = copy.deepcopy(chance.choice((*TEXTS, *NUMBERS, *OTHERS)))
        if chance.random() < 0.02 and isinstance(where, dict):
            where[key] = deep(chance.choice((10, 100, 500)))
    return tree


def _alike(value: Any, chance: random.Random, places: list[tuple[Any, Any]]) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return chance.choice([n for n in NUMBERS if isinstance(n, int)])
        case float():
            return float(chance.choice(NUMBERS))
        case list() if value:
            some = chance.sample(value, chance.randint(0, len(value)))
            return copy.deepcopy(chance.choice((some, value + value[-1:], value[1:])))
        case dict() if value:
            some = chance.sample(list(value), chance.randint(0, len(value)))
            return {key: copy.deepcopy(value[key]) for key in some}
        case str():
            others = [w[k] for w, k in places if isinstance(w[k], str)]
            return chance.choice(TEXTS if chance.random() < 0.5 else others)
        case _:
            return copy.deepcopy(chance.choice(OTHERS))


def damaged(content: bytes, chance: random.Random, most: int = 3) -> bytes:
    """A copy with one to `most` bits flipped, bytes written over, cut out, put in or repeated."""
    spoilt = bytearray(content)
    for _ in range(chance.randint(1, most)):
        at = chance.randint(0, len(spoilt))
        size = chance.choice((1, 2, 4, 8, 50))
        match chance.randrange(7):
            case 0 if at < len(spoilt):
                spoilt[at] ^= 1 << chance.randrange(8)
            case 1:
                spoilt[at : at + size] = chance.choice((b"\0", b"\xff")) * size
            case 2:
                spoilt[at : at + size] = chance.randbytes(size)
            case 3:
                del spoilt[at:]
            case 4:
                del spoilt[at : at + size]
            case 5:
                spoilt[at:at] = chance.randbytes(size)
            case _:
                spoilt[at:at] = spoilt[at : at + 10 * size]
    return bytes(spoilt)
