"""API keys, the account and its trail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict, Unpack

from generation_hub.encoding import Known, Usd, at, body, moment, usd
from generation_hub.exchange import exchange, fetched, pages
from generation_hub.options import Options
from generation_hub.plan import Flow, Plan, Request
from generation_hub.shapes.account import ApiKey, AuditEntry, Me, NewApiKey
from generation_hub.shapes.common import Page

KEYS = "/api-keys"


class AuditFilters(TypedDict, total=False):
    """Which of what was done."""

    action: str | None
    target_type: str | None
    target_id: Known | None
    created_after: datetime | None
    created_before: datetime | None


def me(options: Options) -> Plan[Me]:
    """The account, the key in use, and what is left."""
    return (yield from fetched(options, Me, Request(method="GET", path="/me")))


def audit(
    options: Options, *, limit: int | None = None, cursor: str | None = None, **filters: Unpack[AuditFilters]
) -> Flow[Page[AuditEntry]]:
    """What was done by the account, or to it, newest first; `limit` is the size of a page."""
    return pages(options, AuditEntry, "/audit", {**filters, "limit": limit, "cursor": cursor})


def list_keys(options: Options, *, limit: int | None = None, cursor: str | None = None) -> Flow[Page[ApiKey]]:
    """The keys, ended ones too, newest first; never a secret."""
    return pages(options, ApiKey, KEYS, {"limit": limit, "cursor": cursor})


def get_key(options: Options, key: Known) -> Plan[ApiKey]:
    """One key."""
    return (yield from fetched(options, ApiKey, Request(method="GET", path=at(KEYS, key))))


def create_key(
    options: Options,
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    allowed_ips: Iterable[str] | None = None,
    caps: Mapping[str, Usd] | None = None,
) -> Plan[NewApiKey]:
    """Makes a key that may do no more than the one in use; its text is in this answer alone.

    `caps` are US dollars for any of the periods day, month and total. What is left out is as the key in use has it.
    """
    members = body(
        name=name,
        scopes=list(scopes),
        expires_at=None if expires_at is None else moment(expires_at),
        allowed_ips=None if allowed_ips is None else list(allowed_ips),
        caps=None if caps is None else [{"period": each, "limit_usd": usd(limit)} for each, limit in caps.items()],
    )
    return (yield from fetched(options, NewApiKey, Request(method="POST", path=KEYS, body=members)))


def rotate_key(
    options: Options, key: Known, *, former_until: datetime | None = None, end_former_now: bool = False
) -> Plan[NewApiKey]:
    """Gives a key a new secret. The one before works until `former_until`: 24 hours on unless you say otherwise."""
    members: dict[str, object] = {} if former_until is None else {"former_until": moment(former_until)}
    if end_former_now:
        members = {"former_until": None}
    return (yield from fetched(options, NewApiKey, Request(method="POST", path=at(KEYS, key, "/rotate"), body=members)))


def revoke_key(options: Options, key: Known) -> Plan[None]:
    """Ends a key at once and for good."""
    yield from exchange(options, Request(method="DELETE", path=at(KEYS, key)))
