"""Networks of keys and grounds of holds are sealed; what the release before wrote, and reads, is as safe meanwhile."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from users.errors import IpNotAllowed
from users.letting_in import authenticate_api_key
from users.models import ApiKey, User
from users.networks import NOWHERE, allows
from users.privacy.legal_hold import set_legal_hold
from users.services import create_user, issue_api_key

pytestmark = pytest.mark.django_db
HOME = "192.0.2.0/24"
migration = import_module("users.migrations.0017_seal_networks_and_grounds")


@pytest.fixture
def user() -> User:
    return create_user(email="a@example.com")


def stored(table: str) -> str:
    """All of it, as the database has it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        return str([[bytes(value) if isinstance(value, memoryview) else value for value in row] for row in cursor])


def as_the_release_before(key: ApiKey) -> None:
    """It knows one column."""
    ApiKey.objects.filter(id=key.id).update(networks=None, allowed_ips=[HOME])


def lets_in(text: str, ip: str) -> bool:
    try:
        authenticate_api_key(text=text, ip=ip)
    except IpNotAllowed:
        return False
    return True


def test_a_network_is_not_readable_and_the_release_before_refuses_its_key(user: User) -> None:
    key, text = issue_api_key(owner=user, name="bound", allowed_ips=[HOME])
    free, _ = issue_api_key(owner=user, name="free")
    assert "192.0.2" not in stored("api_keys")
    assert (key.allowed_networks, free.allowed_networks) == ([HOME], [])
    assert (free.networks, free.allowed_ips) == (None, [])
    assert (lets_in(text, "192.0.2.9"), lets_in(text, "198.51.100.1")) == (True, False)
    # What the release before asks.
    assert not any(allows(key.allowed_ips, ip) for ip in ("192.0.2.9", "2001:db8::1", "127.0.0.1", "::1"))


def test_what_the_release_before_wrote_binds_its_key_and_is_sealed_by_the_migration(user: User) -> None:
    key, text = issue_api_key(owner=user, name="bound")
    as_the_release_before(key)
    for _ in range(3):
        assert (lets_in(text, "192.0.2.9"), lets_in(text, "198.51.100.1")) == (True, False)
        migration.seal(apps, None)
        key.refresh_from_db()
        assert (key.networks, key.allowed_ips) == ([HOME], [NOWHERE])
    assert "192.0.2" not in stored("api_keys")
    migration.write_in_clear(apps, None)
    key.refresh_from_db()
    assert (key.networks, key.allowed_ips) == (None, [HOME])


def test_the_grounds_of_a_hold_are_sealed_and_go_back(user: User) -> None:
    until = timezone.now() + timedelta(days=9)
    User.objects.filter(id=user.id).update(legal_hold_until=until, legal_hold_reason="a dispute")
    migration.seal(apps, None)
    assert "dispute" not in stored("users")
    user.refresh_from_db()
    assert (user.legal_hold_grounds, user.legal_hold_reason) == ("a dispute", "")
    migration.write_in_clear(apps, None)
    user.refresh_from_db()
    assert (user.legal_hold_grounds, user.legal_hold_reason) == (None, "a dispute")


def test_the_release_before_can_leave_no_grounds_of_an_erased_account(user: User) -> None:
    set_legal_hold(user=user, until=timezone.now() + timedelta(days=9), reason="a dispute", actor=None)
    assert "dispute" not in stored("users")
    gone: dict[str, Any] = {"status": "anonymised", "email": None, "email_index": None, "email_index_next": None}
    gone |= {"legal_hold_until": None, "legal_hold_reason": "", "last_login": None, "last_active_at": None}
    with pytest.raises(IntegrityError, match="users_anonymised_has_no_grounds"), transaction.atomic():
        User.objects.filter(id=user.id).update(**gone)
