"""Whatever a server, a database or a disk may raise, in one line for a person."""

import http.client
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from ae.errors import OutsideError

LINE = 300  # characters of somebody else's message that a person is shown


class TrackingError(OutsideError):
    """The copy in MLflow could not be made; the record is safe and `ae sync` makes it later."""


def shown(uri: str) -> str:
    """The URI without a user and a password."""
    head, at, tail = uri.rpartition("@")
    return f"{head.partition('://')[0]}://{tail}" if at and "://" in head else uri


@contextmanager
def failures(uri: str, then: str = "run `ae sync`") -> Iterator[None]:
    """Turn whatever a server, a database or a disk may raise into one line for a person."""
    try:
        yield
    except _outside() as error:
        what = line(error).replace(uri, shown(uri))
        remote = urlsplit(uri).scheme in ("http", "https")
        advice = "when it is back" if remote else "when that is mended"
        raise TrackingError(f"MLflow at {shown(uri)}: {what}; {then} {advice}") from error


def _outside() -> tuple[type[Exception], ...]:
    own = (OSError, http.client.HTTPException, TrackingError)
    if "mlflow" not in sys.modules:
        return own
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return (*own, MlflowException, SQLAlchemyError, CommandError)


def line(error: Exception) -> str:
    """Somebody else's message in one line, not too long."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LINE else text[:LINE] + " ..."
