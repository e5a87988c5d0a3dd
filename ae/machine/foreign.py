"""Code of others that a record rests on: whose it is, which version, which source."""

from functools import cache
from importlib import metadata

from ae.disk import digest
from ae.machine.code import code_of
from ae.machine.modules import OWN
from ae.records.foreign import ForeignCode


def foreign_code(path: str) -> ForeignCode:
    """Where the code `package.module:name` comes from.

    Raises:
        UserError: There is no such code, or not as source.
    """
    head = path.partition(":")[0].partition(".")[0]
    own = _distribution(head)
    theirs = {place: sha for place, sha in code_of(path).items() if not _ours(place)}
    return ForeignCode(
        name=path,
        distribution=own,
        version=metadata.version(own) if own else "",
        sha256=digest(theirs),
    )


def _ours(place: str) -> bool:
    return place.partition(":")[0].partition(".")[0] == OWN


@cache
def _distribution(package: str) -> str:
    """The installed distribution that a top-level package is of; empty where it is of none."""
    return next(iter(metadata.packages_distributions().get(package, [])), "")
