"""What is left to show of an erasure: that it was, when, how much of what; nothing of whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hub.common.keyring import INDEX, key_ring, keyed_hash
from users.privacy.models import PrivacyRequest

VERSION = 1
PURPOSE = "privacy.erasures"


@dataclass(frozen=True, slots=True)
class Receipt:
    """`account` is a keyed digest of the account's id, which only the hub can compare; moments are UTC, RFC 3339."""

    request_id: str
    account: str
    requested_at: str
    erased_at: str
    counts: Mapping[str, int]
    verified_at: str | None = None
    outcome: Mapping[str, int] = field(default_factory=dict)
    version: int = VERSION

    def as_json(self) -> dict[str, Any]:
        """For the request's row and the API."""
        return asdict(self)


def digest_of(user_id: UUID) -> str:
    """`kid:hex`: what stands for an account where nothing may say who it was."""
    key = key_ring(INDEX).first
    return f"{key.kid}:{digest_under(key.kid, user_id)}"


def digest_under(kid: str, user_id: UUID) -> str:
    """The same, without the name of the key, under another key of the ring; raises UnknownKey."""
    return keyed_hash(str(user_id), key=key_ring(INDEX).find(kid), purpose=PURPOSE).hex()


def receipt_of(request: PrivacyRequest, *, outcome: Mapping[str, int] | None = None) -> Receipt:
    """Of an erasure that is done; `outcome` is what became of what lay elsewhere."""
    return Receipt(
        request_id=str(request.id),
        account=digest_of(request.user_id),
        requested_at=moment(request.created_at),
        erased_at=moment(request.finished_at or request.created_at),
        counts=dict(request.counts),
        verified_at=None if request.verified_at is None else moment(request.verified_at),
        outcome=dict(outcome or {}),
    )


def moment(value: datetime) -> str:
    """As the API has it."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
