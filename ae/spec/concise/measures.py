"""Measures as lines of `[measure]`, figures with their arguments among their keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ae.spec.concise.patterns import Runs
from ae.spec.concise.written import Written
from ae.spec.facts import Facts, facts_of
from ae.spec.measure import Figure
from ae.spec.syntax import NotFound, Unseen
from ae.toml.file import STAND_IN, Fault, Steps, shown

MEASURE_KEYS = ("function", "label", "unit", "better", "runs", "tiers")
RUN_LISTS = (
    "panels",
    "lines",
    "groups",
    "curve",
)  # arguments that list runs, of figures and `matched`
FIGURE_KEYS = tuple(key for key in Figure.model_fields if key != "arguments")


def measures(table: Any, runs: Runs, package: Path, written: Written) -> tuple[Any, list[Fault]]:
    """The list of measures that `[measure]` stands for, and what is wrong where it was written."""
    if not isinstance(table, dict):
        expected = 'expected a table [measure] of lines NAME = { function = "file.function", ... }'
        return [], [Fault(("measure",), f"found {shown(table)}; {expected}")]
    found: list[Any] = []
    faults: list[Fault] = []
    for number, (name, line) in enumerate(table.items()):
        steps: Steps = ("measure", name)
        written.moved |= {
            ("measure", number): steps,
            ("measure", number, "name"): steps,
            ("measure", number, "direction"): (*steps, "better"),
            ("measure", number, "arguments"): steps,
        }
        if isinstance(line, dict):
            facts, missing = _facts(line.get("function"), package)
            faults += _unsaid(line, facts, missing, steps)
            found.append(_whole(name, line, facts, runs))
        else:
            faults.append(Fault(steps, f"found {shown(line)}; expected a table"))
            found.append(_whole(name, {"function": STAND_IN}, None, runs))
    return found, faults


def _facts(function: Any, package: Path) -> tuple[Facts | None, str]:
    """What a function says of itself; else why it cannot be found, if that is so."""
    try:
        return (facts_of(function, package) if isinstance(function, str) else None), ""
    except Unseen:
        return None, ""
    except NotFound as error:
        return None, str(error)


def _whole(name: str, line: dict[str, Any], facts: Facts | None, runs: Runs) -> dict[str, Any]:
    steps: Steps = ("measure", name)
    arguments = {
        key: runs.named_within(value, (*steps, key)) if key in RUN_LISTS else value
        for key, value in line.items()
        if key not in MEASURE_KEYS
    }
    said = (
        {"label": facts.label_of(arguments), "unit": facts.unit, "direction": facts.better}
        if facts
        else {}
    )
    own = {
        "direction" if key == "better" else key: line[key] for key in MEASURE_KEYS if key in line
    }
    blank = {"label": STAND_IN, "unit": STAND_IN, "direction": "lower"}
    whole = {"name": name, **blank, **{k: v for k, v in said.items() if v is not None}, **own}
    if "runs" in whole:
        whole["runs"] = runs.named(whole["runs"], (*steps, "runs"))
    return {**whole, "arguments": arguments}


def _unsaid(
    line: dict[str, Any], facts: Facts | None, missing: str, steps: Steps
) -> Iterator[Fault]:
    """What neither the function nor the spec says of a measure, and what both do."""
    function = line.get("function")
    if not isinstance(function, str):
        return
    for key in ("unit", "better"):
        said = getattr(facts, key) if facts else None
        if said is not None and key in line:
            yield Fault((*steps, key), f"{function} says it: {said!r}; leave it out")
    silent = [key for key in ("unit", "better") if facts is None or getattr(facts, key) is None]
    silent += ["label"] if facts is None else []
    unsaid = [key for key in silent if key not in line]
    if unsaid and missing:
        yield Fault((*steps, "function"), missing)
        return
    for key in unsaid:
        expected = "'lower' or 'higher'" if key == "better" else "a string"
        why = "leaves it to the spec" if facts else "says none of itself"
        yield Fault(steps, f"missing key {key!r}; expected {expected}, for {function} {why}")


def figures(tables: Any, runs: Runs, written: Written) -> None:
    """Give each figure its arguments and its runs, in place."""
    for number, table in enumerate(tables if isinstance(tables, list) else []):
        if not isinstance(table, dict):
            continue
        steps: Steps = ("figure", number)
        written.moved[(*steps, "arguments")] = steps
        arguments = {key: table.pop(key) for key in list(table) if key not in FIGURE_KEYS}
        for key in RUN_LISTS:
            if key in arguments:
                arguments[key] = runs.named_within(arguments[key], (*steps, key))
        table["arguments"] = arguments
        if "runs" in table:
            table["runs"] = runs.named(table["runs"], (*steps, "runs"))
        elif lists := [key for key in RUN_LISTS if key in arguments]:
            table["runs"] = _all_of(arguments[lists[0]])
            written.moved[(*steps, "runs")] = (*steps, lists[0])


def _all_of(lists: Any) -> Any:
    """Every name in a list of lists, once."""
    if not isinstance(lists, list) or not all(isinstance(names, list) for names in lists):
        return lists
    return list(dict.fromkeys(n for names in lists for n in names if isinstance(n, str)))
