"""Whatever a server, a database or a disk may raise, in one line for a person."""

import http.client
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ae.errors import OutsideError, UserError, plain
from ae.redaction import bare, redacted

LINE = 300  # characters of somebody else's message that a person is shown
READ = 10_000  # characters of it that are looked at


class TrackingError(OutsideError):
    """The copy in MLflow could not be made; the record is safe and `ae sync` makes it later."""


def shown(uri: str) -> str:
    """The URI without what may be secret."""
    return plain(bare(uri), LINE)


def scheme_of(uri: str) -> str:
    """What a URI begins with; empty where it is none."""
    scheme, colon, _ = uri.partition(":")
    return scheme.lower() if colon else ""


@contextmanager
def failures(uri: str, then: str = "run `ae sync`") -> Iterator[None]:
    """Turn whatever a server, a database or a disk may raise into one line for a person.

    A copy is optional, and made by other programs: what they raise that nobody expected (a driver
    that is not installed, a user without a name, a warning that is an error) costs no report
    either. An assertion that fails is this program's own fault and stays one.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (UserError, AssertionError):
        raise
    except Exception as error:
        what = line(error, uri)
        if not isinstance(error, _expected()):
            what = f"{type(error).__name__}: {what}"
        remote = scheme_of(uri) in ("http", "https")
        advice = "when it is back" if remote else "when that is mended"
        raise TrackingError(f"MLflow at {shown(uri)}: {what}; {then} {advice}") from error


def _expected() -> tuple[type[Exception], ...]:
    """Those whose message says enough without their name."""
    own = (OSError, http.client.HTTPException, OutsideError)
    if "mlflow" not in sys.modules:
        return own
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return (*own, MlflowException, SQLAlchemyError, CommandError)


def line(error: Exception, uri: str) -> str:
    """Somebody else's message in one line, not too long, without what the URI keeps secret."""
    said = redacted(" ".join(str(error)[:READ].split()), uri) or type(error).__name__
    text = plain(said, READ)
    return text if len(text) <= LINE else text[:LINE] + " ..."
