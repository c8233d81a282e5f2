"""What an audit entry holds, and what it refuses to hold."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from audit.actions import Action
from audit.models import AuditLog
from audit.selectors import chosen, entries_of
from audit.services import ip_digest, record
from hub.common.ids import uuid7
from hub.common.request_id import bind_request_id, release

pytestmark = pytest.mark.django_db

ACTOR, TARGET = uuid7(), uuid7()


@pytest.fixture
def request_id() -> Iterator[str]:
    token = bind_request_id("req-1")
    yield "req-1"
    release(token)


def dumped() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_logs::text, encode(ip, 'escape') FROM audit_logs")
        return str(cursor.fetchall())


def test_it_writes_down_who_did_what_to_whom(request_id: str) -> None:
    record(
        action="quota.set",
        actor_id=ACTOR,
        actor_label="staff",
        target=("user", TARGET),
        ip="192.0.2.7",
        limit=Decimal("5.000000001"),
        at=datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.UTC),
        quota_id=TARGET,
    )

    entry = AuditLog.objects.get()
    assert entry.action == Action.QUOTA_SET
    assert (entry.actor_id, entry.actor_label) == (ACTOR, "staff")
    assert (entry.target_type, entry.target_id) == ("user", TARGET)
    assert entry.request_id == request_id
    assert entry.ip == "192.0.2.7"
    assert entry.data == {
        "limit": "5.000000001",
        "at": "2026-01-02T03:04:05.678901+00:00",
        "quota_id": str(TARGET),
    }


def test_it_takes_nothing_but_an_action() -> None:
    record(action=Action.PRICES_LOADED)

    entry = AuditLog.objects.get()
    assert (entry.actor_id, entry.actor_label, entry.target_type, entry.target_id) == (None, "", "", None)
    assert (entry.ip, entry.ip_digest, entry.request_id, entry.data) == (None, None, "", {})


def test_an_ip_is_not_readable_in_the_database_and_is_found_by_its_digest() -> None:
    record(action=Action.API_KEY_REFUSED, ip="192.0.2.7")
    record(action=Action.API_KEY_REFUSED, ip="::ffff:192.0.2.7")
    record(action=Action.API_KEY_REFUSED, ip="2001:DB8::1")

    assert "192.0.2.7" not in dumped()
    assert "2001:" not in dumped().lower()
    assert AuditLog.objects.filter(ip_digest=ip_digest("192.0.2.7")).count() == 2
    assert AuditLog.objects.filter(ip_digest=ip_digest("2001:db8:0::1")).count() == 1


def test_the_ip_does_not_open_with_another_key_but_the_entry_is_still_read(settings: Settings) -> None:
    record(action=Action.API_KEY_REFUSED, ip="192.0.2.7")
    settings.FIELD_ENCRYPTION_KEYS = ("other:" + "A" * 43,)
    assert AuditLog.objects.defer("ip").get().action == Action.API_KEY_REFUSED


@pytest.mark.parametrize(
    "data",
    [
        {"password": "x"},
        {"new_password": "x"},
        {"passwords": ["x"]},
        {"client_secret": "x"},
        {"clientSecret": "x"},
        {"secret": 7},
        {"token": "x"},
        {"access_token": "x"},
        {"tokens": ["x"]},
        {"api_key": "x"},
        {"apiKey": "x"},
        {"apikey": "x"},
        {"x-api-key": "x"},
        {"Authorization": "x"},
        {"cookie": "x"},
        {"prompt": "x"},
        {"prompt": {"text": "x"}},
        {"email": "x"},
        {"emails": ["x"]},
        {"userEmail": "x"},
        {"EMAIL": "x"},
        {"before": {"deep": [{"token": "x"}]}},
    ],
)
def test_it_refuses_what_looks_like_a_secret_or_personal_data(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="audit trail") as caught:
        record(action=Action.QUOTA_SET, **data)
    assert "'x'" not in str(caught.value)
    assert not AuditLog.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {"api_key_id": TARGET},
        {"input_token": 5, "output_tokens": 7},
        {"units": {"cached_token": 5}},
        {"prompt_characters": 12},
        {"code": "api_key_unknown"},
        {"monkey": "x", "secretary": "x", "keyboard": "x"},
    ],
)
def test_references_and_counts_may_stay(data: dict[str, Any]) -> None:
    record(action=Action.GENERATION_SUCCEEDED, **data)
    assert AuditLog.objects.get().data.keys() == data.keys()


def test_an_action_that_is_not_in_the_catalogue_is_refused() -> None:
    with pytest.raises(ValueError, match=r"quota\.eaten"):
        record(action="quota.eaten")
    assert not AuditLog.objects.exists()


@pytest.mark.parametrize("ip", ["", "localhost", "192.0.2.7:80", "a@example.com"])
def test_an_ip_that_is_none_is_refused(ip: str) -> None:
    with pytest.raises(ValueError, match="IPv4 or IPv6"):
        record(action=Action.QUOTA_SET, ip=ip)
    assert not AuditLog.objects.exists()


def test_half_a_target_is_refused_by_the_database() -> None:
    for half in ({"target_type": "user"}, {"target_id": TARGET}):
        with pytest.raises(IntegrityError, match="audit_logs_whole_target"), transaction.atomic():
            AuditLog.objects.create(action=Action.QUOTA_SET, **half)


def test_it_goes_with_the_transaction_it_belongs_to() -> None:
    with transaction.atomic():
        record(action=Action.QUOTA_SET)
        transaction.set_rollback(True)
    assert not AuditLog.objects.exists()


def test_entries_are_found_by_actor_and_by_target() -> None:
    by = record(action=Action.QUOTA_SET, actor_id=TARGET)
    about = record(action=Action.QUOTA_SET, actor_id=ACTOR, target=("user", TARGET))
    record(action=Action.QUOTA_SET, actor_id=ACTOR, target=("api_key", TARGET))

    assert list(entries_of(actor_id=TARGET)) == [by]
    assert list(chosen(AuditLog.objects.all(), target_type="user", target_id=TARGET)) == [about]


def test_actions_follow_their_grammar() -> None:
    for action in Action:
        subject, _, verb = action.value.partition(".")
        assert subject.isidentifier()
        assert verb.isidentifier()
        assert len(action.value) <= 64
        assert action.name == action.value.replace(".", "_").upper()


def test_the_models_and_the_migrations_agree() -> None:
    call_command("makemigrations", "audit", "users", check_changes=True, dry_run=True, verbosity=0)
