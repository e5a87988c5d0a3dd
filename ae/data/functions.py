"""The functions that a manifest names, of `ae/data` or of a lab, checked to take what they are given."""

import importlib
import inspect
import traceback
from collections.abc import Callable
from typing import Any, cast

from torch import Tensor

from ae.data.manifest import Access, Manifest
from ae.errors import UserError, plain


def access_function(manifest: Manifest, access: Access) -> Callable[[Tensor, Tensor], Tensor]:
    """The function that draws examples; its second parameter is named after the noise it takes."""
    function = named(manifest, "[access]: function", access.function)
    if (found := [*inspect.signature(function).parameters]) != ["x", access.law]:
        raise UserError(
            f"data set {manifest.name!r}: [access]: function: {access.function} is of the form "
            f"({', '.join(found)}); expected (x, {access.law}), for the law is {access.law!r}"
        )
    return function


def renderer(manifest: Manifest) -> Callable[..., Tensor]:
    """The function that renders; its positional parameters are named after the factors."""
    function = named(manifest, "decode", manifest.decode)
    parameters = inspect.signature(function).parameters.values()
    found = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    if found != (factors := [f.name for f in manifest.factor]):
        raise UserError(
            f"data set {manifest.name!r}: decode: {manifest.decode} is of the form "
            f"({', '.join(found)}); expected the factors ({', '.join(factors)})"
        )
    return function


def named(manifest: Manifest, key: str, path: str) -> Callable[..., Any]:
    """The function that the manifest gives under `key`: `file.name` of `ae/data`, or a lab's.

    Raises:
        UserError: There is none.
    """
    place = path if ":" in path else f"ae.data.{path.replace('.', ':')}"
    try:
        function = imported(path, place)
    except UserError as error:
        raise UserError(f"data set {manifest.name!r}: {key}: {error}") from None
    if not callable(function):
        raise UserError(f"data set {manifest.name!r}: {key}: {path!r} is no function")
    return cast(Callable[..., Any], function)


def imported(path: str, place: str) -> Any:
    """What a person's file calls `path`, and Python `module:name`.

    Raises:
        UserError: It cannot be imported, whatever the module's own code has against it.
    """
    module, _, name = place.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UserError(f"{path!r}: cannot be imported: {plain(error)}") from None
    except Exception as error:  # noqa: BLE001 - code of a lab may fail in any way
        *_, last = traceback.extract_tb(error.__traceback__)
        where = f"{last.filename}:{last.lineno}: {type(error).__name__}"
        raise UserError(f"{path!r}: cannot be imported: {where}: {plain(error)}") from None
