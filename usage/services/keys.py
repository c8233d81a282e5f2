"""API keys with their caps: a key's spending is limited by quotas of its own.

Here and not with the keys, as caps are money: `users` knows no quota.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from hub.common.money import text
from usage.selectors import caps_of
from usage.services.quotas import set_quota
from users.errors import KeyExceedsOwn
from users.models import ApiKey, User
from users.services import issue_api_key, rotate_api_key

# {period: US dollars}
Caps = Mapping[str, Decimal]


@transaction.atomic
def create_key(
    *,
    user: User,
    giver: ApiKey,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    allowed_ips: Sequence[str] = (),
    caps: Caps,
) -> tuple[ApiKey, str]:
    """A key of the user's, made with their key `giver`, and its text, shown this once; audited with each cap.

    It has no more than the giver: what is left open (expiry, networks, the cap of a period) is the giver's, and what is
    more raises KeyExceedsOwn. What it spends counts against the caps of the giver too, so that many keys together
    cannot spend more than the one that made them. Raises as issue_api_key; a second call makes a second key.
    """
    own = _limits(user, giver)
    _refuse_higher(caps, own)
    key, key_text = issue_api_key(
        owner=user, name=name, scopes=scopes, expires_at=expires_at, allowed_ips=allowed_ips, giver=giver, actor=user
    )
    for period, limit in sorted({**own, **caps}.items()):
        set_quota(user=user, kind="", period=period, limit=limit, actor=user, api_key_id=key.pk)
    return key, key_text


def rotate_key(
    *, user: User, giver: ApiKey, key: ApiKey, former_until: datetime | None, now: datetime
) -> tuple[ApiKey, str]:
    """As rotate_api_key; also refused, by KeyExceedsOwn, is a key with a higher cap than the giver's, or without one.

    A key that comes from the giver is bound by the giver's caps whatever its own are.
    """
    if key.pk != giver.pk and giver.pk not in key.lineage:
        has, own = _limits(user, key), _limits(user, giver)
        _refuse_higher(has, own)
        _refuse_uncapped(has, own)
    return rotate_api_key(key=key, giver=giver, actor=user, former_until=former_until, now=now)


def _limits(user: User, key: ApiKey) -> dict[str, Decimal]:
    return {status.period: status.limit for status in caps_of(user=user, api_key_ids=[key.pk]).get(key.pk, ())}


def _refuse_higher(caps: Caps, own: Caps) -> None:
    _refuse(
        {"field": f"caps.{period}", "message": f"Your key's own is {text(own[period])} US dollars."}
        for period, limit in caps.items()
        if period in own and limit > own[period]
    )


def _refuse_uncapped(caps: Caps, own: Caps) -> None:
    _refuse(
        {"field": f"caps.{period}", "message": "Your key has a cap here and that one has none."}
        for period in sorted(set(own) - set(caps))
    )


def _refuse(exceeds: Iterable[dict[str, str]]) -> None:
    found = list(exceeds)
    if found:
        raise KeyExceedsOwn(exceeds=found)
