"""Arguments in a file against the function or constructor that will take them."""

from collections.abc import Iterable, Iterator
from typing import Any

from ae.source import NotFound, Parameter, Source, misfit
from ae.spec import Spec
from ae.toml import dotted, shown, unknown_key


def functions(spec: Spec, source: Source) -> Iterator[str]:
    """What is wrong with the functions that measure and draw, and with their arguments."""
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
    for key, text in mismatches(function.parameters[1:], arguments):
        yield f"{place}: arguments{f'.{key}' if key else ''}: {text}, for {path}"


def mismatches(
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
