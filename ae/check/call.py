"""Arguments in a file against the function or constructor that will take them."""

from collections.abc import Iterable, Iterator
from typing import Any

from ae.check.annotation import misfit
from ae.check.source import Parameter, Source
from ae.spec import Spec
from ae.spec.concise.measures import FIGURE_KEYS, MEASURE_KEYS
from ae.spec.syntax import NotFound, Unseen
from ae.toml.file import Fault, Steps, nearest, shown, unknown_key


def functions(spec: Spec, source: Source) -> Iterator[Fault]:
    """What is wrong with the functions that measure and draw, and with their arguments."""
    for number, measure in enumerate(spec.measure):
        place: Steps = ("measure", number)
        arguments = measure.arguments
        yield from _function(place, "metrics", measure.function, arguments, source, MEASURE_KEYS)
        for name, tier in spec.tier.items():
            if changed := tier.measure.get(measure.name):
                arguments = {**measure.arguments, **changed}
                for fault in _function((), "metrics", measure.function, arguments, source, ()):
                    if fault.steps[1:2] and fault.steps[1] in changed:
                        place = ("tier", name, "measure", measure.name)
                        yield Fault((*place, *fault.steps[1:]), fault.text)
    for number, figure in enumerate(spec.figure):
        place = ("figure", number)
        arguments = figure.arguments
        yield from _function(place, "figures", figure.function, arguments, source, FIGURE_KEYS)


def _function(
    place: Steps,
    folder: str,
    path: str,
    arguments: dict[str, Any],
    source: Source,
    besides: tuple[str, ...],
) -> Iterator[Fault]:
    """What is wrong with a function and its arguments, which stand among the keys `besides`."""
    try:
        function = source.function(folder, path)
    except Unseen:
        return
    except NotFound as error:
        yield Fault((*place, "function"), str(error))
        return
    for key, text in mismatches(function.parameters[1:], arguments, besides):
        steps = (*place, "arguments", *([key] if key else []))
        yield Fault(steps, f"{text}, for {path}")


def mismatches(
    parameters: Iterable[Parameter], arguments: dict[str, Any], besides: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Keys and what is wrong with them; the empty key where one is unknown or missing.

    `besides` are keys that may stand among the arguments.
    """
    known = {p.name: p for p in parameters}
    strange = [key for key in arguments if key not in known]
    for key in strange:
        yield "", unknown_key(key, [*known, *besides])
    meant = {nearest(key, [*known, *besides]) for key in strange}
    for key, parameter in known.items():
        if key in arguments:
            if expected := misfit(parameter.annotation, arguments[key]):
                yield key, f"found {shown(arguments[key])}; expected {expected}"
        elif not parameter.optional and key not in meant:
            yield "", f"missing key {key!r}; expected {_wanted(parameter)}"


def _wanted(parameter: Parameter) -> str:
    return misfit(parameter.annotation, object()) or "a value"
