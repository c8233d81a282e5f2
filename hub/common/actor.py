"""Who acts where no account does: a label for the audit trail, such as `operator` for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

OPERATOR = "operator"
WORKER = "worker"
_current: ContextVar[str] = ContextVar("actor_label", default="")


def current_actor_label() -> str:
    """Of whoever acts now without an account; "" where that is not known."""
    return _current.get()


@contextmanager
def acting_as(label: str) -> Iterator[None]:
    """Whatever happens inside is done by them, where no account is named."""
    token = _current.set(label)
    try:
        yield
    finally:
        _current.reset(token)
