"""Claims and figures that are like another.

    [[claim]]
    like = "table1-k{k}"
    id = "table1-k{k}-quick"
    tiers = ["quick"]

takes every key of the claim above it that is written `table1-k{k}`, its columns and rows too, but for
the keys that it gives itself.
"""

import copy
from collections.abc import Iterator
from typing import Any

from ae.toml.file import Fault, Steps, no_such, shown

NAMES = {"claim": "id", "figure": "name"}
KEY = "like"


def made_alike(tables: dict[str, Any], bases: dict[Steps, Steps]) -> Iterator[Fault]:
    """Give each table the keys of the one that it is like, in place, and say what is wrong.

    `bases` gets which table each is like.
    """
    for name, key in NAMES.items():
        found = tables.get(name)
        above: dict[str, Steps] = {}
        for number, table in enumerate(found if isinstance(found, list) else []):
            if not isinstance(table, dict):
                continue
            steps: Steps = (name, number)
            if KEY in table:
                base = table.pop(KEY)
                if not isinstance(base, str):
                    expected = f"expected the {key} of a {name} above"
                    yield Fault((*steps, KEY), f"found {shown(base)}; {expected}")
                elif base not in above:
                    yield Fault((*steps, KEY), no_such(f"{name} above", base, above))
                else:
                    bases[steps] = above[base]
                    _complete(table, tables[name][above[base][1]])
            if isinstance(table.get(key), str):
                above.setdefault(table[key], steps)


def _complete(table: dict[str, Any], base: dict[str, Any]) -> None:
    """Give a table the keys that it lacks, in the order of the other."""
    own = dict(table)
    table.clear()
    table.update(copy.deepcopy(base) | own)
