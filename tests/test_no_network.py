"""The tests reach nothing but this machine, and would be told if they tried."""

import os
import socket
import subprocess
import sys
import urllib.request

import pytest
from project import PYTHONPATH

DOCUMENTATION = "192.0.2.1"  # an address that belongs to nobody


@pytest.mark.parametrize("host", [DOCUMENTATION, "2001:db8::1", "example.org", "pypi.org"])
def test_a_connection_to_elsewhere_is_refused(host):
    with pytest.raises(AssertionError, match=f"a test tried to reach {host}"):
        socket.create_connection((host, 80), timeout=1)


def test_a_packet_to_elsewhere_is_refused():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own,
        pytest.raises(AssertionError, match=f"a test tried to reach {DOCUMENTATION}"),
    ):
        own.sendto(b"hello", (DOCUMENTATION, 53))


def test_a_download_from_elsewhere_is_refused(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(AssertionError, match=r"a test tried to reach example\.org"):
        urllib.request.urlopen("http://example.org/", timeout=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_loopback_is_free(host):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = (host, server.getsockname()[1])
        with socket.create_connection(address, timeout=1) as client:
            client.sendall(b"hello")
            there, _ = server.accept()
            with there:
                assert there.recv(5) == b"hello"


CHILD = "import socket; socket.create_connection(({host!r}, {port}), timeout=1).close()"


def child(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("environment", [{}, {"PYTHONPATH": PYTHONPATH}])
@pytest.mark.parametrize("generation", [1, 2])
def test_a_child_of_a_test_is_refused_too_and_says_whom_it_tried(environment, generation):
    code = CHILD.format(host=DOCUMENTATION, port=80)
    if generation == 2:
        code = (
            f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', {code!r}]))"
        )
    done = child(code, **environment)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == (
        f"AssertionError: a test tried to reach {DOCUMENTATION}; tests run without a network"
    )


def test_a_child_of_a_test_reaches_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = child(CHILD.format(host="127.0.0.1", port=server.getsockname()[1]))
        assert done.returncode == 0, done.stderr
        server.settimeout(1)
        server.accept()[0].close()


def test_the_environments_own_customisation_still_runs_in_a_child(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("print('own')")
    path = os.pathsep.join((PYTHONPATH, str(tmp_path)))
    done = child(CHILD.format(host=DOCUMENTATION, port=80), PYTHONPATH=path)
    assert done.stdout == "own\n"
    assert "a test tried to reach" in done.stderr
