"""Where copies are sent: a server or an SQLite store, asked whether it is there.

MLflow takes seconds to import, so it is imported only when there is something to send and
somebody to send it to.
"""

import getpass
import http.client
import logging
import os
import re
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from ae.errors import UserError
from ae.locks import locked
from ae.tracking import content as tracked
from ae.tracking.failure import TrackingError, line, scheme_of, shown

if TYPE_CHECKING:
    from mlflow import MlflowClient

CONNECT, ANSWER, HELD = 0.8, 3.0, 300.0  # seconds until a server, or the store's lock, is given up
SAFE = "/+=@,:~ "  # characters of a path that mean themselves in a URI's path, for its readers too
UNSURE = re.compile(r"[?#%\x00-\x1f\x7f\ud800-\udfff]")
ATTEMPTS = 3  # to open a database: half a second; MLflow's ten take two minutes, in silence
SETTINGS = {  # read by MLflow at import or at each call; what the user has set stays
    "DO_NOT_TRACK": "true",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": "60",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def default_uri(results: Path) -> str:
    """`MLFLOW_TRACKING_URI` where it is set, else the SQLite store among the results."""
    store = results.resolve() / "mlflow.db"
    return os.environ.get("MLFLOW_TRACKING_URI") or uri_of(store)


def uri_of(database: Path) -> str:
    """The URI of an SQLite store: the one place where a path is made part of one."""
    return f"sqlite:///{quote(os.fsencode(database), safe=SAFE)}"


def database_of(uri: str) -> Path | None:
    """The file of an SQLite store; None where the URI is of another kind.

    Raises:
        UserError: It names no file.
    """
    kind, slashes, rest = uri.partition(":///")
    if not re.fullmatch(r"sqlite(\+\w+)?(://)?", kind):
        return None
    path = unquote(rest.partition("?")[0], errors="surrogateescape")
    if not slashes or path in ("", ":memory:") or path.startswith("file:"):
        raise UserError(
            f"tracking URI {shown(uri)!r}: names no file that stays; expected sqlite:///FILE.db"
        )
    return Path(os.path.abspath(path))


def absent(uri: str) -> bool:
    """Whether it is an SQLite store that is not there, which nothing need be loaded to know."""
    database = database_of(uri)
    return database is not None and not database.exists()


def artifacts_of(uri: str, experiment: str) -> str | None:
    """Beside an SQLite store, whatever the working directory; else the server decides."""
    database = database_of(uri)
    return (database.resolve().parent / "mlartifacts" / experiment).as_uri() if database else None


def lock(uri: str, folder: Path) -> AbstractContextManager[None]:
    """One sender at a time: three that create an SQLite store at once would spoil it."""
    database = database_of(uri)
    if database is None:
        return locked(folder / f".{tracked.MARKER}.lock", HELD)
    database = database.resolve()
    return locked(database.with_name(f"{database.name}.lock"), HELD)


@contextmanager
def connected(uri: str) -> "Iterator[MlflowClient]":
    """A client of the store; see `client_of`.

    MLflow and its library of databases take what stands behind `sqlite:///` for a path, for part of
    a URI, or once for this and once for that, each release otherwise. Where the name of a folder has
    a character that tells these apart, they are given another way to it.
    """
    database = database_of(uri)
    if database is None or not UNSURE.search(str(database)):
        yield client_of(uri)
        return
    if UNSURE.search(database.name):
        raise UserError(f"tracking URI {shown(uri)!r}: expected a plain name for the file")
    with TemporaryDirectory(prefix="ae-") as folder:
        way = Path(folder, "store")
        way.symlink_to(database.parent)
        yield client_of("".join((uri_of(way / database.name), *uri.partition("?")[1:])))


def probe(uri: str) -> None:
    """Ask an HTTP server for its health: any answer but a server's error will do."""
    if scheme_of(uri) not in ("http", "https"):
        return
    host, port = _place(uri)
    parts = urlsplit(uri)
    if parts.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host):
        return
    connection = http.client.HTTPConnection(host, port, timeout=CONNECT)
    if parts.scheme == "https":  # nothing is told and nothing believed: MLflow checks identity
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(host, port, timeout=CONNECT, context=context)
    try:
        connection.connect()
        connection.sock.settimeout(ANSWER)
        connection.request("GET", f"{parts.path.rstrip('/')}/health")
        status = connection.getresponse().status
    finally:
        connection.close()
    if status >= 500:
        raise TrackingError(f"answers {status} when asked for its health")


def _place(uri: str) -> tuple[str, int | None]:
    try:
        host, port = urlsplit(uri).hostname, urlsplit(uri).port
    except ValueError:
        host, port = None, None
    if not host:
        raise UserError(f"tracking URI {shown(uri)!r}: expected http://HOST:PORT")
    return host, port


def client_of(uri: str) -> "MlflowClient":
    """A client of the store, created where it is an SQLite file that is not there.

    Raises:
        UserError: MLflow cannot use such a URI.
    """
    scheme = scheme_of(uri)
    if scheme in ("", "file") and os.environ.get("MLFLOW_ALLOW_FILE_STORE", "") != "true":
        raise UserError(
            f"tracking URI {shown(uri)!r}: MLflow no longer keeps runs in a folder; "
            "expected sqlite:///FILE.db or http://HOST:PORT"
        )
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    _name_the_user()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from mlflow.store.db import utils as databases

    databases.MAX_RETRY_COUNT = ATTEMPTS
    for name in ("alembic", "mlflow", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if database := database_of(uri):
        if not database.exists():
            _create_store(database)
        uri = "".join((f"sqlite:///{database}", *uri.partition("?")[1:]))
    try:
        return MlflowClient(tracking_uri=uri)
    except MlflowException as error:
        if scheme in ("http", "https") or scheme.startswith("sqlite"):
            raise
        raise UserError(f"tracking URI {shown(uri)!r}: {line(error, uri)}") from None


def _name_the_user() -> None:
    """MLflow asks who runs this, and fails where a container's user has a number and no name."""
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):
        os.environ["LOGNAME"] = f"user-{os.getuid()}"


def _create_store(database: Path) -> None:
    """Create an SQLite store aside and rename it: it takes seconds and may be interrupted."""
    from mlflow import MlflowClient

    aside = database.with_name(f".{database.name}.new")
    for left in aside.parent.glob(f"{aside.name}*"):  # with the journal of a killed attempt
        left.unlink()
    MlflowClient(tracking_uri=f"sqlite:///{aside}").search_experiments()
    os.replace(aside, database)
