"""The functions of `ae/data` that a manifest names, checked to take what they are given."""

import importlib.util
import inspect
from collections.abc import Callable
from typing import Any, cast

from torch import Tensor

from ae.errors import UserError
from ae.manifest import Access, Manifest


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
    """The function `file.name` of `ae/data`, which the manifest gives under `key`."""
    file, _, name = path.partition(".")
    found = importlib.util.find_spec(f"ae.data.{file}") is not None
    function = getattr(importlib.import_module(f"ae.data.{file}"), name, None) if found else None
    if not callable(function):
        raise UserError(f"data set {manifest.name!r}: {key}: ae/data has no {path!r}")
    return cast(Callable[..., Any], function)
