"""One POST to an address that a person gave us: it must not reach our own network, wander off, or hold us up.

The name is resolved once, every address it has is checked, and the connection goes to a checked address (a name that
changes between check and use leads nowhere). Redirects are not followed; a slow-dripping answer is cut at the deadline.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from notifications.transports import TransportError

DEADLINE_SECONDS = 4.0  # below the first lease of 5 s: a slow gateway must not look like a dead worker
LONGEST_URL = 2000
READ_BYTES = 300
# Networks inside IPv6 addresses that stand for an IPv4 one, which may be private.
_TRANSLATED = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]
_CONTEXT = ssl.create_default_context()


class Unsafe(Exception):
    """This address must not be called; the text says why."""


@dataclass(frozen=True)
class Answer:
    """What the other side said: its status, and the start of its body for the attempt's record."""

    status: int
    text: str

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300


def checked(url: str) -> SplitResult:
    """This function will take an https address apart (http too where private networks are allowed), or raise Unsafe."""
    if len(url) > LONGEST_URL or not url.isascii() or any(ord(char) <= 32 for char in url):
        raise Unsafe("It is too long, or holds characters that an address cannot hold.")
    try:
        parts = urlsplit(url)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError as error:
        raise Unsafe("It is not an address.") from error
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.OUTBOUND_PRIVATE):
        raise Unsafe("It must begin with https://.")
    if not parts.hostname or not port_is_good or parts.username is not None or parts.password is not None:
        raise Unsafe("It must name a host, without user name or password.")
    return parts


def public_address(host: str, port: int) -> str:
    """This function will resolve a host and give its first address, or raise Unsafe when any of them is not public."""
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise TransportError(f"{host} is not known: {error}") from error
    if not settings.OUTBOUND_PRIVATE and not all(is_public(address) for address in found):
        raise Unsafe("It leads into a private network.")
    return found[0]


def is_public(address: str) -> bool:
    """This function will tell whether an address is one of the open internet, also when IPv6 wraps an IPv4 one."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in network for network in _TRANSLATED):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def send(url: str, *, body: bytes, headers: Mapping[str, str], method: str = "POST") -> Answer:
    """This function will POST (or PUT) once and give the answer. Raises TransportError: permanent when the address is unsafe."""
    try:
        parts = checked(url)
        connection = _connected(parts)
    except Unsafe as error:
        raise TransportError(f"The address may not be called. {error}", permanent=True) from error
    except OSError as error:
        raise TransportError(f"No connection: {error}") from error
    # A socket timeout begins anew with every byte; this timer does not.
    was_cut = threading.Event()
    deadline = threading.Timer(DEADLINE_SECONDS, _cut, [connection, was_cut])
    deadline.start()
    try:
        path = parts.path or "/"
        connection.request(method, f"{path}?{parts.query}" if parts.query else path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        text = answer.read(READ_BYTES).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise TransportError(f"No answer that could be read: {error!r}") from error
    finally:
        deadline.cancel()
        connection.close()
    if was_cut.is_set():  # headers that end early look complete to http.client
        raise TransportError(f"No whole answer within {DEADLINE_SECONDS:g} s.")
    return Answer(answer.status, text)


def _connected(parts: SplitResult) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    raw = socket.create_connection((public_address(host, port), port), timeout=DEADLINE_SECONDS)
    connection = http.client.HTTPConnection(host, port, timeout=DEADLINE_SECONDS)
    # The name goes into Host and into the certificate check; the connection goes to the address that was checked.
    connection.sock = _CONTEXT.wrap_socket(raw, server_hostname=host) if parts.scheme == "https" else raw
    return connection


def _cut(connection: http.client.HTTPConnection, was_cut: threading.Event) -> None:
    was_cut.set()
    sock = connection.sock
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            connection.close()  # already gone
