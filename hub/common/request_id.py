"""The id that follows one request through log lines, ledger, audit and the jobs it starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from hub.common.ids import uuid7

HEADER = "X-Request-ID"
LONGEST = 64
_ALLOWED = re.compile(rf"[A-Za-z0-9._\-]{{1,{LONGEST}}}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request or job being worked on; "" outside of one."""
    return _current.get()


def bind_request_id(value: str) -> Token[str]:
    """Makes `value` current until `release` is called with the token."""
    return _current.set(value)


def release(token: Token[str]) -> None:
    """Puts back what was current before."""
    _current.reset(token)


@contextmanager
def working_for(value: str) -> Iterator[None]:
    """Whatever happens inside happens for that request, also when it is days later and in another process."""
    token = bind_request_id(value)
    try:
        yield
    finally:
        release(token)


def accepted(given: str | None) -> str:
    """What the client sent when it is a safe id (letters, digits, `.` `_` `-`, at most 64), else a new one."""
    return given if given and _ALLOWED.fullmatch(given) else str(uuid7())
