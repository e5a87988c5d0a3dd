"""Which runs and seeds of a spec are wanted, and what is measured of them. Knows no torch."""

import shlex
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ae.errors import UserError
from ae.spec import Cell, Claim, Measure, Spec, TierName, metrics_of, runs_of
from ae.spec.tiers import cells
from ae.toml.file import no_such

if TYPE_CHECKING:
    from ae.running.measurements import Measurements

Wanted = dict[str, tuple[int, ...]]
"""Run -> the seeds that are wanted of it."""


def matching(patterns: Sequence[str], names: Iterable[str], what: str, where: str) -> list[str]:
    """The names that any of the patterns matches, in their order.

    Raises:
        UserError: A pattern matches none.
    """
    names = list(names)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UserError(f"{where}: {no_such(what, pattern, names)}")
    return [name for name in names if any(fnmatchcase(name, p) for p in patterns)]


def chosen_claims(spec: Spec, patterns: Sequence[str], where: str) -> list[Claim]:
    """The claims whose ids match.

    Raises:
        UserError: A pattern matches none.
    """
    ids = matching(patterns, [claim.id for claim in spec.claim], "claim", where)
    return [claim for claim in spec.claim if claim.id in ids]


def wanted_runs(
    spec: Spec, cells: Sequence[Cell], runs: Sequence[str], claims: Sequence[Claim], where: str
) -> list[str]:
    """The runs of a tier that are asked for by name, and those that these claims need.

    Raises:
        UserError: A pattern matches no run of the tier.
    """
    there = [cell.name for cell in cells]
    found = set(matching(runs, there, "run in this tier", where)) if runs else set()
    for claim in claims:
        found |= set(needs(spec, claim))
    return [name for name in there if name in found]


def needs(spec: Spec, claim: Claim) -> list[str]:
    """The runs that a claim is judged by: its own, and those that its metrics look at."""
    found = dict.fromkeys(runs_of(claim))
    for measure in spec.measure:
        if measure.name in metrics_of(claim):
            found |= dict.fromkeys(looked_at(measure))
    return list(found)


def looked_at(measure: Measure) -> list[str]:
    """Other runs whose measures this measure takes; see `ae.metrics.matched`."""
    curve = measure.arguments.get("curve", [])
    return [str(run) for run in curve] if isinstance(curve, list) else []


def wanted_measures(
    spec: Spec, claims: Sequence[Claim], there: Mapping[str, set[str]]
) -> dict[str, set[str]]:
    """Run -> the measures to take of it, for these claims and to complete what is there.

    Args:
        spec: The spec.
        claims: Claims that are to be judged.
        there: Run -> measures of which some seed has a value.
    """
    found = {run: set(names) for run, names in there.items()}
    by_name = {m.name: m for m in spec.measure}

    def want(run: str, name: str) -> None:
        found.setdefault(run, set()).add(name)
        measure = by_name[name]
        others = [str(measure.arguments[k]) for k in ("metric", "at") if k in measure.arguments]
        for other in (o for o in others if o in by_name and measure.function.startswith("matched")):
            for each in (run, *looked_at(measure)):
                want(each, other)

    for claim in claims:
        for name in metrics_of(claim):
            for run in runs_of(claim):
                want(run, name)
    return found


def changed(spec: Spec, tier: TierName, changes: Sequence[str]) -> Spec:
    """The spec with `key=value` pairs set for every run of a tier, over all that it says itself.

    Raises:
        UserError: One is no key of `data`, `model` or `train`, or no value.
    """
    if not changes or tier not in spec.tier:
        return spec
    tables: dict[str, Any] = {}
    for change in changes:
        key, _, text = change.partition("=")
        where = f"--set {change}"
        value = _value(key.strip(), text.strip(), where)
        *path, last = key.strip().split(".")
        if not path or path[0] not in ("data", "model", "train"):
            raise UserError(f"{where}: expected a key of data, model or train")
        table = tables
        for step in path:
            table = table.setdefault(step, {})
        table[last] = value
    own = spec.tier[tier]
    runs = {run.name: _merged(own.run.get(run.name, {}), tables) for run in spec.run}
    return spec.model_copy(
        update={"tier": {**spec.tier, tier: own.model_copy(update={"run": runs})}}
    )


def _value(key: str, text: str, where: str) -> Any:
    """What a value of `--set` means, written as in the spec.

    Raises:
        UserError: It means nothing; of text without quotes with the quotes that it takes.
    """
    if not key or not text:
        raise UserError(f"{where}: expected KEY=VALUE, the value as in the spec")
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        hint = ""
        if not set(text) & set("\"'[]{}\\"):
            quoted = shlex.quote(f'{key}="{text}"')
            hint = f"; text stands in quotes there, which a shell takes away: --set {quoted}"
        raise UserError(f"{where}: expected a value as in the spec{hint}") from None


def cells_with(spec: Spec, tier: TierName, changes: Sequence[str], where: str) -> list[Cell]:
    """The runs of a tier of a spec in which these changes were set.

    Raises:
        UserError: The tier is unknown; or a change does not fit.
    """
    try:
        return cells(spec, tier, where=where)
    except UserError as error:
        if not changes or tier not in spec.tier:
            raise
        raise UserError(f"--set: {error}") from None


def _merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for key, value in change.items():
        old = found.get(key)
        nested = isinstance(old, dict) and isinstance(value, dict)
        found[key] = _merged(old, value) if nested else value  # type: ignore[arg-type]
    return found


def tier_measures(
    spec: Spec,
    tier: TierName,
    claims: Sequence[Claim],
    known: "Measurements",
    files: Mapping[str, Sequence[str]],
) -> list[tuple[str, Measure]]:
    """Every measure of a tier with all its runs, then the next; where claims were chosen, theirs.

    Args:
        spec: The spec.
        tier: The tier.
        claims: The claims that were chosen, if any.
        known: What was measured before; of what was measured once, nothing is left out.
        files: Run -> the names of its members' files.
    """
    changed = spec.tier[tier].measure
    only = None
    if claims:
        before = {
            run: {name for one in members for name in known.names(one)}
            for run, members in files.items()
        }
        only = wanted_measures(spec, claims, before)
    found = []
    for own in spec.measure:
        arguments = {**own.arguments, **changed.get(own.name, {})}
        measure = own.model_copy(update={"arguments": arguments})
        for run in files:
            wanted = measure.runs == "all" or run in measure.runs
            chosen = only is None or measure.name in only.get(run, ())
            if wanted and chosen and tier in measure.tiers:
                found.append((run, measure))
    return found
