"""Whose request is being worked on: the address that it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

from django.conf import settings

_current: ContextVar[str | None] = ContextVar("client_address", default=None)


def current_client_address() -> str | None:
    """That of the request being worked on; None outside of one: in a worker, a command, the clock."""
    return _current.get()


@contextmanager
def working_from(address: str | None) -> Iterator[None]:
    """Whatever happens inside happens for that client."""
    token = _current.set(address)
    try:
        yield
    finally:
        _current.reset(token)


def address_in(meta: Mapping[str, Any]) -> str | None:
    """The client's address by a request's META, None when there is none (a Unix socket) or it cannot be read.

    Without TRUSTED_PROXIES it is that of whoever is connected. Behind so many proxies, each of which appends to
    X-Forwarded-For the address that it was called from, it is that many places from the end; what stands before it is
    the client's own claim. A request that came past some of the proxies has too few: then that of whoever is connected.
    """
    hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    trusted = settings.TRUSTED_PROXIES
    address = hops[-trusted] if 0 < trusted <= len(hops) and hops[0] else meta.get("REMOTE_ADDR", "")
    try:
        return str(ip_address(address))
    except ValueError:
        return None
