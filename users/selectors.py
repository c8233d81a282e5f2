"""Reads accounts and keys."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from hub.common.errors import NotFound
from users.managers import EMAIL
from users.models import ApiKey, User


def users_with_email(email: str) -> QuerySet[User]:
    """The account with exactly that address, in any spelling; none for a malformed one."""
    try:
        return User.objects.filter(EMAIL.matching(email))
    except ValueError:
        return User.objects.none()


def find_account(user_id: UUID) -> User | None:
    """Of a person or of the staff; the surrogates under which the ledger goes on are none."""
    return User.objects.filter(id=user_id).exclude(status=User.Status.SURROGATE).first()


def find_api_key(*, prefix: str) -> ApiKey | None:
    """The key with that prefix and, in the same query, its owner."""
    # Not first(): a prefix is unique, and an ORDER BY is a tenth of what this costs on every request.
    return next(iter(ApiKey.objects.select_related("owner").filter(prefix=prefix)), None)


def keys_of(*, user: User) -> QuerySet[ApiKey]:
    """The user's keys, the ended ones too, newest first."""
    return ApiKey.objects.filter(owner=user).order_by("-created_at", "-id")


def key_of(*, user: User, key_id: UUID) -> ApiKey:
    """One of the user's; raises NotFound, also for another user's."""
    found = keys_of(user=user).filter(id=key_id).first()
    if found is None:
        raise NotFound("There is no such API key, or it is not yours.")
    return found


def masked_email(email: str | None) -> str:
    """`a***@e***.com`: enough to recognise an address one knows, not enough to write to it; "" for none."""
    if not email:
        return ""
    local, _, domain = email.rpartition("@")
    name, _, top = domain.rpartition(".")
    return f"{local[:1]}***@{name[:1]}***.{top}" if name else f"{local[:1]}***@{top[:1]}***"


def revealed_account(user_id: UUID) -> dict[str, str]:
    """Of {"email": ..., "legal_hold_grounds": why it is held} what there is; for `users.privacy.reveal` alone."""
    found = User.objects.filter(id=user_id).values_list("email", "legal_hold_grounds").first() or ("", "")
    return {name: value for name, value in zip(("email", "legal_hold_grounds"), found, strict=True) if value}


def revealed_networks(key_id: UUID) -> dict[str, Sequence[str]]:
    """{"networks": whence the key may be used}, {} for anywhere; for `users.privacy.reveal` alone, which records it."""
    key = ApiKey.objects.filter(id=key_id).first()
    return {"networks": key.allowed_networks} if key and key.allowed_networks else {}
