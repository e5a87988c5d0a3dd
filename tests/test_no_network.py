"""The tests reach nothing but this machine, and would be told if they tried."""

import socket
import urllib.request

import pytest

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
