"""Accounts: one for each address, which nobody can read in the database."""

from __future__ import annotations

import base64

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from audit.models import AuditLog
from hub.common.fields import PlaintextRefused
from hub.common.keyring import UnknownKey
from users.errors import EmailMalformed, EmailTaken
from users.models import User, UserGroup
from users.selectors import masked_email, users_with_email
from users.services import create_user

pytestmark = pytest.mark.django_db

OLD = "old:" + base64.urlsafe_b64encode(b"o" * 32).decode()
NEW = "new:" + base64.urlsafe_b64encode(b"n" * 32).decode()


def test_it_makes_an_account_and_audits_it() -> None:
    user = create_user(email=" Alice@Example.COM ")

    stored = User.objects.get()
    assert stored.id == user.id
    assert stored.id.version == 7
    assert stored.email == "Alice@Example.COM"
    assert stored.status == User.Status.ACTIVE
    assert (stored.is_staff, stored.is_superuser, stored.has_usable_password()) == (False, False, False)
    entry = AuditLog.objects.get()
    assert (entry.action, entry.target_type, entry.target_id) == ("user.created", "user", user.id)
    assert entry.data == {"is_staff": False, "is_superuser": False}


def test_the_address_is_nowhere_in_the_database(alice: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT users::text, encode(email, 'escape') FROM users")
        dumped = str(cursor.fetchall())
        cursor.execute("SELECT audit_logs::text FROM audit_logs")
        dumped += str(cursor.fetchall())
        cursor.execute("SELECT position(convert_to('alice', 'UTF8') IN email) FROM users")
        assert cursor.fetchone() == (0,)
    assert "alice" not in dumped.lower()
    assert "example.com" not in dumped.lower()


def test_the_address_is_in_no_text_of_the_account(alice: User) -> None:
    for text in (str(alice), repr(alice), f"{alice!r} {alice}"):
        assert "alice" not in text
    assert str(alice.id) in str(alice)


@pytest.mark.parametrize(
    "spelling", ["alice@example.com", "ALICE@EXAMPLE.COM", "\talice@Example.com ", "\uff41lice\uff20example.com"]
)
def test_one_address_in_any_spelling_is_one_account(alice: User, spelling: str) -> None:
    with pytest.raises(EmailTaken):
        create_user(email=spelling)

    assert User.objects.count() == 1
    assert AuditLog.objects.count() == 1
    assert User.objects.get_by_natural_key(spelling) == alice
    assert users_with_email(spelling).get() == alice


def test_the_database_itself_refuses_a_second_account(alice: User) -> None:
    second = User(status=User.Status.ACTIVE)
    second.set_email("Alice@example.com")
    with pytest.raises(IntegrityError, match="users_email_unique"), transaction.atomic():
        second.save()
    assert User.objects.count() == 1


def test_the_loser_of_a_race_gets_the_same_answer(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(User.objects), "_refuse_taken", lambda self, user: None)
    with pytest.raises(EmailTaken):
        create_user(email="ALICE@example.com")
    assert User.objects.count() == 1
    assert AuditLog.objects.count() == 1


@pytest.mark.parametrize("malformed", ["", "alice", "alice@", "a b@example.com", "a\nb@example.com"])
def test_a_malformed_address_is_refused(malformed: str) -> None:
    with pytest.raises(EmailMalformed) as caught:
        create_user(email=malformed)
    assert (caught.value.status, caught.value.code) == (422, "email_malformed")
    assert not malformed or malformed not in caught.value.detail
    assert not User.objects.exists()
    assert not AuditLog.objects.exists()
    with pytest.raises(User.DoesNotExist):
        User.objects.get_by_natural_key(malformed)
    assert not users_with_email(malformed).exists()


def test_while_index_keys_rotate_an_account_is_found_and_stays_unique(settings: Settings) -> None:
    settings.FIELD_INDEX_KEYS = (OLD,)
    old = create_user(email="old@example.com")
    settings.FIELD_INDEX_KEYS = (NEW, OLD)
    new = create_user(email="new@example.com")

    assert User.objects.get_by_natural_key("old@example.com") == old
    assert User.objects.get_by_natural_key("new@example.com") == new
    with pytest.raises(EmailTaken):
        create_user(email="OLD@example.com")
    assert User.objects.count() == 2


def test_a_missing_encryption_key_is_named(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = (OLD,)
    create_user(email="a@example.com")
    settings.FIELD_ENCRYPTION_KEYS = (NEW,)
    with pytest.raises(UnknownKey, match="'old'"):
        User.objects.get()


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"status": "sleeping"}, "users_status_known"),
        ({"email_index": None}, "users_email_with_index"),
        ({"email": None}, "users_email_with_index"),
        ({"status": "anonymised"}, "users_anonymised_is_empty"),
    ],
)
def test_the_database_refuses_an_account_that_makes_no_sense(
    alice: User, values: dict[str, object], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        User.objects.filter(id=alice.id).update(**values)
    alice.refresh_from_db()
    assert alice.status == User.Status.ACTIVE
    assert alice.email == "alice@example.com"


def test_anonymised_accounts_have_no_address_and_are_many(alice: User) -> None:
    bob = create_user(email="bob@example.com")
    for user in (alice, bob):
        User.objects.filter(id=user.id).update(
            status=User.Status.ANONYMISED, email=None, email_index=None, email_index_next=None
        )
    assert User.objects.filter(email__isnull=True).count() == 2
    assert not User.objects.filter(status=User.Status.ACTIVE).exists()


@pytest.mark.parametrize(
    ("status", "may"), [("active", True), ("notified", True), ("suspended", False), ("anonymised", False)]
)
def test_only_some_may_use_the_hub(status: str, may: bool) -> None:
    assert User(status=status).is_active is may


def test_groups_and_permissions_work_and_have_uuid_keys(alice: User) -> None:
    permission = Permission.objects.get(codename="view_auditlog")
    group = Group.objects.create(name="readers")
    group.permissions.add(permission)

    alice.groups.add(group)
    assert User.objects.get(id=alice.id).has_perm("audit.view_auditlog")
    alice.groups.clear()
    assert not User.objects.get(id=alice.id).has_perm("audit.view_auditlog")
    alice.user_permissions.add(permission)
    assert User.objects.get(id=alice.id).has_perm("audit.view_auditlog")
    assert User.user_permissions.through.objects.get().id.version == 7


def test_a_suspended_account_has_no_permission(alice: User) -> None:
    alice.user_permissions.add(Permission.objects.get(codename="view_auditlog"))
    User.objects.update(status=User.Status.SUSPENDED)
    assert not User.objects.get(id=alice.id).has_perm("audit.view_auditlog")


def test_the_address_is_not_searched_nor_dumped(alice: User) -> None:
    with pytest.raises(FieldError):
        User.objects.filter(email="alice@example.com")
    with pytest.raises(PlaintextRefused):
        serializers.serialize("json", User.objects.all())
    alice.groups.add(Group.objects.create(name="readers"))
    with pytest.raises(PlaintextRefused):
        serializers.serialize("json", UserGroup.objects.all(), use_natural_foreign_keys=True)


@pytest.mark.parametrize(
    ("email", "masked"),
    [
        ("alice@example.com", "a***@e***.com"),
        ("a@mail.example.co.uk", "a***@m***.uk"),
        ("root@localhost", "r***@l***"),
        (None, ""),
        ("", ""),
    ],
)
def test_a_masked_address_shows_three_letters_and_the_end(email: str | None, masked: str) -> None:
    assert masked_email(email) == masked
