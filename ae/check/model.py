"""A run's model: its constructor, and the methods and attributes that its stages name."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ae.check.call import mismatches
from ae.check.origin import Origin
from ae.check.source import Function, Model, Source
from ae.spec import Cell, Descent, Phase, StepTable
from ae.spec.syntax import NotFound, Unseen
from ae.toml.file import Fault, Steps, no_such


def constructor(
    table: dict[str, Any], source: Source, place: Steps, key_place: Callable[[str], Steps]
) -> Iterator[Fault]:
    """What is wrong with a `[model]` table: its class, the constructor's arguments."""
    try:
        model = source.model(table["class"])
    except Unseen:
        return
    except NotFound as error:
        yield Fault(key_place("class"), str(error))
        return
    if model.constructor is None:
        return
    arguments = {key: value for key, value in table.items() if key != "class"}
    parameters = [p for p in model.constructor if p.name != "features"]
    if "features" in arguments and len(parameters) < len(model.constructor):
        yield Fault(key_place("features"), "the data set's size fills it; leave it out")
        del arguments["features"]
    for key, text in mismatches(parameters, arguments):
        yield Fault(key_place(key) if key else place, f"{text}, for {table['class']}")


def trained(cell: Cell, source: Source, origin: Origin) -> Iterator[Fault]:
    """What is wrong with a run's model, and with the stages that train it."""
    wrong = list(
        constructor(cell.model, source, origin.model(), lambda key: origin.key("model", key))
    )
    yield from wrong
    try:
        model = source.model(cell.model["class"])
    except NotFound:
        return
    for argument, why in model.misplaced:
        yield Fault(origin.key("model", "class"), f"{model.path}: {model.name}: {argument}: {why}")
    known = model.attributes is None or "hidden_labels" in model.attributes
    if cell.data.labelled != "all" and not known:
        text = (
            f"{cell.model['class']} takes no hidden labels; "
            "leave the key out, or name a model that declares `hidden_labels`"
        )
        yield Fault(origin.key("data", "labelled"), text)
    for name in cell.train.use:
        if name in cell.train.stages:
            yield from _stage(name, cell, model, origin)


def _stage(name: str, cell: Cell, model: Model, origin: Origin) -> Iterator[Fault]:
    stage = cell.train.stages[name]
    at = ("train", "stages", name)
    if not isinstance(stage, Descent):
        noisy = "noise" in [p.name for p in getattr(model.methods.get(stage.fit), "parameters", ())]
        supplied = ("x", "noise") if noisy else ("x",)
        yield from _method(stage.fit, model, origin.key(*at, "fit"), supplied, None)
        return
    if stage.refresh is not None:
        called = origin.key(*at, "refresh", "call")
        yield from _method(stage.refresh.call, model, called, ("x",), None)
    for label, watch in stage.watch.items():
        supplied = ("x", "noise") if watch.by == "log_weights" else ("batch", "noise")
        yield from _method(watch.by, model, origin.key(*at, "watch", label, "by"), supplied, None)
    if stage.start is not None:
        yield from _method(stage.start, model, origin.key(*at, "start"), (), None)
    for i, step in enumerate(stage.steps):
        place = partial(origin.key, *at, *(("phases", i - 1) if i else ()))
        yield from _step(step, model, place)
        if isinstance(step, Phase) and step.labelled is not None:
            yield from _labelled(step.labelled, cell, place("labelled"))


def _step(step: StepTable, model: Model, place: Callable[[str], Steps]) -> Iterator[Fault]:
    """What one optimiser step names of the model: its objective, modules and buffers."""
    batch = ("batch", "noise")
    yield from _method(step.objective, model, place("objective"), batch, step.layer)
    if model.attributes is None:
        return
    modules = () if step.modules == "all" else step.modules
    for module in modules:
        yield from _attribute(module, model, place("modules"))
    for key in (s.key for s in step.schedules if s.key.startswith("buffer:")):
        yield from _attribute(key.removeprefix("buffer:"), model, place("schedules"))


def _labelled(wanted: int, cell: Cell, place: Steps) -> Iterator[Fault]:
    shown = cell.data.labelled
    if shown != "all" and wanted > shown:
        text = f"found {wanted}; data.labelled shows the label of {shown} examples"
        yield Fault(place, text)


def _method(
    name: str, model: Model, place: Steps, supplied: tuple[str, ...], layer: int | None
) -> Iterator[Fault]:
    """A stage's method: it takes what the trainer gives, and needs nothing else."""
    method = model.methods.get(name)
    if method is None and not model.whole:
        return
    if method is None:
        fitting = [n for n, m in model.methods.items() if _callable_with(m, supplied)]
        yield Fault(place, f"{model.path}: {model.name}: {no_such('method', name, fitting)}")
        return
    takes = [p.name for p in method.parameters]
    called = f"{model.path}: {model.name}.{name}"
    if layer is not None and "layer" not in takes:
        yield Fault(place, f"{called} takes no 'layer'; leave layer out")
    elif layer is None and any(p.name == "layer" and not p.optional for p in method.parameters):
        yield Fault(place, f"{called} needs a layer; add the key layer")
    elif not _callable_with(method, supplied):
        yield Fault(place, f"{called} is not of the form ({', '.join(('self', *supplied))})")


def _callable_with(method: Function, supplied: tuple[str, ...]) -> bool:
    rest = method.parameters[len(supplied) :]
    needed = [p for p in rest if not p.optional and p.name != "layer"]
    return len(method.positional) >= len(supplied) and not needed


def _attribute(path: str, model: Model, place: Steps) -> Iterator[Fault]:
    name = path.partition(".")[0]
    if model.attributes is not None and name not in model.attributes:
        there = sorted(n for n in model.attributes if not n.startswith("_"))
        yield Fault(place, f"{model.path}: {model.name}: {no_such('attribute', name, there)}")
