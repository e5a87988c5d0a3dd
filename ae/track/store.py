"""Where copies are sent: a server or an SQLite store, asked whether it is there.

MLflow takes seconds to import, so it is imported only when there is something to send and
somebody to send it to.
"""

import http.client
import logging
import os
import ssl
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock

from ae import tracked
from ae.errors import UserError
from ae.track.failure import TrackingError, line, shown

if TYPE_CHECKING:
    from mlflow import MlflowClient

CONNECT, ANSWER, HELD = 0.8, 3.0, 300.0  # seconds until a server, or the store's lock, is given up
SETTINGS = {  # read by MLflow at import or at each call; what the user has set stays
    "DO_NOT_TRACK": "true",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": "60",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def default_uri(root: Path) -> str:
    """`MLFLOW_TRACKING_URI` where it is set, else the SQLite store under `root`/results."""
    store = root.resolve() / "results" / "mlflow.db"
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{store}"


def database_of(uri: str) -> Path | None:
    """The file of an SQLite store; None where the URI is of another kind."""
    return Path(uri.partition(":///")[2]).resolve() if uri.startswith("sqlite:///") else None


def artifacts_of(uri: str, experiment: str) -> str | None:
    """Beside an SQLite store, whatever the working directory; else the server decides."""
    database = database_of(uri)
    return (database.parent / "mlartifacts" / experiment).as_uri() if database else None


def lock(uri: str, folder: Path) -> FileLock:
    """One sender at a time: three that create an SQLite store at once would spoil it."""
    database = database_of(uri)
    path = (
        database.with_name(f"{database.name}.lock")
        if database
        else folder / f".{tracked.MARKER}.lock"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, timeout=HELD)


def probe(uri: str) -> None:
    """Ask an HTTP server for its health: any answer but a server's error will do."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return
    host, port = _place(uri)
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
    scheme = urlsplit(uri).scheme
    if scheme in ("", "file") and os.environ.get("MLFLOW_ALLOW_FILE_STORE", "") != "true":
        raise UserError(
            f"tracking URI {uri!r}: MLflow no longer keeps runs in a folder; "
            "expected sqlite:///FILE.db or http://HOST:PORT"
        )
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    for name in ("alembic", "mlflow", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.ERROR)
    database = database_of(uri)
    if database and not database.exists():
        _create_store(database)
    try:
        return MlflowClient(tracking_uri=uri)
    except MlflowException as error:
        if scheme in ("http", "https", "sqlite"):
            raise
        raise UserError(f"tracking URI {shown(uri)!r}: {line(error)}") from None


def _create_store(database: Path) -> None:
    """Create an SQLite store aside and rename it: it takes seconds and may be interrupted."""
    from mlflow import MlflowClient

    aside = database.with_name(f".{database.name}.new")
    for left in aside.parent.glob(f"{aside.name}*"):  # with the journal of a killed attempt
        left.unlink()
    MlflowClient(tracking_uri=f"sqlite:///{aside}").search_experiments()
    os.replace(aside, database)
