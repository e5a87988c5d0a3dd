"""From the concise tables of a file to the whole tables that a spec is parsed from.

What is like another becomes whole, rows become tables, claims take their defaults, patterns become
names of runs, measures become tables with their unit, direction and label. Nothing is invented: what
is wrong is a fault here, or is left for the classes of the format to refuse.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

from ae.spec.claim import CLAIMS
from ae.spec.concise.alike import made_alike
from ae.spec.concise.defaults import shared
from ae.spec.concise.measures import figures, measures
from ae.spec.concise.patterns import Runs, is_pattern
from ae.spec.concise.rows import has_rows, unfilled, unrolled
from ae.spec.concise.stages import Stages
from ae.spec.concise.written import RowPlace, Written
from ae.spec.facts import PACKAGE
from ae.spec.paper import Deviation, Omitted
from ae.spec.run import Run
from ae.spec.seeds import seeds_of
from ae.toml.file import Fault, Steps, shown


def _keys(*kinds: type[BaseModel]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f.alias or n for k in kinds for n, f in k.model_fields.items()))


ROWS = {
    "run": _keys(Run),
    "claim": _keys(*CLAIMS),
    "omitted": _keys(Omitted),
    "deviation": _keys(Deviation),
}
KINDS = {get_args(kind.model_fields["kind"].annotation)[0]: _keys(kind) for kind in CLAIMS}


class Expanded(NamedTuple):
    """A file's tables made whole, the way back to what was written, and what is wrong there.

    Not `whole` where a table of rows could not be read at all, so that names may be missing.
    """

    tables: dict[str, Any]
    written: Written
    faults: list[Fault]
    whole: bool


def expand(raw: dict[str, Any], package: Path = PACKAGE) -> Expanded:
    """Expand a file; the functions of `metrics` are looked up in `package`."""
    bases: dict[Steps, Steps] = {}
    tables = copy.deepcopy(raw)
    faults = list(made_alike(tables, bases))
    written = Written(copy.deepcopy(tables) if bases else raw, bases)
    whole = [_unroll(tables, table, keys, written, faults) for table, keys in ROWS.items()]
    faults += shared(tables, KINDS, written, sound=not faults)
    names = [run.get("name") for _, run in _numbered(tables.get("run"))]
    runs = Runs([name for name in names if isinstance(name, str)])
    if "measure" in tables:
        tables["measure"], unsaid = measures(tables["measure"], runs, package, written)
        faults += unsaid
    figures(tables.get("figure"), runs, written)
    for number, claim in _numbered(tables.get("claim")):
        if "groups" in claim:
            place = written.steps(("claim", number, "groups"))
            claim["groups"] = runs.named_within(claim["groups"], place)
    faults += _tiers(tables.get("tier"), runs, written)
    faults += _train(tables, written)
    return Expanded(tables, written, [*faults, *runs.faults], all(whole))


def _numbered(value: Any) -> list[tuple[int, dict[str, Any]]]:
    """The tables of a list, each with its number in it."""
    items = value if isinstance(value, list) else []
    return [(number, item) for number, item in enumerate(items) if isinstance(item, dict)]


def _named(value: Any) -> list[tuple[str, dict[str, Any]]]:
    """The tables within a table, each with its name."""
    items = value.items() if isinstance(value, dict) else ()
    return [(name, item) for name, item in items if isinstance(item, dict)]


def _unroll(
    tables: dict[str, Any], name: str, keys: tuple[str, ...], written: Written, faults: list[Fault]
) -> bool:
    """Replace each table of rows by the tables that it stands for; False if one cannot be read."""
    if not isinstance(tables.get(name), list):
        return True
    found: list[Any] = []
    whole = True
    for number, table in enumerate(tables[name]):
        steps: Steps = (name, number)
        if not isinstance(table, dict) or not has_rows(table):
            faults += unfilled(table, steps) if isinstance(table, dict) else ()
            written.items[(name, len(found))] = steps
            found.append(table)
            continue
        rows, wrong = unrolled(table, KINDS.get(str(table.get("kind")), keys), steps)
        faults += wrong
        whole &= bool(rows)
        for row in rows:
            here: Steps = (name, len(found))
            written.items[here] = RowPlace(steps, row.number, row.columns)
            if not row.sound:
                written.broken.add(here)
            found.append(row.table)
    tables[name] = found
    return whole


def _tiers(tiers: Any, runs: Runs, written: Written) -> Iterator[Fault]:
    """Put names for the patterns of each tier, in place."""
    for name, tier in _named(tiers):
        steps: Steps = ("tier", name)
        if "runs" in tier:
            tier["runs"] = runs.named(tier["runs"], (*steps, "runs"))
        own = tier.get("run")
        if not isinstance(own, dict) or not any(map(is_pattern, own)):
            continue
        found: dict[str, Any] = {}
        by: dict[str, str] = {}
        for pattern, change in own.items():
            place = (*steps, "run", pattern)
            for run in runs.matching(pattern, place) if is_pattern(pattern) else [pattern]:
                if run in found:
                    yield Fault(
                        place, f"run {run!r} is changed by {by[run]!r} too; expected one table"
                    )
                    continue
                found[run], by[run] = copy.deepcopy(change), pattern
                written.moved[(*steps, "run", run)] = place
        tier["run"] = found


def _train(tables: dict[str, Any], written: Written) -> Iterator[Fault]:
    """Make the stages and seeds of the spec, its runs and its tiers whole, in place."""
    train = tables.get("train")
    train = train if isinstance(train, dict) else {}
    stages = Stages(train, written)
    yield from stages.faults
    yield from _seeds(train, ("train", "seeds"))
    stages.expand(train)
    for change, steps in _changes(tables, written):
        yield from _seeds(change, written.steps((*steps, "seeds")))
        stages.change(change, steps)


def _changes(tables: dict[str, Any], written: Written) -> Iterator[tuple[dict[str, Any], Steps]]:
    """Every table that changes `[train]`, and where it stands in the expanded tables."""
    owners: list[tuple[dict[str, Any], Steps]] = [
        (run, ("run", number)) for number, run in _numbered(tables.get("run"))
    ]
    for name, tier in _named(tables.get("tier")):
        owners.append((tier, ("tier", name)))
        own = _named(tier.get("run"))
        owners += [(change, ("tier", name, "run", run)) for run, change in own]
    for owner, steps in owners:
        if isinstance(owner.get("train"), dict):
            yield owner["train"], (*steps, "train")


def _seeds(train: dict[str, Any], steps: Steps) -> Iterator[Fault]:
    """Put the numbers for the text that names seeds, in place."""
    if "seeds" not in train:
        return
    text = train["seeds"]
    try:
        if isinstance(text, str):
            train["seeds"] = list(seeds_of(text))
            return
        wrong = f'found {shown(text)}; expected numbers and ranges in quotes, such as "0-4,7"'
    except ValueError as error:
        wrong = str(error)
    yield Fault(steps, wrong)
    train["seeds"] = [0]
