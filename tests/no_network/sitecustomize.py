"""Refuse every connection that leaves the machine, in this process and in every Python that it starts.

Python runs a `sitecustomize` that it finds on its path at start-up, so one folder on `PYTHONPATH` guards
Prefect's server and Ray's workers too. Attempts are written to a file as well, for libraries swallow errors.
"""

import errno
import os
import socket
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address

_OWN_NAMES = frozenset({"", "localhost", socket.gethostname()})


def _number(host: object) -> IPv4Address | IPv6Address | None:
    """The address that `host` writes out, None where it is a name."""
    try:
        return ip_address(str(host).partition("%")[0])
    except ValueError:
        return None


def _own(host: object) -> bool:
    """Whether a name or no name at all means this machine."""
    return host is None or (host.decode() if isinstance(host, bytes) else host) in _OWN_NAMES


def _refuse(what: str) -> None:
    if report := os.environ.get("ASSAY_TEST_CONNECTIONS"):
        with open(report, "a") as file:
            file.write(f"{what} by {' '.join(sys.argv)[:200]}\n")
    raise OSError(errno.ENETUNREACH, f"tests stay on this machine, refused: {what}")


def _guard(event: str, arguments: tuple) -> None:
    if event in ("socket.connect", "socket.sendto"):
        sock, address = arguments
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            return
        number = _number(address[0])
        if number.is_loopback if number else _own(address[0]):
            return
        if event == "socket.connect" and sock.type & socket.SOCK_DGRAM:
            # Sends nothing: Ray asks so which address the machine would use.
            raise OSError(errno.ENETUNREACH, "no network in tests")
        _refuse(f"{event} {address!r}")
    looks_up = event in ("socket.getaddrinfo", "socket.gethostbyname")
    if looks_up and _number(arguments[0]) is None and not _own(arguments[0]):
        _refuse(f"{event} {arguments[0]!r}")


sys.addaudithook(_guard)
