"""A run's model: its constructor, and the methods and attributes that its stages name."""

from collections.abc import Callable, Iterator
from typing import Any

from ae.check.call import mismatches
from ae.check.origin import Origin
from ae.source import Function, Model, NotFound, Source
from ae.spec import Cell, Descent
from ae.toml import no_such


def constructor(
    table: dict[str, Any], source: Source, place: str, key_place: Callable[[str], str]
) -> Iterator[str]:
    """What is wrong with a `[model]` table: its class, the constructor's arguments."""
    try:
        model = source.model(table["class"])
    except NotFound as error:
        yield f"{key_place('class')}: {error}"
        return
    arguments = {key: value for key, value in table.items() if key != "class"}
    parameters = [p for p in model.constructor if p.name != "features"]
    if "features" in arguments and len(parameters) < len(model.constructor):
        yield f"{key_place('features')}: the data set's size fills it; leave it out"
        del arguments["features"]
    for key, text in mismatches(parameters, arguments):
        yield f"{key_place(key) if key else place}: {text}, for {table['class']}"


def trained(cell: Cell, source: Source, origin: Origin) -> Iterator[str]:
    """What is wrong with a run's model, and with the stages that train it."""
    wrong = list(
        constructor(cell.model, source, origin.model(), lambda key: origin.key("model", key))
    )
    yield from wrong
    if not wrong:
        model = source.model(cell.model["class"])
        known = model.attributes is None or "hidden_labels" in model.attributes
        if cell.data.labelled != "all" and not known:
            yield (
                f"{origin.key('data', 'labelled')}: {cell.model['class']} takes no hidden labels; "
                "leave the key out, or name a model that declares `hidden_labels`"
            )
        for name in cell.train.use:
            yield from _stage(name, cell, model, origin)


def _stage(name: str, cell: Cell, model: Model, origin: Origin) -> Iterator[str]:
    stage = cell.train.stages[name]
    at = ("train", "stages", name)
    if not isinstance(stage, Descent):
        yield from _method(stage.fit, model, origin.key(*at, "fit"), ("x",), None)
        return
    batch = ("batch", "noise")
    yield from _method(stage.objective, model, origin.key(*at, "objective"), batch, stage.layer)
    if stage.start is not None:
        yield from _method(stage.start, model, origin.key(*at, "start"), (), None)
    if model.attributes is None:
        return
    modules = () if stage.modules == "all" else stage.modules
    for module in modules:
        yield from _attribute(module, model, origin.key(*at, "modules"))
    for key in (s.key for s in stage.schedules if s.key.startswith("buffer:")):
        yield from _attribute(key.removeprefix("buffer:"), model, origin.key(*at, "schedules"))


def _method(
    name: str, model: Model, place: str, supplied: tuple[str, ...], layer: int | None
) -> Iterator[str]:
    """A stage's method: it takes what the trainer gives, and needs nothing else."""
    method = model.methods.get(name)
    if method is None:
        fitting = [n for n, m in model.methods.items() if _callable_with(m, supplied)]
        yield f"{place}: {model.path}: {model.name}: {no_such('method', name, fitting)}"
        return
    takes = [p.name for p in method.parameters]
    if layer is not None and "layer" not in takes:
        yield f"{place}: {model.path}: {model.name}.{name} takes no 'layer'; leave layer out"
    elif layer is None and any(p.name == "layer" and not p.optional for p in method.parameters):
        yield f"{place}: {model.path}: {model.name}.{name} needs a layer; add the key layer"
    elif not _callable_with(method, supplied):
        form = ", ".join(("self", *supplied))
        yield f"{place}: {model.path}: {model.name}.{name} is not of the form ({form})"


def _callable_with(method: Function, supplied: tuple[str, ...]) -> bool:
    rest = method.parameters[len(supplied) :]
    needed = [p for p in rest if not p.optional and p.name != "layer"]
    return len(method.positional) >= len(supplied) and not needed


def _attribute(path: str, model: Model, place: str) -> Iterator[str]:
    name = path.partition(".")[0]
    if model.attributes is not None and name not in model.attributes:
        there = sorted(n for n in model.attributes if not n.startswith("_"))
        yield f"{place}: {model.path}: {model.name}: {no_such('attribute', name, there)}"
