"""The staff: how they are made, how they sign in, and what they see of accounts and keys."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import authenticate
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client

from audit.models import AuditLog
from users.models import ApiKey, User
from users.services import create_user

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
USERS = "/admin/users/user/"
KEYS = "/admin/users/apikey/"
PASSWORD = "correct-horse-battery"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("create_staff", *arguments, stdout=out)
    return out.getvalue()


def sign_in(client: Client, username: str, password: str) -> bool:
    response = client.post(LOGIN, {"username": username, "password": password, "next": "/admin/"})
    return response.status_code == 302


def test_a_made_password_is_printed_once_and_works(client: Client) -> None:
    made = json.loads(run("Staff@Example.com", "--json"))

    user = User.objects.get()
    assert made == {"id": str(user.id), "username": "Staff@Example.com", "password": made["password"]}
    assert (user.is_staff, user.is_superuser) == (True, True)
    assert user.password.startswith("argon2")
    assert sign_in(client, "staff@example.COM", made["password"])
    assert client.get("/admin/").status_code == 200


def test_a_given_password_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFF_PASSWORD", PASSWORD)
    printed = run("staff@example.com", "--password-env", "STAFF_PASSWORD", "--limited")

    assert PASSWORD not in printed
    user = User.objects.get()
    assert user.check_password(PASSWORD)
    assert (user.is_staff, user.is_superuser) == (True, False)


@pytest.mark.parametrize("password", ["", "short", "password123456"[:8]])
def test_a_weak_password_is_refused(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setenv("STAFF_PASSWORD", password)
    with pytest.raises(CommandError, match="STAFF_PASSWORD"):
        run("staff@example.com", "--password-env", "STAFF_PASSWORD")
    assert not User.objects.exists()


def test_a_second_run_sets_the_password_anew_and_nothing_else() -> None:
    first = json.loads(run("staff@example.com", "--json"))
    second = json.loads(run("STAFF@example.com", "--json", "--limited"))

    user = User.objects.get()
    assert first["id"] == second["id"] == str(user.id)
    assert not user.check_password(first["password"])
    assert user.check_password(second["password"])
    assert user.is_superuser
    assert list(AuditLog.objects.order_by("id").values_list("action", flat=True)) == [
        "user.created",
        "user.password_set",
    ]


def test_a_client_is_not_made_staff(alice: User) -> None:
    with pytest.raises(CommandError, match="not staff"):
        run("alice@example.com")
    alice.refresh_from_db()
    assert not alice.is_staff
    assert not alice.has_usable_password()


def test_a_malformed_address_is_refused() -> None:
    with pytest.raises(CommandError, match="malformed"):
        run("staff")
    assert not User.objects.exists()


def test_createsuperuser_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", "--email", "root@example.com", stdout=StringIO())
    user = User.objects.get_by_natural_key("ROOT@example.com")
    assert (user.is_staff, user.is_superuser, user.check_password(PASSWORD)) == (True, True, True)
    assert AuditLog.objects.get().action == "user.created"


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("staff@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("staff", PASSWORD),
        ("", PASSWORD),
        ("a\x00b@example.com", PASSWORD),
    ],
)
def test_wrong_credentials_do_not_sign_in(client: Client, username: str, password: str) -> None:
    create_user(email="staff@example.com", is_staff=True, password=PASSWORD)
    assert not sign_in(client, username, password)
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("is_staff", "status"), [(False, User.Status.ACTIVE), (True, User.Status.SUSPENDED), (True, User.Status.ANONYMISED)]
)
def test_only_active_staff_sign_in(client: Client, is_staff: bool, status: str) -> None:
    user = create_user(email="staff@example.com", is_staff=is_staff, password=PASSWORD)
    if status == User.Status.ANONYMISED:
        User.objects.filter(id=user.id).update(email=None, email_index=None, email_index_next=None, status=status)
    else:
        User.objects.filter(id=user.id).update(status=status)
    assert not sign_in(client, "staff@example.com", PASSWORD)


def test_an_account_without_a_password_does_not_sign_in(alice: User) -> None:
    for password in ("", "!", None, alice.password):
        assert authenticate(username="alice@example.com", password=password) is None


def test_the_list_masks_addresses_and_finds_by_a_whole_one(admin_client: Client, alice: User) -> None:
    bob = create_user(email="bob@example.org")
    page = admin_client.get(USERS).content.decode()
    assert "a***@e***.com" in page
    assert "b***@e***.org" in page
    assert "alice" not in page
    assert "bob@" not in page

    found = admin_client.get(USERS, {"q": " ALICE@example.com"}).content.decode()
    assert str(alice.id) in found
    assert str(bob.id) not in found
    for part in ("alice", "example.com", "alice@example.co"):
        assert str(alice.id) not in admin_client.get(USERS, {"q": part}).content.decode()


def test_an_account_is_shown_masked_and_cannot_be_changed(admin_client: Client, alice: User) -> None:
    url = f"{USERS}{alice.id}/change/"
    page = admin_client.get(url).content.decode()
    assert "a***@e***.com" in page
    assert "alice" not in page
    assert alice.password not in page
    assert admin_client.post(url, {"status": "suspended", "is_superuser": "on"}).status_code == 403
    assert admin_client.post(f"{USERS}{alice.id}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get(f"{USERS}add/").status_code == 403
    alice.refresh_from_db()
    assert (alice.status, alice.is_superuser) == ("active", False)
    assert not LogEntry.objects.exists()


def test_keys_are_listed_by_prefix_without_secret_or_hash(
    admin_client: Client, key_and_text: tuple[ApiKey, str]
) -> None:
    key, text = key_and_text
    stored = bytes(ApiKey.objects.get().secret_hash)
    for url in (KEYS, f"{KEYS}{key.id}/change/", f"{KEYS}?q={key.prefix}"):
        page = admin_client.get(url).content.decode()
        assert key.prefix in page
        assert text.split("_", 2)[2] not in page
        assert stored.hex() not in page
        assert "alice" not in page
    assert admin_client.post(f"{KEYS}{key.id}/change/", {"revoked_at": ""}).status_code == 403
    assert key.prefix not in admin_client.get(KEYS, {"q": key.prefix[:5]}).content.decode()


def test_the_admin_writes_no_address_anywhere(client: Client, alice: User) -> None:
    made = json.loads(run("staff@example.com", "--json"))
    assert sign_in(client, "staff@example.com", made["password"])
    client.get(f"{USERS}{alice.id}/history/")
    stored = Session.objects.get().get_decoded()
    assert "staff@" not in str(stored)
    assert "staff@" not in str(list(AuditLog.objects.values()))


def test_changepassword_finds_a_sealed_address_and_refuses_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    create_user(email="client@example.com")
    user = create_user(email="staff@example.com", is_staff=True, password="correct-horse-battery")

    def change(email: str, *typed: str) -> None:
        answers = iter(typed)
        monkeypatch.setattr("hub.management.commands.changepassword.getpass", lambda _: next(answers))
        call_command("changepassword", email, stdout=StringIO())

    for email, typed, said in (
        ("nobody@example.com", (), "create_staff"),
        ("client@example.com", (), "No member of the staff"),
        ("staff@example.com", ("another-horse-1", "another-horse-2"), "not the same"),
        ("staff@example.com", ("1234", "1234"), "too short"),
    ):
        with pytest.raises(CommandError, match=said):
            change(email, *typed)
    user.refresh_from_db()
    assert user.check_password("correct-horse-battery")
    change("STAFF@example.com", "another-horse-battery", "another-horse-battery")
    user.refresh_from_db()
    assert user.check_password("another-horse-battery")
