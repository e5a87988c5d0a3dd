"""Refuses, within this process, every connection and look-up but those of this machine."""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


def _refuse(host: Any) -> None:
    """Raise AssertionError, which no code under test may catch, for what is elsewhere."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", socket.gethostname(), "<broadcast>"):
        return
    try:
        address = ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        str(name).encode("idna")  # what is no name is refused by the look-up itself
    else:
        if address.is_loopback or address.is_unspecified or _own(address):
            return
    raise AssertionError(f"a test tried to reach {name}; tests run without a network")


def _own(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is this machine's: no other can be bound to."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((str(address), 0))
        return True
    return False


@contextmanager
def refused() -> Iterator[None]:
    """As the module says, meanwhile. To connect a datagram socket sends nothing and is allowed."""
    lookup, kept = socket.getaddrinfo, {}

    def guarded(name: str) -> Any:
        real = kept[name] = getattr(socket.socket, name)

        def call(self: socket.socket, *arguments: Any) -> Any:
            address = arguments[-1]
            quiet = self.type == socket.SOCK_DGRAM and name != "sendto"
            if self.family in (socket.AF_INET, socket.AF_INET6) and not quiet:
                _refuse(address[0])
            return real(self, *arguments)

        return call

    def find(host: Any, *arguments: Any, **keys: Any) -> Any:
        _refuse(host)
        return lookup(host, *arguments, **keys)

    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, guarded(name))
    socket.getaddrinfo = find
    try:
        yield
    finally:
        socket.getaddrinfo = lookup
        for name, real in kept.items():
            setattr(socket.socket, name, real)
