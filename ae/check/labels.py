"""What a measure's label owes its readers: that a number is of images that were trained on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ae.check.source import Source
from ae.data.manifest import Manifest
from ae.spec import Cell, Measure, Spec, TierName
from ae.spec.facts import facts_of
from ae.spec.syntax import NotFound
from ae.toml.file import Fault, shown

SAYS = "train"  # as in "training images"


def unlabelled(
    spec: Spec,
    cells: Mapping[TierName, Sequence[Cell]],
    manifests: Mapping[str, Manifest | str],
    source: Source,
) -> Iterator[Fault]:
    """Measures of training images whose label does not say so.

    Where a data set has one split for both, it is the paper's way to have no test images: there a
    label has nothing to tell apart.
    """
    for number, measure in enumerate(spec.measure):
        if SAYS in measure.label.lower():
            continue
        defaults = _defaults(measure, source)
        taken = (
            (
                cell,
                {**defaults, **measure.arguments, **spec.tier[tier].measure.get(measure.name, {})},
            )
            for tier in measure.tiers
            for cell in cells.get(tier, ())
            if measure.runs == "all" or cell.name in measure.runs
        )
        reasons = (_why(cell, arguments.get("split"), manifests) for cell, arguments in taken)
        if why := next(filter(None, reasons), None):
            text = f"found {shown(measure.label)}; {why}: expected a label with the word 'training'"
            yield Fault(("measure", number, "label"), text)


def _defaults(measure: Measure, source: Source) -> dict[str, Any]:
    try:
        facts = facts_of(measure.function, source.package)
    except NotFound:
        return {}
    return {} if facts is None else facts.defaults


def _why(cell: Cell, split: Any, manifests: Mapping[str, Manifest | str]) -> str | None:
    """Why the number of a run is one of images that it trained on, if so."""
    data = cell.data
    if split == "train" and data.train != data.test:
        return f"it is taken of the training split {data.train!r}"
    manifest = manifests.get(data.name)
    others = isinstance(manifest, Manifest) and len(manifest.splits) > 1
    if split == "test" and data.train == data.test and others:
        return f"run {cell.name!r} is tested on the split {data.test!r} that it trains on"
    return None
