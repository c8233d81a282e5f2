"""Decides who is let in."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from hub.common.errors import HubError
from users import errors
from users.keys import KeyText, no_hash
from users.models import ApiKey, User
from users.networks import allows
from users.refusals import count_refusal
from users.selectors import find_api_key

# How stale "last used" may be: a hot key costs one write an hour, not one a request.
TOUCH_EVERY = timedelta(hours=1)


def authenticate_api_key(*, text: str, ip: str | None, is_counted: bool = True) -> ApiKey:
    """The key, with its owner, that the client may act under: one query, unless "last used" is due (hourly).

    `ip` is the client's address, None when unknown. Raises KeyMissing (for ""), KeyMalformed, KeyUnknown, KeyRevoked,
    KeyExpired, AccountSuspended or IpNotAllowed, each time with one audit entry, which has the code and at most the
    visible prefix, and nothing else written. Of an address that was refused too often lately all of them are
    RateLimited, with nothing written at all; what is right is let in. With `is_counted` false no refusal counts.
    """
    candidate: ApiKey | None = None
    try:
        parsed = _parse(text)
        candidate = find_api_key(prefix=parsed.prefix)
        key = _prove(parsed, candidate)
        _check_standing(key, ip)
    except HubError as refusal:
        if is_counted:
            count_refusal(ip=ip)
        _record_refusal(refusal, candidate, ip)
        raise
    _touch(key, parsed)
    return key


def _parse(text: str) -> KeyText:
    if not text:
        raise errors.KeyMissing
    parsed = KeyText.parse(text)
    if parsed is None:
        raise errors.KeyMalformed
    return parsed


def _prove(parsed: KeyText, candidate: ApiKey | None) -> ApiKey:
    # An unknown prefix costs the same hash and comparison as a wrong secret, and gets the same answer.
    kid, stored = (candidate.pepper_kid, candidate.secret_hash) if candidate else no_hash()
    is_right = parsed.matches(kid, bytes(stored))
    if candidate is None or not (is_right or _is_former(parsed, candidate)):
        raise errors.KeyUnknown
    return candidate


def _is_former(parsed: KeyText, key: ApiKey) -> bool:
    """Whether it is the secret before the last rotation, and still works."""
    if key.former_hash is None or key.former_until is None or key.former_until <= timezone.now():
        return False
    return parsed.matches(key.former_pepper_kid, bytes(key.former_hash))


def _check_standing(key: ApiKey, ip: str | None) -> None:
    if key.revoked_at is not None:
        raise errors.KeyRevoked
    if key.is_expired(timezone.now()):
        raise errors.KeyExpired
    if not key.owner.is_active:
        raise errors.AccountSuspended
    if key.allowed_networks and not allows(key.allowed_networks, ip):
        raise errors.IpNotAllowed


def _record_refusal(refusal: HubError, candidate: ApiKey | None, ip: str | None) -> None:
    if candidate is None:
        record(action=Action.API_KEY_REFUSED, ip=ip, code=refusal.code)
        return
    is_owner = not isinstance(refusal, errors.KeyUnknown)
    record(
        action=Action.API_KEY_REFUSED,
        actor_id=candidate.owner_id if is_owner else None,
        target=("api_key", candidate.id),
        subject_id=candidate.owner_id,
        ip=ip,
        code=refusal.code,
        prefix=candidate.prefix,
    )


def _touch(key: ApiKey, parsed: KeyText) -> None:
    now = timezone.now()
    if _is_due(key.last_used_at, now):
        ApiKey.objects.filter(_was_due("last_used_at", now), id=key.id).update(last_used_at=now)
        _move_to_new_pepper(key, parsed)
    if _is_due(key.owner.last_active_at, now):
        # Not of one that was erased since it was read: nothing of when it was used may come back.
        mine = User.objects.filter(id=key.owner_id, status__in=User.MAY_USE_THE_HUB)
        mine.filter(_was_due("last_active_at", now)).update(last_active_at=now)


def _move_to_new_pepper(key: ApiKey, parsed: KeyText) -> None:
    """While peppers rotate, a key that is used moves to the one that writes, so that the old one can go."""
    kid, secret_hash = parsed.hashed()
    read = bytes(key.secret_hash)
    if kid == key.pepper_kid or not parsed.matches(key.pepper_kid, read):
        return
    # Only from the hash that was read: a secret that was rotated away meanwhile must not come back.
    ApiKey.objects.filter(id=key.id, secret_hash=read).update(pepper_kid=kid, secret_hash=secret_hash)


def _is_due(last: datetime | None, now: datetime) -> bool:
    return last is None or last <= now - TOUCH_EVERY


def _was_due(column: str, now: datetime) -> Q:
    return Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__lte": now - TOUCH_EVERY})
