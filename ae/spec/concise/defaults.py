"""What claims share, said once: `[default.claim]` holds for whatever a claim does not say itself.

    [default.claim]
    status = "printed"
    tiers = ["paper"]
    kind.value = { looks = [3, 7] }

A key holds for the claims whose kind takes it; those under `kind` for the claims of one kind, and
before the others. In a claim, `depends = "all"` and `looks = "once"` are what it has without any.
"""

import copy
from collections.abc import Collection, Iterator
from typing import Any

from ae.spec.concise.rows import NAMED, texts
from ae.spec.concise.written import Written
from ae.toml.file import Fault, Steps, nearest, no_such, shown, unknown_key

NAME = "default"
PLACE: Steps = (NAME, "claim")
OWN = ("id", "kind")  # what no two claims share, and what is said under `kind`
SPELT = {"depends": "all", "looks": "once"}
Kinds = dict[str, tuple[str, ...]]


def shared(tables: dict[str, Any], kinds: Kinds, written: Written, sound: bool) -> Iterator[Fault]:
    """Take the defaults out of a file's tables, and give them to its claims, in place.

    A default that no claim takes is a fault, if the claims are `sound`.
    """
    yield from _misspelt(tables)
    table, found = tables.pop(NAME, {}), tables.get("claim")
    claims: list[tuple[Steps, dict[str, Any]]] = [
        (("claim", number), claim)
        for number, claim in enumerate(found if isinstance(found, list) else [])
        if isinstance(claim, dict)
    ]
    wrong = list(_unfit(table, kinds))
    yield from wrong
    idle = list(_given(table.get("claim", {}), claims, kinds, written)) if not wrong else []
    yield from idle if sound else ()
    for _, claim in claims:
        for key in [key for key, word in SPELT.items() if claim.get(key) == word]:
            del claim[key]


def _misspelt(tables: dict[str, Any]) -> Iterator[Fault]:
    """A table that may have been meant for the defaults."""
    known = (NAME, "claim", "deviation", "data")
    for key in [key for key in tables if key not in known and nearest(key, known) == NAME]:
        del tables[key]
        yield Fault((), unknown_key(key, (NAME,)))


def _unfit(table: Any, kinds: Kinds) -> Iterator[Fault]:
    """What is wrong with the defaults themselves."""
    if not isinstance(table, dict) or not isinstance(table.get("claim", {}), dict):
        yield Fault((NAME,), f"found {shown(table)}; expected a table [default.claim]")
        return
    yield from (Fault((NAME,), unknown_key(key, ("claim",))) for key in table if key != "claim")
    own = table.get("claim", {})
    every = tuple(dict.fromkeys(key for keys in kinds.values() for key in keys))
    yield from _unknown({k: v for k, v in own.items() if k != "kind"}, every, PLACE)
    by_kind = own.get("kind", {})
    if not isinstance(by_kind, dict):
        expected = "expected tables such as kind.value = { looks = [3, 5] }"
        yield Fault((*PLACE, "kind"), f"found {shown(by_kind)}; {expected}")
        return
    for kind, keys in by_kind.items():
        if kind not in kinds:
            yield Fault((*PLACE, "kind"), no_such("kind", kind, kinds))
        elif not isinstance(keys, dict):
            yield Fault((*PLACE, "kind", kind), f"found {shown(keys)}; expected a table")
        else:
            yield from _unknown(keys, kinds[kind], (*PLACE, "kind", kind))


def _unknown(table: dict[str, Any], keys: Collection[str], steps: Steps) -> Iterator[Fault]:
    """Keys that no claim can share, and braces, which are for the columns of one table."""
    choices = [key for key in keys if key not in OWN]
    for key, value in table.items():
        if key not in choices:
            yield Fault(steps, unknown_key(key, choices))
        elif any(NAMED.search(text) for text in texts(value)):
            yield Fault((*steps, key), f"found {shown(value)}; a default has no columns to fill it")


def _given(
    table: dict[str, Any],
    claims: list[tuple[Steps, dict[str, Any]]],
    kinds: Kinds,
    written: Written,
) -> Iterator[Fault]:
    """Give every claim the defaults that it lacks, in place; those that no claim takes."""
    general = {key: (*PLACE, key) for key in table if key != "kind"}
    idle = set(general.values())
    for kind, keys in table.get("kind", {}).items():
        idle.update((*PLACE, "kind", kind, key) for key in keys)
    for steps, claim in claims:
        kind = str(claim.get("kind"))
        special = table.get("kind", {}).get(kind, {})
        places = general | {key: (*PLACE, "kind", kind, key) for key in special}
        for key, place in places.items():
            if key in kinds.get(kind, ()) and key not in claim:
                claim[key] = copy.deepcopy(special.get(key, table.get(key)))
                written.moved[(*steps, key)] = place
                idle.discard(place)
    yield from (Fault(place, "no claim takes it; leave it out") for place in sorted(idle))
