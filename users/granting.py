"""What one key may give to another: never more than it has itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from users.errors import KeyExceedsOwn, KeyLineageTooLong
from users.models import ApiKey
from users.networks import is_within

# Every key of a line may have caps, and a job holds in all of them.
LONGEST_LINEAGE = 4


@dataclass(frozen=True, slots=True)
class Rights:
    """What a key may do, beside its caps. No expiry: for ever; no networks: from anywhere."""

    scopes: Sequence[str]
    expires_at: datetime | None = None
    networks: Sequence[str] = ()

    @classmethod
    def of(cls, key: ApiKey) -> Rights:
        """Those of a key that exists."""
        return cls(key.scopes, key.expires_at, key.allowed_networks)


def inherited(rights: Rights, *, giver: ApiKey) -> Rights:
    """What is left open is the giver's: its expiry, its networks."""
    return Rights(
        scopes=rights.scopes,
        expires_at=rights.expires_at or giver.expires_at,
        networks=tuple(rights.networks) or tuple(giver.allowed_networks),
    )


def refuse_more(rights: Rights, *, giver: ApiKey) -> None:
    """Raises KeyExceedsOwn, with everything that would be more than the giver has, in its fact `exceeds`."""
    exceeds = [*_scopes(rights, giver), *_expiry(rights, giver), *_networks(rights, giver)]
    if exceeds:
        raise KeyExceedsOwn(exceeds=exceeds)


def line_from(giver: ApiKey) -> list[UUID]:
    """The lineage of a key that `giver` makes; raises KeyLineageTooLong."""
    if len(giver.lineage) >= LONGEST_LINEAGE:
        raise KeyLineageTooLong(longest=LONGEST_LINEAGE)
    return list(giver.line)


def _scopes(rights: Rights, giver: ApiKey) -> Iterable[dict[str, str]]:
    for scope in sorted(set(rights.scopes) - set(giver.scopes)):
        yield {"field": "scopes", "message": f"Your key lacks {scope}."}


def _expiry(rights: Rights, giver: ApiKey) -> Iterable[dict[str, str]]:
    if giver.expires_at is not None and (rights.expires_at is None or rights.expires_at > giver.expires_at):
        yield {"field": "expires_at", "message": f"Your key expires at {giver.expires_at.isoformat()}."}


def _networks(rights: Rights, giver: ApiKey) -> Iterable[dict[str, str]]:
    if not giver.allowed_networks:
        return
    if not rights.networks:
        yield {"field": "allowed_ips", "message": "Your key may be used from some networks alone."}
    if not all(is_within(network, giver.allowed_networks) for network in rights.networks):
        yield {"field": "allowed_ips", "message": "One of these networks reaches beyond those of your key."}
