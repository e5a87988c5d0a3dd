"""Reaches a Ray cluster: soon, or with one line that says why not."""

import os
import signal
import socket
import subprocess
import sys
from typing import Any

from ae.errors import OutsideError, UserError
from ae.machine.modules import PACKAGE
from ae.machine.threads import POLICY
from ae.redaction import bare, redacted

REACH_SECONDS = 10.0  # to wait for an address to answer
PROBE = "import sys, ray; ray.init(sys.argv[1], logging_level='ERROR', log_to_driver=False)"


def line(error: BaseException) -> str:
    """An error of Ray's, in one line of at most 300 characters."""
    return redacted(" ".join(str(error).split()))[:300]


def connect(address: str | None, cpus: int) -> Any:
    """Ray, connected; the environment of its workers is set before they load torch."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise OutsideError(
            "--executor ray: ray is not installed; in a checkout of the project: "
            "python -m pip install '.[ray]'"
        ) from None
    if address := address or os.environ.get("RAY_ADDRESS"):
        _reach(address)
    policy = {name: os.environ[name] for name in POLICY if name in os.environ}
    heard = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(
            address=address,
            runtime_env={
                "py_modules": [str(PACKAGE)],
                "env_vars": policy | {"OMP_NUM_THREADS": str(cpus)},
            },
            logging_level="ERROR",
            log_to_driver=False,
        )
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise OutsideError(f"--executor ray: {line(error)}") from None
    for number, handler in heard.items():  # Ray takes SIGTERM for itself
        signal.signal(number, handler)
    return ray


def _reach(address: str) -> None:
    """Fail soon, in one line, where Ray would try for minutes: first a port, then all of Ray."""
    if address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or "/" in host:
        raise UserError(
            f"--address: found {bare(address)!r}; expected HOST:PORT of the cluster's head, or auto, on "
            "a machine of the cluster"
        )
    try:
        socket.create_connection((host, int(port)), timeout=REACH_SECONDS / 2).close()
        found = subprocess.run(
            [sys.executable, "-c", PROBE, address],
            timeout=REACH_SECONDS,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    except (OSError, OverflowError) as error:
        raise OutsideError(f"--address {address}: does not answer: {error}") from None
    except subprocess.TimeoutExpired:
        raise OutsideError(
            f"--address {address}: no Ray cluster answers there within {REACH_SECONDS:.0f} s"
        ) from None
    if found.returncode:
        last = (found.stderr.strip().splitlines() or ["Ray ended without a word"])[-1]
        raise OutsideError(f"--address {address}: {redacted(last, address)}")
