"""The only way out to an address that a user named.

HTTPS alone; no redirect is followed, no proxy of the environment used, no cookie kept. The host is resolved once, every
address that comes out must be public, and the connection goes to just those addresses: a name that resolves otherwise
a moment later (DNS rebinding) changes nothing. The whole exchange has one deadline, and the answer a size.

WEBHOOK_ALLOWED_HOSTS names hosts that the operator trusts: they may be inside the own network, and speak plain HTTP.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpcore2
import idna
from django.conf import settings

from hub.common.addresses import is_public

LONGEST_URL = 2000
CONNECT_SECONDS = 5.0
# What is read of an answer; nothing of it is used but its status and headers.
ANSWER_BYTES = 16 * 1024
PORTS: Mapping[str, int] = {"https": 443, "http": 80}


class Refused(Exception):
    """The hub does not send there: the URL's form, its host or one of its addresses forbids it. `str()` is a sentence
    for the user and holds nothing of the URL."""


class Failed(Exception):
    """No answer came. `reason` is one of: dns, connection, tls, timeout, protocol."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)

    def __reduce__(self) -> tuple[type[Failed], tuple[str]]:
        return type(self), (self.reason,)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be sent to, taken apart; not in its repr, as a URL may hold a token."""

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)
    # The operator named this host: its addresses are not looked at.
    trusted: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is at most ANSWER_BYTES; `is_whole` says whether that was all of it, in time."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool


def check_url(url: str) -> Target:
    """The target of a URL whose form is good; asks no resolver. Raises Refused."""
    parts = _split(url)
    host = _normal_host(parts)
    trusted = host in {name.lower() for name in settings.WEBHOOK_ALLOWED_HOSTS}
    if parts.scheme != "https" and not (parts.scheme == "http" and trusted):
        raise Refused("The URL must begin with https://.")
    if parts.username is not None or parts.password is not None:
        raise Refused("The URL must not hold a user name or a password.")
    if parts.fragment:
        raise Refused("The URL must not hold a fragment (#...): it is never sent.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, _port(parts) or PORTS[parts.scheme], path, trusted)


def _split(url: str) -> SplitResult:
    if not (0 < len(url) <= LONGEST_URL):
        raise Refused(f"The URL must have 1 to {LONGEST_URL} characters.")
    # urlsplit takes some of these out in silence, and another parser would see another host.
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in ' \\"<>^`{|}'):
        raise Refused("The URL holds a character that must be percent-encoded.")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise Refused("This is not a URL.") from error


def _normal_host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if ":" in host:
        # An IPv6 address; urlsplit has checked it. A zone would name an interface of this machine.
        if "%" in host:
            raise Refused("The URL's address must not name a zone.")
        return host
    try:
        return idna.encode(host.removesuffix("."), uts46=True).decode("ascii").lower()
    except (UnicodeError, IndexError) as error:
        raise Refused("The URL's host is not a valid name.") from error


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError as error:
        raise Refused("The URL's port is not valid.") from error
    if port == 0:
        raise Refused("The URL's port is not valid.")
    return port


def check_reachable(url: str) -> None:
    """As `check_url`, and its host resolves now, to public addresses alone. Raises Refused or Failed("dns")."""
    target = check_url(url)
    allowed_addresses(target, timeout=CONNECT_SECONDS)


def allowed_addresses(target: Target, *, timeout: float) -> Sequence[str]:
    """The host's addresses by one look-up; raises Refused when any of them is not public, Failed when there is none."""
    addresses = _resolve_within(target, timeout)
    if not addresses:
        raise Failed("dns")
    if not target.trusted and not all(is_public(address) for address in addresses):
        raise Refused("The URL's host has an address that is not on the public Internet.")
    return addresses


def resolve(host: str, port: int) -> list[str]:
    """Every address of the host, in the system's order, each once; raises OSError. The boundary to the resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _resolve_within(target: Target, timeout: float) -> Sequence[str]:
    """The system's resolver knows no deadline: it is asked in a thread, which is left behind when it takes too long."""
    answers: list[list[str]] = []

    def ask() -> None:
        try:
            answers.append(resolve(target.host, target.port))
        except (OSError, UnicodeError):
            answers.append([])

    thread = threading.Thread(target=ask, name="resolver", daemon=True)
    thread.start()
    thread.join(max(timeout, 0))
    if not answers:
        raise Failed("timeout")
    return answers[0]


def post(url: str, *, content: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
    """Sends once and gives the answer, whatever its status, within `timeout` seconds in all.

    Raises Refused when the URL or what its host resolves to now is not allowed, and Failed when no answer came.
    Once a status has come it counts: a body that is too long or too slow is cut, and the connection closed.
    """
    target = check_url(url)
    until = time.monotonic() + timeout
    with httpcore2.ConnectionPool(ssl_context=tls_context(), network_backend=_CheckedNetwork(target, until)) as pool:
        try:
            return _exchange(pool, target, content, headers)
        except httpcore2.TimeoutException as error:
            raise Failed("timeout") from error
        except httpcore2.NetworkError as error:
            raise Failed("tls" if _is_tls(error) else "connection") from error
        except httpcore2.ProtocolError as error:
            raise Failed("protocol") from error


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """The system's authorities (or those of SSL_CERT_FILE), TLS 1.2 at least; made once."""
    context = httpcore2.default_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _exchange(pool: httpcore2.ConnectionPool, target: Target, content: bytes, headers: Mapping[str, str]) -> Answer:
    origin = f"[{target.host}]" if ":" in target.host else target.host
    url = httpcore2.URL(
        scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path.encode()
    )
    shown_port = "" if target.port == PORTS[target.scheme] else f":{target.port}"
    named = {"Host": f"{origin}{shown_port}", "Content-Length": str(len(content)), "Connection": "close", **headers}
    with pool.stream("POST", url, headers=list(named.items()), content=content) as response:
        body, is_whole = _read(response.iter_stream())
        return Answer(response.status, _texts(response.headers), body, is_whole)


def _read(pieces: Iterable[bytes]) -> tuple[bytes, bool]:
    body = b""
    try:
        for piece in pieces:
            body += piece
            if len(body) > ANSWER_BYTES:
                return body[:ANSWER_BYTES], False
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError):
        return body, False
    return body, True


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


class _CheckedNetwork(httpcore2.NetworkBackend):
    """Connects to the addresses that were checked, and to no others. TLS is told the host's name by the pool above."""

    def __init__(self, target: Target, until: float) -> None:
        self._target = target
        self._until = until
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        """To the first of them that answers; raises Refused, Failed or httpcore2's errors."""
        addresses = allowed_addresses(self._target, timeout=min(CONNECT_SECONDS, _remaining(self._until)))
        failure: Exception = httpcore2.ConnectError()
        for address in addresses:
            try:
                timeout = min(CONNECT_SECONDS, _remaining(self._until))
                return _TimedStream(self._inner.connect_tcp(address, port, timeout=timeout), self._until)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


def _remaining(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left


class _TimedStream(httpcore2.NetworkStream):
    """A connection all of whose steps together have one deadline: who sends a byte a second gains no time by it."""

    def __init__(self, inner: httpcore2.NetworkStream, until: float) -> None:
        self._inner = inner
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _remaining(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _remaining(self._until))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, min(CONNECT_SECONDS, _remaining(self._until)))
        return _TimedStream(secured, self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
