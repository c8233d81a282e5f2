"""Money, keys, the account and its trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from generation_hub.shapes.common import UnitPrice


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much may be spent in a period, and what is left of it."""

    kind: str
    """The kind of work that it limits; empty: every kind."""
    period: str
    limit_usd: Decimal
    granted_usd: Decimal
    spent_usd: Decimal
    held_usd: Decimal
    remaining_usd: Decimal
    resets_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEntry:
    """One request to a provider and what it cost."""

    id: str
    generation_id: str
    attempt_id: str
    api_key_id: str | None
    model: str
    kind: str
    units: Mapping[str, int]
    prices: Mapping[str, UnitPrice]
    cost_usd: Decimal
    estimate_usd: Decimal
    outcome: str
    confirmed: bool
    estimated: bool
    over_hold: bool
    latency_ms: int
    provider_request_id: str
    request_id: str
    tags: tuple[str, ...] | None = None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSum:
    """The sum of a group; what was not grouped by is None."""

    day: date | None = None
    month: str | None = None
    model: str | None = None
    kind: str | None = None
    api_key: str | None = None
    tag: str | None = None
    requests: int
    cost_usd: Decimal
    units: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """What one key may spend in a period, and what is left of it."""

    period: str
    limit_usd: Decimal
    spent_usd: Decimal
    held_usd: Decimal
    remaining_usd: Decimal
    resets_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key, without its secret."""

    id: str
    name: str
    prefix: str
    status: str
    scopes: tuple[str, ...]
    allowed_ips: tuple[str, ...] = ()
    caps: tuple[Cap, ...] = ()
    made_by_api_key_id: str | None = None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    former_until: datetime | None = None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey(ApiKey):
    """An API key with its text, which is shown this once and is no part of the repr."""

    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The account, the key that asks, and what is left."""

    id: str
    email: str = field(repr=False)
    status: str
    created_at: datetime
    last_active_at: datetime | None
    api_key: ApiKey
    quotas: tuple[Quota, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Something that was done by or to the account."""

    id: str
    action: str
    actor: str
    """self; other: staff; hub: nobody in person."""
    actor_label: str
    target_type: str
    target_id: str | None
    ip: str | None = field(repr=False)
    data: Mapping[str, Any]
    request_id: str
    created_at: datetime
