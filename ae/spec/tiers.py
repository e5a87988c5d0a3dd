"""A spec's runs in a tier: every override applied, in the order in which they win."""

from typing import Any

from ae.errors import UserError
from ae.spec.run import Cell, Run
from ae.spec.spec import Spec
from ae.spec.words import TierName
from ae.toml.file import Fault, Steps, close, listed, located, no_such, shown
from ae.toml.mend import parse_all

Change = dict[str, dict[str, Any]]


def cells(spec: Spec, tier: str, *, seeds: tuple[int, ...] | None = None, where: str) -> list[Cell]:
    """The runs of a tier, in the order of the spec, every override applied.

    The spec's own tables, then the tier's, then the run's, then the tier's for that run: the
    later wins. `seeds` replaces the seeds of all. `where` is what messages call the spec.

    Raises:
        UserError: The tier is unknown, or an override does not fit.
    """
    found = next((name for name in spec.tier if name == tier), None)
    if found is None:
        raise UserError(f"{where}: {no_such('tier', tier, spec.tier)}")
    chosen = spec.tier[found].runs
    runs = [run for run in spec.run if chosen == "all" or run.name in chosen]
    cells = []
    for run in runs:
        cell, faults = applied(spec, found, run, seeds)
        if faults:
            tables = spec.model_dump(mode="json", by_alias=True)
            raise UserError(f"{where}: {located(tables, faults[0])}")
        cells.append(cell)
    return cells


def layers(spec: Spec, tier: TierName, run: Run) -> list[tuple[Steps, Change]]:
    """What a run's tables are changed by, the first first, each with its place in the spec."""
    own = spec.tier[tier]
    # By identity where it can be: to compare tables of a long spec takes a tenth of a check.
    place = next((i for i, other in enumerate(spec.run) if other is run), None)
    place = spec.run.index(run) if place is None else place
    found: list[tuple[Steps, Change]] = [
        (("tier", tier), {"data": own.data, "model": own.model, "train": own.train}),
        (
            ("run", place),
            {"data": run.data, "model": run.model, "train": run.train},
        ),
    ]
    tables = [(where, {k: v for k, v in change.items() if v}) for where, change in found]
    tables.append((("tier", tier, "run", run.name), own.run.get(run.name, {})))
    return [(where, change) for where, change in tables if change]


def tables_of(spec: Spec) -> dict[str, Any]:
    """What every run of a spec begins with: its tables of data, model and training."""
    tables = {"data", "model", "train"}
    return spec.model_dump(mode="json", by_alias=True, include=tables, exclude_none=True)


def applied(
    spec: Spec,
    tier: TierName,
    run: Run,
    seeds: tuple[int, ...] | None = None,
    table: dict[str, Any] | None = None,
) -> tuple[Cell, list[Fault]]:
    """A run in a tier, every override applied that fits, and what is wrong with the others.

    `table` is `tables_of(spec)`, from who has it.
    """
    table = table or tables_of(spec)
    names = {"name": run.name, "label": run.label}
    cell = Cell.model_construct(
        name=run.name, label=run.label, data=spec.data, model=spec.model, train=spec.train
    )
    changes = layers(spec, tier, run)
    if seeds is not None:
        changes.append((("--seeds",), {"train": {"seeds": list(seeds)}}))
    if (sound := _at_once(names, table, changes)) is not None:
        return sound, []
    faults: list[Fault] = []
    for place, change in changes:
        changed = _override(table, change, place, (), faults)
        found, wrong = parse_all(Cell, names | changed)
        if wrong:
            before = parse_all(Cell, names | table)[1]  # of a spec with stand-ins, wrong already
            new = [fault for fault in wrong if fault not in before]
            faults += [Fault((*place, *fault.steps), fault.text) for fault in new]
            if new or found is None:
                continue
        assert found is not None
        cell, table = found, changed
    return cell, faults


def _at_once(
    names: dict[str, str], table: dict[str, Any], changes: list[tuple[Steps, Change]]
) -> Cell | None:
    """All changes in one go, if nothing is wrong with them; else they are looked at one by one."""
    faults: list[Fault] = []
    for place, change in changes:
        table = _override(table, change, place, (), faults)
    if faults:
        return None
    found, wrong = parse_all(Cell, names | table)
    return None if wrong else found


def _override(
    base: dict[str, Any],
    change: dict[str, Any],
    place: Steps,
    steps: Steps,
    faults: list[Fault],
) -> dict[str, Any]:
    """`base` with the values of `change` that fit; a table that names its class is replaced whole."""
    if steps and isinstance(base.get("class"), str) and "class" in change:
        return change
    merged = dict(base)
    for key, value in change.items():
        here = (*steps, key)
        if key not in base:
            text = f"no such key to override{close(key, base)}; there are {listed(base)}"
            faults.append(Fault((*place, *here), text))
            continue
        old = base[key]
        if _kind(old) != _kind(value) and (
            here[0] == "model" or isinstance(old, dict) or isinstance(value, dict)
        ):
            faults.append(Fault((*place, *here), f"found {shown(value)}; expected {_kind(old)}"))
            continue
        nested = isinstance(old, dict)
        merged[key] = _override(old, value, place, here, faults) if nested else value
    return merged


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case _:
            return "a table"
