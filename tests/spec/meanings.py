"""What each item of a spec means, as a short digest: the specs of commit 84ab7e9 are pinned so.

`meanings.json` was made from the specs as they stood at 84ab7e9, before the concise format, with the
reader of that commit. In a checkout of it,

    specs = {p.stem: read_spec(p) for p in find_specs(Path("benchmarks"))}
    dumps = {n: s.model_dump(mode="json", by_alias=True, exclude_none=True) for n, s in specs.items()}
    Path("dumps.json").write_text(json.dumps(dumps))

and then, in today's, `python tests/spec/meanings.py dumps.json`. A run means its data, model and training in
every tier, a measure its function, arguments, unit, direction, runs and tiers, and so on: everything
but the order of the tables, the labels of measures, the status of claims, and what is newer than that
commit: `by`, `looks`, which `test_looks.py` holds to one rule, and `depends`.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ae.disk import digest
from ae.spec import Cell, Measure, Spec
from ae.spec.earlier import modern
from ae.spec.tiers import cells

PINNED = Path(__file__).parent / "meanings.json"
NEWER = {"status", "by", "looks", "depends"}
LATER = {
    "data": {"labelled_by": "order"},
    "stage": {
        "order": "shuffled",
        "remainder": "dropped",
        "points": [],
        "watch": {},
        "phases": [],
    },
}
"""Keys that have been gained since, at the values by which a table means what it meant."""


def pinned() -> dict[str, dict[str, tuple[str, str]]]:
    """Spec -> item -> the digest of what it meant at 84ab7e9, and the status that it had."""
    table = json.loads(PINNED.read_text(encoding="utf-8"))
    return {
        name: {item: (words.split()[0], words[13:]) for item, words in items.items()}
        for name, items in table.items()
    }


def meanings(spec: Spec) -> dict[str, tuple[str, str]]:
    """Item -> the digest of what it means and its status, if it has one."""
    found: dict[str, tuple[str, str]] = {}
    for item, meaning, status in _items(spec):
        assert item not in found, item
        found[item] = digest(meaning)[:12], status
    return found


def _items(spec: Spec) -> Iterator[tuple[str, Any, str]]:
    yield "paper", spec.paper.model_dump(mode="json"), ""
    tiers = {tier: cells(spec, tier, where="a spec") for tier in spec.tier}
    for run in spec.run:
        own = {tier: [c for c in found if c.name == run.name] for tier, found in tiers.items()}
        yield (
            f"run/{run.name}",
            {tier: _trained(c) for tier, found in own.items() for c in found},
            "",
        )
    for measure in spec.measure:
        yield f"measure/{measure.name}", _measure(spec, measure), ""
    for figure in spec.figure:
        yield f"figure/{figure.name}", figure.model_dump(mode="json"), ""
    for claim in spec.claim:
        table = claim.model_dump(mode="json", exclude_defaults=True, exclude=NEWER)
        yield f"claim/{claim.id}", table, claim.status
    seen: Counter[str] = Counter()
    for omitted in spec.omitted:
        table = omitted.model_dump(mode="json", exclude={"status", "by"})
        yield _once(f"omitted/{omitted.statement[:60]}", seen), table, omitted.status
    for deviation in spec.deviation:
        table = deviation.model_dump(mode="json") | {"tiers": sorted(deviation.tiers)}
        yield _once(f"deviation/{deviation.here[:60]}", seen), table, ""


def _once(name: str, seen: Counter[str]) -> str:
    seen[name] += 1
    return name if seen[name] == 1 else f"{name} ({seen[name]})"


def _trained(cell: Cell) -> dict[str, Any]:
    """A run in a tier; stages that it does not use mean nothing."""
    table = cell.model_dump(mode="json", by_alias=True, exclude_none=True)
    table["data"] = _as_before(table["data"], LATER["data"])
    stages = table["train"]["stages"]
    table["train"]["stages"] = {
        name: _as_before(stages[name], LATER["stage"]) for name in cell.train.use
    }
    return table


def _as_before(table: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """The table without keys that came later, unless they say something else than before."""
    return {key: value for key, value in table.items() if later.get(key, ...) != value}


def _measure(spec: Spec, measure: Measure) -> dict[str, Any]:
    names = [run.name for run in spec.run]
    return {
        **measure.model_dump(mode="json", exclude={"label"}),
        "runs": sorted(names if measure.runs == "all" else measure.runs),
        "tiers": sorted(measure.tiers),
        "changed": {t: tier.measure.get(measure.name, {}) for t, tier in spec.tier.items()},
    }


def main() -> None:
    """Pin the dumps of the specs in the file that is named."""
    dumps = json.loads(Path(sys.argv[1]).read_text())
    found = {
        name: {item: " ".join(both).strip() for item, both in sorted(meanings(spec).items())}
        for name, dump in sorted(dumps.items())
        for spec in [Spec.model_validate_json(json.dumps(modern(dump)))]
    }
    PINNED.write_text(json.dumps(found, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
