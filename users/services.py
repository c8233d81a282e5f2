"""Writes accounts and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from users import errors
from users.granting import Rights, inherited, line_from, refuse_more
from users.keys import KeyText
from users.models import ApiKey, User
from users.networks import NOWHERE, normalise_network
from users.scopes import ALL_SCOPES

LONGEST_OVERLAP = timedelta(days=7)
USUAL_OVERLAP = timedelta(hours=24)


def create_user(*, email: str, is_staff: bool = False, is_superuser: bool = False, password: str | None = None) -> User:
    """A new account, audited; without a password nobody can sign in to it. Raises EmailMalformed or EmailTaken."""
    return User.objects.create_user(email, password, is_staff=is_staff, is_superuser=is_superuser)


def set_password(*, user: User, password: str, actor: User | None = None, ip: str | None = None) -> None:
    """Sets it, audited; sessions begun with the former one end. A second call with the same changes only the salt."""
    with transaction.atomic():
        # Not set_password: what was set by that is audited when it is saved, without an actor.
        user.password = make_password(password)
        user.save(update_fields=["password"])
        record(action=Action.USER_PASSWORD_SET, actor_id=actor.id if actor else None, target=("user", user.id), ip=ip)


def issue_api_key(
    *,
    owner: User,
    name: str,
    scopes: Sequence[str] = ALL_SCOPES,
    expires_at: datetime | None = None,
    allowed_ips: Sequence[str] = (),
    giver: ApiKey | None = None,
    actor: User | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which exists nowhere else and cannot be shown again. A second call makes a second key.

    `giver` is the owner's key that makes it: what is left open is as the giver has it, and more than it has is refused.
    Raises ExpiryPast, ValueError for a scope or a network that is none, and with a giver KeyExceedsOwn and
    KeyLineageTooLong. Without an `actor` the owner is taken for it.
    """
    _check_scopes(scopes)
    if expires_at is not None and expires_at <= timezone.now():
        raise errors.ExpiryPast
    rights = Rights(scopes, expires_at, [normalise_network(each) for each in allowed_ips])
    if giver is not None:
        rights = inherited(rights, giver=giver)
        refuse_more(rights, giver=giver)
    text = KeyText.make()
    with transaction.atomic():
        key = _insert(owner, name, text, rights, line_from(giver) if giver else [])
        _record(Action.API_KEY_ISSUED, key, actor or owner, _described(key, giver))
    return key, text.text


def _check_scopes(scopes: Sequence[str]) -> None:
    """The doors let known scopes through alone: anything else is a mistake of the caller's."""
    unknown = sorted(set(scopes) - set(ALL_SCOPES))
    if unknown or not scopes:
        raise ValueError(f"An API key needs at least one scope, and only those that there are; not: {unknown}")


def _insert(owner: User, name: str, text: KeyText, rights: Rights, lineage: list[UUID]) -> ApiKey:
    pepper_kid, secret_hash = text.hashed()
    networks = list(dict.fromkeys(rights.networks))
    return ApiKey.objects.create(
        owner=owner,
        name=name,
        prefix=text.prefix,
        secret_hash=secret_hash,
        pepper_kid=pepper_kid,
        scopes=sorted(set(rights.scopes)),
        expires_at=rights.expires_at,
        networks=networks or None,
        allowed_ips=[NOWHERE] if networks else [],
        lineage=lineage,
    )


def _described(key: ApiKey, giver: ApiKey | None) -> dict[str, Any]:
    """For the trail; how many networks, and not which: addresses do not belong there in clear."""
    return {
        "scopes": key.scopes,
        "expires_at": key.expires_at,
        "networks": len(key.allowed_networks),
        "made_by_api_key_id": giver.id if giver else None,
    }


def _record(action: Action, key: ApiKey, actor: User | None, data: Mapping[str, Any] | None = None) -> None:
    record(
        action=action,
        actor_id=actor.id if actor else None,
        target=("api_key", key.id),
        subject_id=key.owner_id,
        owner_id=key.owner_id,
        prefix=key.prefix,
        **(data or {}),
    )


def rotate_api_key(
    *, key: ApiKey, giver: ApiKey, actor: User, former_until: datetime | None, now: datetime
) -> tuple[ApiKey, str]:
    """The key with a new secret, and its text, shown this once; the secret until now works until `former_until`.

    None, or `now`, ends it at once. Id, prefix, rights, caps and what is spent stay. A rotation within an overlap ends
    the oldest secret: two work at the most. Raises KeyExceedsOwn when the key has more than `giver` (its new secret
    would be that), KeyEnded, OverlapInvalid, and KeyChangedMeanwhile for the second of two at once.
    """
    if key.revoked_at is not None or key.is_expired(now):
        raise errors.KeyEnded
    if key.id != giver.id:
        refuse_more(Rights.of(key), giver=giver)
    if former_until is not None and not now <= former_until <= now + LONGEST_OVERLAP:
        raise errors.OverlapInvalid
    overlaps = former_until is not None and former_until > now
    text = KeyText.make(key.prefix)
    pepper_kid, secret_hash = text.hashed()
    with transaction.atomic():
        # Only from the secret that was read: two rotations at once would end the secret that clients use.
        as_read = ApiKey.objects.filter(id=key.id, revoked_at__isnull=True, secret_hash=bytes(key.secret_hash))
        changed = as_read.update(
            secret_hash=secret_hash,
            pepper_kid=pepper_kid,
            former_hash=bytes(key.secret_hash) if overlaps else None,
            former_pepper_kid=key.pepper_kid if overlaps else "",
            former_until=former_until if overlaps else None,
        )
        if not changed:
            raise errors.KeyChangedMeanwhile
        _record(Action.API_KEY_ROTATED, key, actor, {"former_until": former_until if overlaps else None})
    return ApiKey.objects.get(id=key.id), text.text


def revoke_api_key(*, key: ApiKey, actor: User | None) -> bool:
    """Ends the key now, audited; False, and nothing written, when it had been revoked before."""
    with transaction.atomic():
        now = timezone.now()
        if not ApiKey.objects.filter(id=key.id, revoked_at__isnull=True).update(revoked_at=now):
            return False
        _record(Action.API_KEY_REVOKED, key, actor)
    key.revoked_at = now
    return True
