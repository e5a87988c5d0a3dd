"""The small spec of these tests, as it is written and with changes of its text."""

from pathlib import Path

from ae.spec.read import inspect_spec

VALID = Path(__file__).with_name("author2014-model.toml")
TEXT = VALID.read_text(encoding="utf-8")
DEVIATION = "[[deviation]]\n"  # what comes behind its claims and figures
ORDERS = """[[claim]]
id = "order-{run}"
kind = "order"
higher = "{run}"
lower = "k-25"
metric = "error"
margin = 0.2
margin_reason = "half the gap"
source = "table 1"
status = "recalled"
statement = "25 is better than {run}."
columns = ["run", "tiers"]
rows = [["k-70", ["paper", "quick"]], ["k-40", ["paper"]]]

"""  # a claim that it does not make, in rows


def changed(text: str, *changes: tuple[str, str]) -> str:
    """A text in which each of these, which stands there once, is replaced."""
    for right, wrong in changes:
        assert text.count(right) == 1, right
        text = text.replace(right, wrong)
    return text


def problems(folder: Path, text: str) -> list[str]:
    """What is wrong with a spec, without the name of its file."""
    path = folder / VALID.name
    path.write_text(text, encoding="utf-8")
    return [line.removeprefix("x: ") for line in inspect_spec(path, "x")[1]]
