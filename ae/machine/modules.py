"""Where the source of a module is, and whose it is: ours, a library's, or somebody's in a folder."""

import site
import sysconfig
from functools import cache
from pathlib import Path

from ae.spec.syntax import NotFound, module_file

PACKAGE = Path(__file__).parents[1]
OWN = "ae"


@cache
def path_of(module: str) -> Path | None:
    """The file of a module; of `ae` that of this checkout, without importing anything."""
    head, *rest = module.split(".")
    if head == OWN:
        base = PACKAGE.joinpath(*rest)
        files = (base.with_suffix(".py"), base / "__init__.py")
        return next((path for path in files if path.is_file()), None)
    try:
        return module_file(module)
    except NotFound:
        return None


def follows(module: str, other: str) -> bool:
    """Whether code of a module is stale when that of another changes which it imports."""
    own, head = module.partition(".")[0], other.partition(".")[0]
    return head == own or (own != OWN and (head == OWN or lies_about(other)))


@cache
def lies_about(module: str) -> bool:
    """Whether a module is in a folder of somebody's, not installed among the libraries."""
    path = path_of(module)
    return path is not None and not any(path.is_relative_to(place) for place in libraries())


@cache
def libraries() -> tuple[Path, ...]:
    """The folders of what is installed."""
    named = ("stdlib", "platstdlib", "purelib", "platlib")
    places = [*(sysconfig.get_path(name) for name in named), *site.getsitepackages()]
    return tuple({Path(place).resolve() for place in [*places, site.getusersitepackages()]})
