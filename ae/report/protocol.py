"""The protocol of a record: deviations by tier, and what a reduced tier changes, run by run."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ae.errors import UserError
from ae.records.record import Record
from ae.report.text import joined
from ae.spec import Cell, Deviation, Spec
from ae.spec.seeds import shown
from ae.spec.tiers import cells
from ae.verdict.numbers import number

ABSENT = "–"
NAMES = {
    "data.name": "data set",
    "data.train": "training split",
    "data.test": "test split",
    "data.limit": "training examples",
    "data.test_limit": "test examples",
    "data.only": "classes",
}
Table = dict[str, str]


@dataclass(frozen=True)
class Reduction:
    """A part of the protocol that has another value in this tier, and the runs of which it is so."""

    what: str
    paper: str
    here: str
    runs: str


@dataclass(frozen=True)
class Protocol:
    """Where a record's protocol differs from the paper's.

    Attributes:
        deviations: Of the paper's tier, and of this one with it.
        own: Of this tier alone.
        reductions: What this tier's runs have otherwise than the paper's tier, key by key.
        own_runs: The runs that the paper's tier does not have.
    """

    deviations: list[Deviation]
    own: list[Deviation]
    reductions: list[Reduction]
    own_runs: list[str]

    @classmethod
    def of(cls, record: Record, spec: Spec) -> "Protocol":
        """The protocol of a record, whose spec is `spec`."""
        mine = [d for d in spec.deviation if record.tier in d.tiers]
        common = [d for d in mine if record.tier == "paper" or "paper" in d.tiers]
        own = [d for d in mine if d not in common]
        return cls(common, own, reductions(record, spec), own_runs(record, spec))

    @property
    def whole(self) -> bool:
        """Whether it is the paper's in full."""
        return not (self.deviations or self.own or self.reductions)


def reductions(record: Record, spec: Spec) -> list[Reduction]:
    """What the runs of a record have otherwise than the same runs in the paper's tier.

    Nothing of the paper's own tier, nor where the spec cannot be applied as it stands. Runs that the
    paper's tier does not have are not compared.
    """
    if record.tier == "paper" or "paper" not in spec.tier:
        return []
    try:
        theirs, ours = (
            {cell.name: cell for cell in cells(spec, tier, where=record.name)}
            for tier in ("paper", record.tier)
        )
    except UserError:
        return []
    shared = [run for run in record.runs if run.name in theirs and run.name in ours]
    pairs = {
        run.label: (_table(theirs[run.name], theirs[run.name].train.seeds),
                    _table(ours[run.name], run.seeds))
        for run in shared
    }  # fmt: skip
    return [*_of_runs(pairs), *_of_measures(record, spec)]


def own_runs(record: Record, spec: Spec) -> list[str]:
    """The labels of the runs that the paper's tier does not have."""
    tier = spec.tier.get("paper")
    if record.tier == "paper" or tier is None or tier.runs == "all":
        return []
    return [run.label for run in record.runs if run.name not in tier.runs]


def _of_runs(pairs: Mapping[str, tuple[Table, Table]]) -> Iterator[Reduction]:
    found: dict[tuple[str, str, str], list[str]] = {}
    having: Counter[str] = Counter()
    for label, (was, now) in pairs.items():
        for key in dict.fromkeys([*was, *now]):
            having[key] += 1
            before, after = was.get(key, ABSENT), now.get(key, ABSENT)
            if before != after:
                found.setdefault((key, before, after), []).append(label)
    merged: dict[tuple[str, str, str, str], list[str]] = {}
    for (key, before, after), labels in found.items():
        runs = joined(labels)
        if len(labels) == having[key]:
            runs = "all runs" if len(labels) == len(pairs) else "all that have it"
        stage, what = _named(key)
        merged.setdefault((what, before, after, runs), []).extend(stage)
    for (what, before, after, runs), stages in merged.items():
        of = f" (stage{'' if len(stages) == 1 else 's'} {', '.join(stages)})" if stages else ""
        yield Reduction(what + of, before, after, runs)


def _of_measures(record: Record, spec: Spec) -> Iterator[Reduction]:
    taken = {metric for run in record.runs for metric in run.metrics}
    for measure in (m for m in spec.measure if m.name in taken):
        was, now = (
            dict(_flat(measure.arguments | spec.tier[tier].measure.get(measure.name, {})))
            for tier in ("paper", record.tier)
        )
        for key in dict.fromkeys([*was, *now]):
            before, after = was.get(key, ABSENT), now.get(key, ABSENT)
            if before != after:
                yield Reduction(f"{key} (measure: {measure.label})", before, after, "all runs")


def _table(cell: Cell, seeds: Sequence[int]) -> Table:
    """What a run is, by dotted keys, with the seeds that are meant and the stages that it takes."""
    tables = cell.model_dump(mode="json", by_alias=True, include={"data", "model", "train"})
    stages = {name: tables["train"]["stages"][name] for name in cell.train.use}
    tables["train"] |= {"stages": stages, "seeds": shown(tuple(seeds))}
    return dict(_flat(tables))


def _named(key: str) -> tuple[list[str], str]:
    """The stage that a key is of, if it is of one, and the key in words."""
    if key in NAMES:
        return [], NAMES[key]
    table, _, rest = key.partition(".")
    if rest.startswith("stages."):
        stage, _, rest = rest.removeprefix("stages.").partition(".")
        return [stage], rest.replace(".", " ")
    return [], rest if table == "train" else f"{rest.replace('.', ' ')} ({table})"


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Every value by its dotted key, in words; what is not set is not there."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        elif value is not None and value != []:
            yield f"{above}{key}", _words(value)


def _words(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return number(value, 6)
        case list():
            apart = "; " if value and isinstance(value[0], dict) else ", "
            return apart.join(map(_words, value))
        case {"key": key, "kind": kind, "at": at, "values": values}:
            return f"{key} {kind}: {_words(values)} at {_words(at)}"
        case dict():
            return ", ".join(f"{name} {_words(one)}" for name, one in value.items())
        case _:
            return str(value)
