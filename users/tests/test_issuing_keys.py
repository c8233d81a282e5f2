"""API keys: shown once, kept as a keyed hash, revoked for good."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit.models import AuditLog
from users.errors import ExpiryPast
from users.models import ApiKey, User
from users.scopes import ALL_SCOPES
from users.services import issue_api_key, revoke_api_key

pytestmark = pytest.mark.django_db


def test_it_gives_the_text_once_and_keeps_a_hash(alice: User) -> None:
    key, text = issue_api_key(owner=alice, name="laptop")

    assert re.fullmatch(r"hub_[a-z0-9]{12}_[A-Za-z0-9_-]{43}", text)
    assert text.startswith(f"hub_{key.prefix}_")
    stored = ApiKey.objects.get()
    assert (stored.owner, stored.name, stored.prefix) == (alice, "laptop", key.prefix)
    assert stored.scopes == sorted(ALL_SCOPES)
    assert (stored.expires_at, stored.last_used_at, stored.revoked_at) == (None, None, None)


def test_the_secret_is_nowhere_in_the_database(key_and_text: tuple[ApiKey, str]) -> None:
    secret = key_and_text[1].split("_", 2)[2]
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_keys::text, encode(secret_hash, 'escape') FROM api_keys")
        dumped = str(cursor.fetchall())
        cursor.execute("SELECT audit_logs::text FROM audit_logs")
        dumped += str(cursor.fetchall())
    assert secret not in dumped
    assert secret[:12] not in dumped


def test_it_is_audited_with_the_prefix_and_without_the_secret(key_and_text: tuple[ApiKey, str], alice: User) -> None:
    key, _ = key_and_text
    entry = AuditLog.objects.get(action="api_key.issued")
    assert (entry.actor_id, entry.target_type, entry.target_id) == (alice.id, "api_key", key.id)
    assert entry.data["prefix"] == key.prefix
    assert entry.data["scopes"] == key.scopes


def test_two_keys_of_the_same_name_are_two(alice: User) -> None:
    one, two = (issue_api_key(owner=alice, name="laptop") for _ in range(2))
    assert one[0].prefix != two[0].prefix
    assert one[1] != two[1]


def test_it_takes_scopes_and_an_expiry(alice: User) -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    key, _ = issue_api_key(
        owner=alice, name="ci", scopes=["usage:read", "media:read", "usage:read"], expires_at=tomorrow
    )
    stored = ApiKey.objects.get(id=key.id)
    assert stored.scopes == ["media:read", "usage:read"]
    assert stored.expires_at == tomorrow


@pytest.mark.parametrize("scopes", [[], ["usage:eat"], ["usage:read", ""]])
def test_unknown_scopes_and_none_at_all_are_refused(alice: User, scopes: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one scope"):
        issue_api_key(owner=alice, name="ci", scopes=scopes)
    assert not ApiKey.objects.exists()
    assert not AuditLog.objects.filter(action="api_key.issued").exists()


def test_an_expiry_in_the_past_is_refused(alice: User) -> None:
    with pytest.raises(ExpiryPast):
        issue_api_key(owner=alice, name="ci", expires_at=timezone.now())
    assert not ApiKey.objects.exists()


def test_the_database_refuses_a_key_without_scopes_and_a_second_prefix(key_and_text: tuple[ApiKey, str]) -> None:
    key, _ = key_and_text
    with pytest.raises(IntegrityError, match="api_keys_has_scopes"), transaction.atomic():
        ApiKey.objects.update(scopes=[])
    twin = ApiKey(owner=key.owner, name="x", prefix=key.prefix, secret_hash=bytes(32), pepper_kid="k", scopes=["x"])
    with pytest.raises(IntegrityError, match="api_keys_prefix_unique"), transaction.atomic():
        twin.save()
    assert ApiKey.objects.get().scopes == sorted(ALL_SCOPES)


def test_it_is_revoked_once_and_audited_once(key_and_text: tuple[ApiKey, str], alice: User) -> None:
    key, _ = key_and_text
    assert revoke_api_key(key=key, actor=alice) is True
    first = ApiKey.objects.get().revoked_at
    assert key.revoked_at == first

    assert revoke_api_key(key=key, actor=None) is False
    assert ApiKey.objects.get().revoked_at == first
    entry = AuditLog.objects.get(action="api_key.revoked")
    assert (entry.actor_id, entry.target_id) == (alice.id, key.id)


def test_no_text_of_a_key_shows_its_secret(key_and_text: tuple[ApiKey, str]) -> None:
    key, text = key_and_text
    secret = text.split("_", 2)[2]
    assert key.prefix in str(key)
    assert secret not in f"{key} {key!r}"
