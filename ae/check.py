"""A spec against the source tree: models, metrics, figures, data sets.

Works on syntax trees and manifests; imports none of the code that it checks.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ae import formula
from ae.errors import UserError
from ae.manifest import Access, Kind, Manifest, misderived, read_manifest
from ae.read import cells, find_specs, inspect_spec, layers
from ae.review import problems as review_problems
from ae.source import Function, Model, NotFound, Parameter, Source, misfit
from ae.spec import Cell, DataTable, Descent, Run, Spec, TierName
from ae.toml import Steps, dotted, no_such, shown, unknown_key

DECODERS: dict[Kind, tuple[str, ...]] = {  # a rendered set's takes its factors
    "filed": ("files", "images", "labels"),
    "derived": ("x", "split", "seed"),
    "generated": ("split", "count", "seed"),
}
FILE_NAME = r"[a-z0-9]+-[a-z0-9-]+"


def check_spec(path: Path, root: Path) -> Spec:
    """Read a spec and check all of it against the source tree under `root`.

    Raises:
        UserError: One line on the first thing that is wrong.
    """
    spec, problems = _Tree(root).examine(path)
    if spec is None or problems:
        raise UserError(problems[0])
    return spec


def check_all(root: Path) -> list[str]:
    """Everything wrong with the specs, manifests and reviews under `root`, a line each."""
    tree = _Tree(root)
    problems = [*tree.manifest_problems()]
    specs: dict[str, Spec | None] = {}
    for path in find_specs(root / "benchmarks"):
        specs[path.stem], found = tree.examine(path)
        problems += found
    return [*problems, *review_problems(root / "reports" / "reviews", specs)]


class _Tree:
    """The source tree and the manifests under a root, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.source = Source(root)
        self.manifests: dict[str, Manifest | str] = {}
        for path in sorted((root / "datasets").glob("*.toml")):
            try:
                self.manifests[path.stem] = read_manifest(path, self.shown(path))
            except UserError as error:
                self.manifests[path.stem] = str(error)

    def shown(self, path: Path) -> str:
        """A path as messages have it: from the root where it is inside."""
        full = path.resolve()
        return str(full.relative_to(self.root) if full.is_relative_to(self.root) else path)

    def manifest_problems(self) -> Iterator[str]:
        """What is wrong with the manifests, the one on which others rest included."""
        for name, manifest in self.manifests.items():
            if isinstance(manifest, str):
                yield manifest
            else:
                lines = _manifest(manifest, self.manifests, self.source)
                yield from (f"datasets/{name}.toml: {line}" for line in lines)

    def examine(self, path: Path) -> tuple[Spec | None, list[str]]:
        """A spec and what is wrong with it."""
        where = self.shown(path)
        spec, problems = inspect_spec(path, where)
        if not re.fullmatch(FILE_NAME, path.stem, re.ASCII):
            problems.append(
                f"{where}: file name {path.stem!r}; expected <first author><year>-<model>.toml "
                "in small letters, digits and hyphens"
            )
        if spec is None:
            return None, problems
        lines = [*_constructor(spec.model, self.source, "[model]", lambda key: f"[model]: {key}")]
        if spec.paper.formula is not None and (why := formula.fault(spec.paper.formula)):
            lines.append(f"[paper]: formula: found {shown(spec.paper.formula)}; {why}")
        if not lines and not problems:
            lines = [*_functions(spec, self.source), *self._cells(spec, where)]
        return spec, [*(f"{where}: {line}" for line in dict.fromkeys(lines)), *problems]

    def _cells(self, spec: Spec, where: str) -> Iterator[str]:
        for tier in spec.tier:
            for cell in cells(spec, tier, where=where):
                run = next(run for run in spec.run if run.name == cell.name)
                origin = _Origin(spec, tier, run)
                yield from _data(cell, self.manifests, origin)
                yield from _model(cell, self.source, origin)


@dataclass(frozen=True)
class _Origin:
    """Where in the file a key of a cell was written: in the run's tables or in the tier's."""

    spec: Spec
    tier: TierName
    run: Run

    def key(self, *steps: str) -> str:
        """The place of a key, as a message starts with it."""
        place = self._place(steps)
        return f"{place}: {dotted(steps)}" if place else f"[{dotted(steps[:-1])}]: {steps[-1]}"

    def model(self) -> str:
        """The place of the table that names the model's class."""
        place = self._place(("model", "class"))
        return f"{place}: model" if place else "[model]"

    def _place(self, steps: Steps) -> str | None:
        changes = reversed(layers(self.spec, self.tier, self.run))
        return next((place for place, change in changes if _written(change, steps)), None)


def _written(change: Any, steps: Steps) -> bool:
    """Whether an override holds the key, or replaces the table that the key is of."""
    for step in steps:
        if not isinstance(change, dict):
            return True
        if step not in change:
            return "class" in change
        change = change[step]
    return True


def _data(cell: Cell, manifests: dict[str, Manifest | str], origin: _Origin) -> Iterator[str]:
    manifest = manifests.get(cell.data.name)
    if manifest is None:
        yield f"{origin.key('data', 'name')}: {no_such('data set', cell.data.name, manifests)}"
    elif not isinstance(manifest, str):
        for key, split in (("train", cell.data.train), ("test", cell.data.test)):
            if split not in manifest.splits:
                no_split = no_such("split", split, manifest.splits)
                missing = f"datasets/{cell.data.name}.toml: {no_split}"
                yield f"{origin.key('data', key)}: {missing}"
        for label in () if cell.data.only == "all" else cell.data.only:
            if label >= manifest.classes:
                place = origin.key("data", "only")
                yield (
                    f"{place}: found the class {label}; datasets/{cell.data.name}.toml has "
                    f"{manifest.classes}: expected 0 to {manifest.classes - 1}"
                )
        yield from _labelled(cell.data, manifest.classes, origin)


def _labelled(data: DataTable, classes: int, origin: _Origin) -> Iterator[str]:
    """What is wrong with how many labels are shown."""
    if data.labelled == "all":
        return
    place = f"{origin.key('data', 'labelled')}: found {data.labelled}"
    least = classes if data.only == "all" else len(data.only)
    if data.labelled < least:
        yield f"{place}; expected at least {least}, one for every class"
    if data.limit != "all" and data.labelled > data.limit:
        yield f"{place}; expected at most {data.limit}, the limit"


def _manifest(
    manifest: Manifest, manifests: dict[str, Manifest | str], source: Source
) -> Iterator[str]:
    takes = tuple(f.name for f in manifest.factor) or DECODERS[manifest.kind]
    try:
        found = tuple(p.name for p in source.function("data", manifest.decode).positional)
        if found != takes:
            yield f"decode: {manifest.decode} is not of the form ({', '.join(takes)})"
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
    except NotFound as error:
        yield f"[access]: function: {error}"


def _functions(spec: Spec, source: Source) -> Iterator[str]:
    for measure in spec.measure:
        place = f"[[measure]] {measure.name!r}"
        yield from _function(place, "metrics", measure.function, measure.arguments, source)
        for name, tier in spec.tier.items():
            if changed := tier.measure.get(measure.name):
                place = f"[tier.{name}.measure.{dotted((measure.name,))}]"
                arguments = {**measure.arguments, **changed}
                yield from _function(place, "metrics", measure.function, arguments, source)
    for figure in spec.figure:
        place = f"[[figure]] {figure.name!r}"
        yield from _function(place, "figures", figure.function, figure.arguments, source)


def _function(
    place: str, folder: str, path: str, arguments: dict[str, Any], source: Source
) -> Iterator[str]:
    try:
        function = source.function(folder, path)
    except NotFound as error:
        yield f"{place}: function: {error}"
        return
    for key, text in _mismatches(function.parameters[1:], arguments):
        yield f"{place}: arguments{f'.{key}' if key else ''}: {text}, for {path}"


def _mismatches(
    parameters: Iterable[Parameter], arguments: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Keys and what is wrong with them; the empty key where one is unknown or missing."""
    known = {p.name: p for p in parameters}
    for key in arguments:
        if key not in known:
            yield "", unknown_key(key, known)
    for key, parameter in known.items():
        if key in arguments:
            if expected := misfit(parameter.annotation, arguments[key]):
                yield key, f"found {shown(arguments[key])}; expected {expected}"
        elif not parameter.optional:
            yield "", f"missing key {key!r}; expected {_wanted(parameter)}"


def _wanted(parameter: Parameter) -> str:
    return misfit(parameter.annotation, object()) or "a value"


def _constructor(
    table: dict[str, Any], source: Source, place: str, key_place: Callable[[str], str]
) -> Iterator[str]:
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
    for key, text in _mismatches(parameters, arguments):
        yield f"{key_place(key) if key else place}: {text}, for {table['class']}"


def _model(cell: Cell, source: Source, origin: _Origin) -> Iterator[str]:
    wrong = list(
        _constructor(cell.model, source, origin.model(), lambda key: origin.key("model", key))
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


def _stage(name: str, cell: Cell, model: Model, origin: _Origin) -> Iterator[str]:
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
