"""From a TOML file to a checked spec, and from a spec to the runs of a tier.

What is known from the file alone is checked here; `ae.check` compares with the source tree.
"""

from pathlib import Path
from typing import Any

from ae.consistency import inconsistencies
from ae.errors import UserError
from ae.record import digest
from ae.spec import Cell, Run, Spec, TierName
from ae.tables import Refused, parse
from ae.toml import close, dotted, load, located, no_such, shown

Change = dict[str, dict[str, Any]]


def read_spec(path: Path) -> Spec:
    """Read one spec.

    Raises:
        UserError: One line on the first thing that is wrong: file, table, key, found, expected.
    """
    spec, problems = inspect_spec(path, str(path))
    if spec is None or problems:
        raise UserError(problems[0])
    return spec


def inspect_spec(path: Path, where: str) -> tuple[Spec | None, list[str]]:
    """Read one spec, called `where` in messages, and list everything that is wrong with it."""
    try:
        raw = load(path, where)
        spec = parse(Spec, raw)
    except UserError as error:
        return None, [str(error)]
    except Refused as error:
        return None, [f"{where}: {located(raw, fault)}" for fault in error.faults]
    problems = [f"{where}: {line}" for line in inconsistencies(spec)]
    used: set[str] = set()
    for tier in spec.tier:
        for run in spec.run:
            try:
                used.update(_cell(spec, tier, run, where, None).train.use)
            except UserError as error:
                problems.append(str(error))
    if not problems and (idle := [stage for stage in spec.train.stages if stage not in used]):
        problems.append(f"{where}: [train.stages.{dotted((idle[0],))}]: no run uses this stage")
    return spec, list(dict.fromkeys(problems))


def digest_of(spec: Spec) -> str:
    """sha256 of what the spec means: not of comments, spaces, order of keys, or spelt defaults.

    Nor of the formula, which is shown and decides nothing.
    """
    shown = {"paper": {"formula"}}
    return digest(spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=shown))


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
    return [_cell(spec, found, run, where, seeds) for run in runs]


def layers(spec: Spec, tier: TierName, run: Run) -> list[tuple[str, Change]]:
    """What a run's tables are changed by, the first first, each with its place in the file."""
    own = spec.tier[tier]
    found = [
        (f"[tier.{tier}]", {"data": own.data, "model": own.model, "train": own.train}),
        (f"[[run]] {run.name!r}", {"data": run.data, "model": run.model, "train": run.train}),
    ]
    tables = [(place, {k: v for k, v in change.items() if v}) for place, change in found]
    tables.append((f"[tier.{tier}.run.{dotted((run.name,))}]", own.run.get(run.name, {})))
    return [(place, change) for place, change in tables if change]


def _cell(spec: Spec, tier: TierName, run: Run, where: str, seeds: tuple[int, ...] | None) -> Cell:
    tables = {"data", "model", "train"}
    table = spec.model_dump(mode="json", by_alias=True, include=tables, exclude_none=True)
    cell = Cell(name=run.name, label=run.label, data=spec.data, model=spec.model, train=spec.train)
    changes = layers(spec, tier, run)
    if seeds is not None:
        changes.append(("--seeds", {"train": {"seeds": list(seeds)}}))
    for place, change in changes:
        table = _override(table, change, f"{where}: {place}", ())
        cell = _parse(cell, table, f"{where}: {place}")
    return cell


def _parse(cell: Cell, table: dict[str, Any], place: str) -> Cell:
    try:
        return parse(Cell, {"name": cell.name, "label": cell.label, **table})
    except Refused as error:
        fault = error.faults[0]
        raise UserError(f"{place}: {located(table, fault)}") from None


def _override(
    base: dict[str, Any], change: dict[str, Any], place: str, steps: tuple[str, ...]
) -> dict[str, Any]:
    """`base` with the values of `change`; a table that names its class is replaced whole."""
    if steps and isinstance(base.get("class"), str) and "class" in change:
        return change
    merged = dict(base)
    for key, value in change.items():
        here = (*steps, key)
        name = f"{place}: {dotted(here)}"
        if key not in base:
            table = f"[{dotted(steps)}]" if steps else "an override"
            raise UserError(
                f"{name}: no such key to override{close(key, base)}; {table} holds "
                f"{', '.join(base) or 'none'}"
            )
        old = base[key]
        if _kind(old) != _kind(value) and (
            here[0] == "model" or isinstance(old, dict) or isinstance(value, dict)
        ):
            raise UserError(f"{name}: found {shown(value)}; expected {_kind(old)}")
        nested = isinstance(old, dict)
        merged[key] = _override(old, value, place, here) if nested else value
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


def find_specs(folder: Path) -> list[Path]:
    """Every spec of a folder, by name."""
    return sorted(folder.glob("*.toml"))


def find_spec(name: str, folder: Path) -> Path:
    """The spec of that name, with or without `.toml`, in `folder`; or the file at that path.

    Raises:
        UserError: There is none; the message lists what there is.
    """
    specs = {path.stem: path for path in find_specs(folder)}
    if name.removesuffix(".toml") in specs:
        return specs[name.removesuffix(".toml")]
    if name.endswith(".toml") and Path(name).is_file():
        return Path(name)
    raise UserError(f"{folder}: {no_such('spec', name, specs)}")
