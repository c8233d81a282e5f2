"""What more than one answer holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, Protocol, TypeVar, runtime_checkable
from urllib.parse import parse_qs, urlsplit

T = TypeVar("T")


@runtime_checkable
class HasId(Protocol):
    """Anything of the hub's that is known by an id."""

    @property
    def id(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A part of a list; `next` is the address of the following one, None on the last."""

    results: tuple[T, ...]
    next: str | None

    @property
    def cursor(self) -> str | None:
        """What `list(cursor=...)` takes to go on from here; None on the last page."""
        found = parse_qs(urlsplit(self.next or "").query).get("cursor")
        return found[0] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """A field that the hub refuses, dotted where it is nested, and why."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A quota, or the cap of an API key, that a request touches, as it stands now."""

    kind: str
    """The kind of work that it limits; empty: every kind."""
    period: str
    api_key_id: str | None
    limit_usd: Decimal
    spent_usd: Decimal
    held_usd: Decimal
    requested_usd: Decimal
    remaining_usd: Decimal
    remaining_after_usd: Decimal | None = None
    """Of quotes alone; below zero: it does not fit."""
    resets_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePolicy:
    """A rate limit as it stood when a request was refused: so many `requests` in `window_seconds` on the average."""

    name: str
    requests: int
    window_seconds: int
    burst: int
    remaining: int
    retry_after_seconds: int
    """0: it is not this one that refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPrice:
    """The price of one unit, and which version of it."""

    variant: str
    price_id: str
    usd: Decimal
