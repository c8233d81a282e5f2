"""Who is let in by an API key, and who is refused, with what left behind."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from audit.models import AuditLog
from audit.services import ip_digest
from hub.common.errors import HubError
from hub.common.keyring import UnknownKey
from users import errors
from users.letting_in import authenticate_api_key
from users.models import ApiKey, User
from users.services import issue_api_key, revoke_api_key

pytestmark = pytest.mark.django_db

OLD = "old:" + base64.urlsafe_b64encode(b"o" * 32).decode()
NEW = "new:" + base64.urlsafe_b64encode(b"n" * 32).decode()
IP = "192.0.2.7"

Snapshot = Callable[[], dict[str, list[dict[str, Any]]]]
KeyAndText = tuple[ApiKey, str]


def used_now(key: ApiKey) -> None:
    now = timezone.now()
    ApiKey.objects.filter(id=key.id).update(last_used_at=now)
    User.objects.filter(id=key.owner_id).update(last_active_at=now)


def with_another_secret(text: str) -> str:
    return text[:-1] + ("A" if text[-1] != "A" else "B")


def wrong_secret(key: ApiKey, text: str) -> str:
    return with_another_secret(text)


def unknown_prefix(key: ApiKey, text: str) -> str:
    return f"hub_{'0' * 12}_{text.split('_', 2)[2]}"


def expired(key: ApiKey, text: str) -> str:
    ApiKey.objects.filter(id=key.id).update(expires_at=timezone.now())
    return text


def revoked(key: ApiKey, text: str) -> str:
    ApiKey.objects.filter(id=key.id).update(revoked_at=timezone.now())
    return text


def suspended(key: ApiKey, text: str) -> str:
    User.objects.filter(id=key.owner_id).update(status=User.Status.SUSPENDED)
    return text


REFUSALS = [
    (lambda key, text: "", errors.KeyMissing, 401, "api_key_missing"),
    (lambda key, text: "hello", errors.KeyMalformed, 401, "api_key_malformed"),
    (lambda key, text: text + "A", errors.KeyMalformed, 401, "api_key_malformed"),
    (lambda key, text: text + "\n", errors.KeyMalformed, 401, "api_key_malformed"),
    (lambda key, text: text.upper(), errors.KeyMalformed, 401, "api_key_malformed"),
    (lambda key, text: "hub_" + "\x00" * 12 + text[16:], errors.KeyMalformed, 401, "api_key_malformed"),
    (lambda key, text: "\ud800", errors.KeyMalformed, 401, "api_key_malformed"),
    (unknown_prefix, errors.KeyUnknown, 401, "api_key_unknown"),
    (wrong_secret, errors.KeyUnknown, 401, "api_key_unknown"),
    (expired, errors.KeyExpired, 401, "api_key_expired"),
    (revoked, errors.KeyRevoked, 401, "api_key_revoked"),
    (suspended, errors.AccountSuspended, 403, "account_suspended"),
]


@pytest.mark.parametrize(("spoil", "error", "status", "code"), REFUSALS)
def test_a_refusal_has_its_code_and_leaves_one_audit_entry_and_nothing_else(
    key_and_text: KeyAndText,
    snapshot: Snapshot,
    spoil: Callable[[ApiKey, str], str],
    error: type[HubError],
    status: int,
    code: str,
) -> None:
    key, text = key_and_text
    given = spoil(key, text)
    before, entries = snapshot(), set(AuditLog.objects.values_list("id", flat=True))

    with pytest.raises(error) as caught:
        authenticate_api_key(text=given, ip=IP)

    assert (caught.value.status, caught.value.code) == (status, code)
    assert ("WWW-Authenticate" in caught.value.headers) == (status == 401)
    assert snapshot() == before
    entry = AuditLog.objects.exclude(id__in=entries).get()
    assert (entry.action, entry.data["code"]) == ("api_key.refused", code)
    assert (entry.ip, bytes(entry.ip_digest)) == (IP, ip_digest(IP))
    assert text.split("_", 2)[2] not in str(entry.data) + entry.actor_label + caught.value.detail


def test_a_refusal_names_the_owner_only_when_the_secret_was_right(key_and_text: KeyAndText, alice: User) -> None:
    key, text = key_and_text
    with pytest.raises(errors.KeyUnknown):
        authenticate_api_key(text=with_another_secret(text), ip=None)
    guessed = AuditLog.objects.get(action="api_key.refused")
    assert (guessed.actor_id, guessed.target_id, guessed.data["prefix"]) == (None, key.id, key.prefix)

    revoke_api_key(key=key, actor=alice)
    with pytest.raises(errors.KeyRevoked):
        authenticate_api_key(text=text, ip=None)
    late = AuditLog.objects.filter(action="api_key.refused").latest("created_at")
    assert (late.actor_id, late.target_id) == (alice.id, key.id)


def test_a_key_with_a_wrong_secret_does_not_say_that_it_is_revoked(key_and_text: KeyAndText) -> None:
    key, text = key_and_text
    revoked(key, text)
    with pytest.raises(errors.KeyUnknown):
        authenticate_api_key(text=with_another_secret(text), ip=None)


def test_the_good_path_is_one_query(
    key_and_text: KeyAndText, alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    key, text = key_and_text
    used_now(key)
    entries = AuditLog.objects.count()

    with django_assert_num_queries(1):
        found = authenticate_api_key(text=text, ip=IP)
        assert found.owner == alice
        assert found.owner.email == "alice@example.com"
    assert found == key
    assert AuditLog.objects.count() == entries


def test_the_first_use_is_noted_and_the_next_hour_is_not(
    key_and_text: KeyAndText, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _, text = key_and_text
    with django_assert_num_queries(3):
        authenticate_api_key(text=text, ip=None)
    used, active = ApiKey.objects.get().last_used_at, User.objects.get().last_active_at
    assert used is not None
    assert active is not None

    with django_assert_num_queries(1):
        authenticate_api_key(text=text, ip=None)
    assert (ApiKey.objects.get().last_used_at, User.objects.get().last_active_at) == (used, active)


def test_a_use_an_hour_later_is_noted_again(key_and_text: KeyAndText) -> None:
    _, text = key_and_text
    earlier = timezone.now() - timedelta(hours=1, seconds=1)
    ApiKey.objects.update(last_used_at=earlier)
    User.objects.update(last_active_at=earlier)
    authenticate_api_key(text=text, ip=None)
    assert (ApiKey.objects.get().last_used_at or earlier) > earlier
    assert (User.objects.get().last_active_at or earlier) > earlier


def test_of_two_uses_at_once_one_is_noted(key_and_text: KeyAndText, monkeypatch: pytest.MonkeyPatch) -> None:
    key, text = key_and_text
    stale = ApiKey.objects.select_related("owner").get()
    used_now(key)
    noted = ApiKey.objects.get().last_used_at
    monkeypatch.setattr("users.letting_in.find_api_key", lambda *, prefix: stale)

    authenticate_api_key(text=text, ip=None)

    assert ApiKey.objects.get().last_used_at == noted


@pytest.mark.parametrize("status", [User.Status.ACTIVE, User.Status.NOTIFIED])
def test_an_account_in_use_is_let_in(key_and_text: KeyAndText, status: str) -> None:
    User.objects.update(status=status)
    assert authenticate_api_key(text=key_and_text[1], ip=None) == key_and_text[0]


def test_a_key_is_good_until_its_expiry(alice: User) -> None:
    key, text = issue_api_key(owner=alice, name="x", expires_at=timezone.now() + timedelta(seconds=30))
    assert authenticate_api_key(text=text, ip=None) == key


def test_peppers_rotate_and_a_key_in_use_moves_to_the_one_that_writes(alice: User, settings: Settings) -> None:
    settings.API_KEY_PEPPERS = (OLD,)
    key, text = issue_api_key(owner=alice, name="x")
    _, idle_text = issue_api_key(owner=alice, name="idle")
    settings.API_KEY_PEPPERS = (NEW, OLD)

    assert authenticate_api_key(text=text, ip=None) == key
    assert ApiKey.objects.get(id=key.id).pepper_kid == "new"

    settings.API_KEY_PEPPERS = (NEW,)
    assert authenticate_api_key(text=text, ip=None) == key
    with pytest.raises(UnknownKey, match="'old'"):
        authenticate_api_key(text=idle_text, ip=None)


def test_a_hash_put_into_another_row_lets_nobody_in(key_and_text: KeyAndText, alice: User) -> None:
    _, text = key_and_text
    other, _ = issue_api_key(owner=alice, name="other")
    mine = ApiKey.objects.get(id=key_and_text[0].id)
    ApiKey.objects.filter(id=other.id).update(secret_hash=mine.secret_hash, pepper_kid=mine.pepper_kid)
    with pytest.raises(errors.KeyUnknown):
        authenticate_api_key(text=f"hub_{other.prefix}_{text.split('_', 2)[2]}", ip=None)


def test_an_unknown_prefix_does_the_same_work_as_a_wrong_secret(
    key_and_text: KeyAndText,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    key, text = key_and_text
    compared: list[tuple[int, int]] = []

    def watching(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr("users.keys.compare_digest", watching)
    for given in (unknown_prefix(key, text), wrong_secret(key, text)):
        with django_assert_num_queries(2), pytest.raises(errors.KeyUnknown):
            authenticate_api_key(text=given, ip=None)
    assert compared == [(32, 32), (32, 32)]


def test_an_unknown_prefix_takes_about_as_long_as_a_wrong_secret(key_and_text: KeyAndText) -> None:
    key, text = key_and_text

    def seconds(given: str) -> float:
        start = time.perf_counter()
        with pytest.raises(errors.KeyUnknown):
            authenticate_api_key(text=given, ip=None)
        return time.perf_counter() - start

    unknown, wrong = unknown_prefix(key, text), wrong_secret(key, text)
    seconds(unknown), seconds(wrong)
    pairs = [(seconds(unknown), seconds(wrong)) for _ in range(40)]
    ratio = median(a for a, _ in pairs) / median(b for _, b in pairs)
    assert 0.5 < ratio < 2
