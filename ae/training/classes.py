"""The classes and functions that a spec names, by their paths.

`file.Class` is of `ae/models`, `file.function` of `ae/metrics` or `ae/figures`; `package.module:Name`
is importable code of anyone's.
"""

from collections.abc import Callable
from typing import Any, Literal

from ae.data.functions import imported
from ae.errors import UserError
from ae.models.base import Autoencoder

Folder = Literal["models", "metrics", "figures"]


def code_name(path: str, folder: Folder = "models") -> str:
    """Where a definition is: `vae.VAE` -> `ae.models.vae:VAE`."""
    if ":" in path:
        return path
    file, _, name = path.partition(".")
    return f"ae.{folder}.{file}:{name}"


def model_class(path: str) -> type[Autoencoder]:
    """The class that a spec names.

    Raises:
        UserError: It cannot be imported, or is no `Autoencoder`.
    """
    found = _named(path, "models")
    if not (isinstance(found, type) and issubclass(found, Autoencoder)):
        raise UserError(
            f"model class {path!r}: found {found!r}; expected a subclass of Autoencoder"
        )
    return found


def function(path: str, folder: Literal["metrics", "figures"]) -> Callable[..., Any]:
    """The function that a spec names.

    Raises:
        UserError: It cannot be imported, or cannot be called.
    """
    found = _named(path, folder)
    if not callable(found):
        raise UserError(f"{path!r}: found {found!r}; expected a function")
    return found  # type: ignore[no-any-return]


def _named(path: str, folder: Folder) -> Any:
    return imported(path, code_name(path, folder))
