"""The code that a result depends on: what is reached, and what changes nothing."""

import sys

import pytest

from ae.errors import UserError
from ae.machine import code, modules
from ae.machine.code import changes, code_digest, code_of

MODELS = '''"""Nets."""

import lab.maths
from lab.maths import double as twice
from lab import words

SIZE = 3
OTHER = 4


class Net:
    """A net.

    It has a size.
    """

    size: int = SIZE

    def forward(self, x: float) -> float:
        """Forward."""
        if x < 0:
            raise ValueError("x is negative")
        assert x < 100
        return twice(x) + lab.maths.half(x)  # a comment

    def say(self) -> str:
        from lab.words import hello

        return hello()


class Another:
    """Not reached."""
'''
MATHS = '''"""Mathematics."""

FACTOR = 2


def double(x):
    """Twice x."""
    return _times(x, FACTOR)


def _times(x, y):
    return x * y


def half(x):
    return x / 2


def unused(x):
    return x
'''
WORDS = "def hello():\n    return 'hello'\n"


@pytest.fixture
def lab(tmp_path, monkeypatch):
    (tmp_path / "lab").mkdir()
    for name, text in (("__init__", ""), ("models", MODELS), ("maths", MATHS), ("words", WORDS)):
        (tmp_path / "lab" / f"{name}.py").write_text(text)
    for name in [n for n in sys.modules if n.partition(".")[0] == "lab"]:
        monkeypatch.delitem(sys.modules, name)  # of another test
    monkeypatch.syspath_prepend(tmp_path)
    modules.path_of.cache_clear()
    yield tmp_path / "lab"
    sys.modules.pop("lab", None)
    modules.path_of.cache_clear()


def of(*roots):
    code_of.cache_clear()
    return dict(code_of(*roots))


def test_everything_that_is_named_is_reached_and_nothing_else(lab):
    assert set(of("lab.models:Net")) == {
        "lab.models:Net",
        "lab.models:SIZE",
        "lab.maths:double",
        "lab.maths:_times",
        "lab.maths:FACTOR",
        "lab.maths:half",
        "lab.words:hello",
    }


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("models", '"""A net.', '"""Another sentence.'),
        ("models", '"""Forward."""', "# none"),
        ("models", "# a comment", "# another"),
        ("models", '"x is negative"', 'f"x is {x}, which is negative"'),
        ("models", "x: float) -> float", "x: int) -> int"),
        ("models", "assert x < 100", "assert x < 1000"),
        ("models", "OTHER = 4", "OTHER = 5"),
        ("models", "class Another:", "class YetAnother:"),
        ("maths", "def unused(x):\n    return x", "def unused(x):\n    return x + 1"),
        ("maths", "def unused", "def helper(x):\n    return 7\n\n\ndef unused"),
        ("maths", "return x / 2", "return (x\n            / 2)"),
    ],
)
def test_what_changes_no_number_changes_no_digest(lab, file, old, new):
    before = of("lab.models:Net")
    path = lab / f"{file}.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert of("lab.models:Net") == before


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("models", "SIZE = 3", "SIZE = 4", ["lab.models.SIZE"]),
        ("models", "if x < 0", "if x < 1", ["lab.models.Net"]),
        ("maths", "FACTOR = 2", "FACTOR = 3", ["lab.maths.FACTOR"]),
        ("maths", "return x * y", "return x + y", ["lab.maths._times"]),
        ("maths", "return x / 2", "return x / 3", ["lab.maths.half"]),
        ("words", "'hello'", "'bye'", ["lab.words.hello"]),
        ("maths", "FACTOR = 2", "import math\nmath.pi = 3\nFACTOR = 2", ["lab.maths.<module>"]),
        ("maths", "FACTOR = 2", "FACTOR = 2\nFACTOR += 1", ["lab.maths.FACTOR"]),
    ],
)
def test_what_may_change_a_number_is_named(lab, file, old, new, said):
    before = of("lab.models:Net")
    path = lab / f"{file}.py"
    path.write_text(path.read_text().replace(old, new))
    found = changes(before, of("lab.models:Net"))
    assert [name for name in found if name in said] == said
    assert code_digest("lab.models:Net") != code.digest(before)


def test_what_is_not_there_is_named(lab):
    with pytest.raises(UserError, match=r"^lab\.models: found no 'Strange'$"):
        of("lab.models:Strange")
    with pytest.raises(UserError, match=r"^found no module 'lab\.strange'$"):
        of("lab.strange:A")
    (lab / "maths.py").write_text("def (")
    with pytest.raises(UserError, match=r"maths\.py: line 1: not Python"):
        of("lab.models:Net")


LONE = """
from neighbours import scale
import numpy as np
from ae.maths.probability import log_normal
from ae.models.gaussian_code import GaussianCode


class Lone(GaussianCode):
    def objective(self, batch, noise):
        from . import strange
        return np.mean(scale(batch)) + log_normal(batch)
"""


@pytest.fixture
def loose(tmp_path, monkeypatch):
    """Modules that lie about in a folder, one of them inside a folder without `__init__.py`."""
    (tmp_path / "rooms" / "inner").mkdir(parents=True)
    (tmp_path / "neighbours.py").write_text("def scale(x):\n    return 2 * x\n")
    (tmp_path / "rooms" / "inner" / "nets.py").write_text(
        LONE.replace("from . import strange\n", "")
    )
    (tmp_path / "rooms" / "words.py").write_text("from .inner.nets import Lone as Known\nX = 3\n")
    (tmp_path / "rooms" / "stars.py").write_text(
        "from neighbours import *\n\n\ndef f(x):\n    from .words import X\n    return scale(x) + X\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for known in (modules.path_of, modules.lies_about):
        known.cache_clear()
    yield tmp_path
    for known in (modules.path_of, modules.lies_about):
        known.cache_clear()


def test_code_of_a_lab_reaches_its_neighbours_and_ours_but_no_library(loose):
    found = of("rooms.inner.nets:Lone")
    assert {"rooms.inner.nets:Lone", "neighbours:scale"} <= found.keys()
    assert {
        "ae.maths.probability:log_normal",
        "ae.models.gaussian_code:GaussianCode",
    } <= found.keys()
    assert {place.partition(".")[0].partition(":")[0] for place in found} == {
        "rooms",
        "neighbours",
        "ae",
    }
    before = code_digest("rooms.inner.nets:Lone")
    (loose / "neighbours.py").write_text("def scale(x):\n    return 3 * x\n")
    assert changes(found, of("rooms.inner.nets:Lone")) == ["neighbours.scale"]
    assert code_digest("rooms.inner.nets:Lone") != before


def test_a_name_that_another_module_hands_on_is_found_where_it_is_defined(loose):
    assert of("rooms.words:Known") == of("rooms.inner.nets:Lone")


def test_what_a_star_brings_and_what_a_function_imports_count(loose):
    assert set(of("rooms.stars:f")) == {"rooms.stars:f", "neighbours:scale", "rooms.words:X"}


def test_our_own_code_reaches_nothing_of_others(loose):
    found = of("ae.models.vae:VAE", "ae.training.trainer:Training")
    assert {place.partition(".")[0] for place in found} == {"ae"}
