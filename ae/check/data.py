"""Data sets: what a run uses of one, and a manifest against others and the code that decodes it."""

from collections.abc import Iterator

from ae.check.origin import Origin
from ae.check.source import Source
from ae.data.manifest import Access, Kind, Manifest, misderived
from ae.spec import Cell, DataTable, Descent
from ae.spec.syntax import NotFound, Unseen
from ae.toml.file import Fault, no_such

DECODERS: dict[Kind, tuple[str, ...]] = {  # a rendered set's takes its factors
    "filed": ("files", "images", "labels"),
    "derived": ("x", "split", "seed"),
    "generated": ("split", "count", "seed"),
}


def used(cell: Cell, manifests: dict[str, Manifest | str], origin: Origin) -> Iterator[Fault]:
    """What is wrong with the data set, the splits and the labels of a run."""
    manifest = manifests.get(cell.data.name)
    if manifest is None:
        yield Fault(origin.key("data", "name"), no_such("data set", cell.data.name, manifests))
    elif not isinstance(manifest, str):
        for place, split in _splits(cell):
            if split not in manifest.splits:
                no_split = no_such("split", split, manifest.splits)
                missing = f"datasets/{cell.data.name}.toml: {no_split}"
                yield Fault(origin.key(*place), missing)
        for label in () if cell.data.only == "all" else cell.data.only:
            if label >= manifest.classes:
                text = (
                    f"found the class {label}; datasets/{cell.data.name}.toml has "
                    f"{manifest.classes}: expected 0 to {manifest.classes - 1}"
                )
                yield Fault(origin.key("data", "only"), text)
        yield from _labelled(cell.data, manifest.classes, origin)


def _splits(cell: Cell) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where a run names splits, and which: to train on, to test on, to watch."""
    yield ("data", "train"), cell.data.train
    yield ("data", "test"), cell.data.test
    for name in cell.train.use:
        stage = cell.train.stages.get(name)
        for label, watch in stage.watch.items() if isinstance(stage, Descent) else ():
            yield ("train", "stages", name, "watch", label, "split"), watch.split


def _labelled(data: DataTable, classes: int, origin: Origin) -> Iterator[Fault]:
    """What is wrong with how many labels are shown."""
    if data.labelled == "all":
        return
    place, found = origin.key("data", "labelled"), f"found {data.labelled}"
    least = classes if data.only == "all" else len(data.only)
    if data.labelled < least:
        yield Fault(place, f"{found}; expected at least {least}, one for every class")
    if data.limit != "all" and data.labelled > data.limit:
        yield Fault(place, f"{found}; expected at most {data.limit}, the limit")


def declared(
    manifest: Manifest, manifests: dict[str, Manifest | str], source: Source
) -> Iterator[str]:
    """What is wrong with a manifest beside the others and the code."""
    takes = tuple(f.name for f in manifest.factor) or DECODERS[manifest.kind]
    try:
        found = tuple(p.name for p in source.function("data", manifest.decode).positional)
        if found != takes:
            yield f"decode: {manifest.decode} is not of the form ({', '.join(takes)})"
    except Unseen:
        pass
    except NotFound as error:
        yield f"decode: {error}"
    if manifest.access is not None:
        yield from _access(manifest.access, source)
    if manifest.derives is None:
        return
    origin = manifests.get(manifest.derives)
    if origin is None:
        yield f"derives: {no_such('data set', manifest.derives, manifests)}"
    elif not isinstance(origin, str) and (fault := misderived(manifest, origin)):
        yield fault


def _access(access: Access, source: Source) -> Iterator[str]:
    try:
        found = tuple(p.name for p in source.function("data", access.function).positional)
        if found != ("x", access.law):
            yield (
                f"[access]: function: {access.function} is of the form ({', '.join(found)}); "
                f"expected (x, {access.law}), for the law is {access.law!r}"
            )
    except Unseen:
        pass
    except NotFound as error:
        yield f"[access]: function: {error}"
