"""Writes accounts and keys, and decides who is let in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from hub.common.errors import HubError
from users import errors
from users.keys import KeyText, no_hash
from users.models import ApiKey, User
from users.scopes import ALL_SCOPES
from users.selectors import find_api_key

# How stale "last used" may be: a hot key costs one write an hour, not one a request.
TOUCH_EVERY = timedelta(hours=1)


def create_user(*, email: str, is_staff: bool = False, is_superuser: bool = False, password: str | None = None) -> User:
    """A new account, audited; without a password nobody can sign in to it. Raises EmailMalformed or EmailTaken."""
    return User.objects.create_user(email, password, is_staff=is_staff, is_superuser=is_superuser)


def set_password(*, user: User, password: str, actor: User | None = None) -> None:
    """Sets it, audited; sessions begun with the former one end. A second call with the same changes only the salt."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        record(action=Action.USER_PASSWORD_SET, actor_id=actor.id if actor else None, target=("user", user.id))


def issue_api_key(
    *,
    owner: User,
    name: str,
    scopes: Sequence[str] = ALL_SCOPES,
    expires_at: datetime | None = None,
    actor: User | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which exists nowhere else and cannot be shown again. A second call makes a second key.

    Raises ScopeUnknown or ExpiryPast. Without an `actor` the owner is taken for it.
    """
    _check_scopes(scopes)
    if expires_at is not None and expires_at <= timezone.now():
        raise errors.ExpiryPast
    text = KeyText.make()
    pepper_kid, secret_hash = text.hashed()
    with transaction.atomic():
        key = ApiKey.objects.create(
            owner=owner,
            name=name,
            prefix=text.prefix,
            secret_hash=secret_hash,
            pepper_kid=pepper_kid,
            scopes=sorted(set(scopes)),
            expires_at=expires_at,
        )
        record(
            action=Action.API_KEY_ISSUED,
            actor_id=(actor or owner).id,
            target=("api_key", key.id),
            owner_id=owner.id,
            prefix=key.prefix,
            scopes=key.scopes,
            expires_at=expires_at,
        )
    return key, text.text


def _check_scopes(scopes: Sequence[str]) -> None:
    unknown = sorted(set(scopes) - set(ALL_SCOPES))
    if unknown or not scopes:
        raise errors.ScopeUnknown(unknown=unknown, known=list(ALL_SCOPES))


def revoke_api_key(*, key: ApiKey, actor: User | None) -> bool:
    """Ends the key now, audited; False, and nothing written, when it had been revoked before."""
    with transaction.atomic():
        now = timezone.now()
        if not ApiKey.objects.filter(id=key.id, revoked_at__isnull=True).update(revoked_at=now):
            return False
        record(
            action=Action.API_KEY_REVOKED,
            actor_id=actor.id if actor else None,
            target=("api_key", key.id),
            owner_id=key.owner_id,
            prefix=key.prefix,
        )
    key.revoked_at = now
    return True


def authenticate_api_key(*, text: str, ip: str | None) -> ApiKey:
    """The key, with its owner, that the client may act under: one query, unless "last used" is due (hourly).

    Raises KeyMissing (for ""), KeyMalformed, KeyUnknown, KeyRevoked, KeyExpired or AccountSuspended, each time with one
    audit entry, which has the code and at most the visible prefix, and nothing else written.
    """
    candidate: ApiKey | None = None
    try:
        parsed = _parse(text)
        candidate = find_api_key(prefix=parsed.prefix)
        key = _prove(parsed, candidate)
        _check_standing(key)
    except HubError as refusal:
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
    if candidate is None or not is_right:
        raise errors.KeyUnknown
    return candidate


def _check_standing(key: ApiKey) -> None:
    if key.revoked_at is not None:
        raise errors.KeyRevoked
    if key.is_expired(timezone.now()):
        raise errors.KeyExpired
    if not key.owner.is_active:
        raise errors.AccountSuspended


def _record_refusal(refusal: HubError, candidate: ApiKey | None, ip: str | None) -> None:
    if candidate is None:
        record(action=Action.API_KEY_REFUSED, ip=ip, code=refusal.code)
        return
    is_owner = not isinstance(refusal, errors.KeyUnknown)
    record(
        action=Action.API_KEY_REFUSED,
        actor_id=candidate.owner_id if is_owner else None,
        target=("api_key", candidate.id),
        ip=ip,
        code=refusal.code,
        prefix=candidate.prefix,
    )


def _touch(key: ApiKey, parsed: KeyText) -> None:
    now = timezone.now()
    if _is_due(key.last_used_at, now):
        kid, secret_hash = parsed.hashed()
        # While peppers rotate, a key that is used moves to the one that writes, so that the old one can go.
        ApiKey.objects.filter(_was_due("last_used_at", now), id=key.id).update(
            last_used_at=now, pepper_kid=kid, secret_hash=secret_hash
        )
    if _is_due(key.owner.last_active_at, now):
        User.objects.filter(_was_due("last_active_at", now), id=key.owner_id).update(last_active_at=now)


def _is_due(last: datetime | None, now: datetime) -> bool:
    return last is None or last <= now - TOUCH_EVERY


def _was_due(column: str, now: datetime) -> Q:
    return Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__lte": now - TOUCH_EVERY})
