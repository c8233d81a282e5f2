"""Exactly what is old enough goes, and nothing of an account under legal hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit import sealing
from audit.models import AuditLog
from audit.tests.trail import owner, run, seal_all, verify, write
from generations.models import Generation, GenerationAttempt, GenerationInput, Quote
from media.models import Media, Removal
from media.removing import sweep
from tests.purging.commands import figures, purge
from tests.rest import Caller
from usage.models import UsageDaily, UsageLog
from usage.services.ledger import log_usage
from users.models import User
from users.privacy.legal_hold import set_legal_hold


def ago(**spans: float) -> datetime:
    return timezone.now() - timedelta(**spans)


def hold(user: User) -> None:
    set_legal_hold(user=user, until=timezone.now() + timedelta(days=30), reason="A-7", actor=None)


def session_of(user: User) -> str:
    store = SessionStore()
    store["_auth_user_id"] = str(user.id)
    store.create()
    Session.objects.filter(session_key=store.session_key).update(expire_date=ago(days=9))
    return str(store.session_key)


def test_a_session_of_an_account_under_legal_hold_stays(caller: Caller, stranger: Caller) -> None:
    hold(caller.user)
    held, _ = session_of(caller.user), session_of(stranger.user)
    assert "django_session: 1" in purge("purge_sessions")[1]
    assert [each.session_key for each in Session.objects.all()] == [held]


@pytest.fixture
def named(new_generation: Callable[..., Generation], new_media: Callable[..., Media]) -> Callable[[User, int], None]:
    """A job, an upload and a quote of that many hours ago, two of them under a key."""

    def named(user: User, hours: int) -> None:
        moment, key = ago(hours=hours), f"key{hours}"
        job = new_generation(user, idempotency_key=key, request_hash="0" * 64)
        Generation.objects.filter(id=job.id).update(created_at=moment)
        media = new_media(user, f"{user.id}{hours}".encode())
        Media.objects.filter(id=media.id).update(created_at=moment, idempotency_key=key)
        Quote.objects.create(
            owner=user,
            model="m",
            request_hash="0" * 64,
            rates={},
            amount=Decimal(1),
            created_at=moment - timedelta(hours=1),
            expires_at=moment,
        )

    return named


def test_keys_and_quotes_go_when_their_day_is_over(
    caller: Caller, stranger: Caller, named: Callable[[User, int], None]
) -> None:
    hold(stranger.user)
    for user, hours in ((caller.user, 23), (caller.user, 25), (stranger.user, 25)):
        named(user, hours)
    status, said = purge("purge_idempotency_keys")
    assert status == 0
    assert {"generations.idempotency_key: 1", "media.idempotency_key: 1", "quotes: 1"} <= set(said.splitlines())
    for model in (Generation, Media):
        left = model.objects.exclude(idempotency_key="").values_list("owner_id", "idempotency_key")
        assert set(left) == {(caller.user.id, "key23"), (stranger.user.id, "key25")}
        assert model.objects.count() == 3
    assert Quote.objects.count() == 2


def ended(new_generation: Callable[..., Generation], user: User, days: int) -> Generation:
    job = new_generation(
        user,
        status="succeeded",
        prompt="secret sea",
        parameters={"system_instruction": "secret"},
        texts=["secret answer"],
        cost=Decimal("0.02"),
        finished_at=ago(days=days),
    )
    GenerationAttempt.objects.create(generation=job, number=1, state="succeeded", answer={"texts": ["secret answer"]})
    return job


def test_texts_go_a_year_after_the_end_and_the_job_stays(
    caller: Caller, stranger: Caller, new_generation: Callable[..., Generation]
) -> None:
    hold(stranger.user)
    old, young = ended(new_generation, caller.user, 366), ended(new_generation, caller.user, 364)
    held = ended(new_generation, stranger.user, 366)
    running = new_generation(caller.user)
    Generation.objects.filter(id=running.id).update(created_at=ago(days=900))
    status, said = purge("purge_prompts")
    assert status == 0
    assert {"generations: 1", "generation_attempts: 1"} <= set(said.splitlines())
    kept = {each.id for each in Generation.objects.all() if each.prompt}
    assert kept == {young.id, held.id, running.id}
    old.refresh_from_db()
    assert (old.prompt, old.parameters, old.texts, old.cost) == ("", {}, None, Decimal("0.02"))
    assert GenerationAttempt.objects.get(generation=old).answer is None
    assert "Nothing to purge." in purge("purge_prompts")[1]


def test_the_api_shows_a_purged_generation_as_one(caller: Caller, new_generation: Callable[..., Generation]) -> None:
    old = ended(new_generation, caller.user, 366)
    before = caller.get(f"/api/v1/generations/{old.id}").json()
    assert (before["prompt"], before["texts_purged_at"]) == ("secret sea", None)
    purge("purge_prompts")
    after = caller.get(f"/api/v1/generations/{old.id}").json()
    assert (after["prompt"], after["parameters"], after["outputs"]) == ("", {}, [])
    assert after["texts_purged_at"] is not None
    assert after["cost_usd"] == before["cost_usd"]


def usage_of(user: Caller, days: int) -> UsageLog:
    job = uuid4()
    row = log_usage(
        user=user.user,
        reference=job,
        attempt_id=uuid4(),
        model="gemini-3.8-flash",
        kind="text",
        units={"input_token": 7},
        prices={},
        cost=Decimal("0.04"),
        estimate=Decimal("0.05"),
        latency_ms=9,
        outcome="succeeded",
    )
    with owner() as cursor:
        cursor.execute("UPDATE usage_logs SET created_at = %s WHERE id = %s", [ago(days=days), row.id])
        cursor.execute("UPDATE usage_daily SET day = %s WHERE day = %s", [ago(days=days).date(), ago().date()])
    return row


def test_old_ledger_rows_go_and_their_sums_stay(caller: Caller, stranger: Caller) -> None:
    hold(stranger.user)
    usage_of(caller, 1096)
    young, held = usage_of(caller, 1094), usage_of(stranger, 1099)
    before = list(UsageDaily.objects.order_by("id").values())
    status, said = purge("purge_usage_logs", "--dry-run")
    assert ("usage_logs: 1" in said, UsageLog.objects.count()) == (True, 3)
    status, said = purge("purge_usage_logs")
    assert (status, "usage_logs: 1" in said) == (0, True)
    assert {each.id for each in UsageLog.objects.all()} == {young.id, held.id}
    assert list(UsageDaily.objects.order_by("id").values()) == before


def test_a_ledger_row_that_is_young_or_held_is_not_let_go_by_the_database(caller: Caller, stranger: Caller) -> None:
    hold(stranger.user)
    for row in (usage_of(caller, 89), usage_of(stranger, 1000)):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            UsageLog.objects.filter(id=row.id).remove_purged()
    assert UsageLog.objects.count() == 2
    status, said = purge("purge_usage_logs", "--days=89")
    assert (status, "from 90 to" in said, UsageLog.objects.count()) == (1, True, 2)


def test_audit_entries_go_when_they_are_exported_old_and_of_nobody_held(
    stranger: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_ENTRIES", 3)
    for days in (1200, 1199, 1000):
        write(3, minutes_ago=days * 24 * 60)
    held = list(AuditLog.objects.order_by("created_at")[3:6])
    hold(stranger.user)
    with owner() as cursor:
        cursor.execute("UPDATE audit_logs SET subject_id = %s WHERE id = %s", [stranger.user.id, held[0].id])
    assert len(seal_all()) == 3
    assert "Nothing to purge." in purge("purge_audit_logs")[1]
    assert run("export_audit", str(tmp_path / "trail.jsonl"), "--entries")[0] == 0
    status, said = purge("purge_audit_logs")
    assert status == 0
    assert {"audit_logs: 3", "audit_seals: 1"} <= set(said.splitlines())
    assert AuditLog.objects.filter(id=held[0].id).exists()
    assert verify()[0] == 0


def test_a_file_goes_when_it_has_expired_and_its_object_with_the_sweep(
    caller: Caller, stranger: Caller, new_media: Callable[..., Media], new_generation: Callable[..., Generation]
) -> None:
    hold(stranger.user)
    expired, used, later = (new_media(caller.user, content) for content in (b"one", b"two", b"three"))
    held = new_media(stranger.user, b"four")
    Media.objects.exclude(id=later.id).update(expires_at=ago(minutes=1))
    Media.objects.filter(id=later.id).update(expires_at=ago(minutes=-9))
    GenerationInput.objects.create(generation=new_generation(caller.user), media=used, position=0)
    purge("purge_media", "--dry-run")
    assert (Media.objects.filter(deleted_at=None).count(), Removal.objects.count()) == (4, 0)
    status, said = purge("purge_media")
    assert (status, "media.expired: 1" in said) == (0, True)
    assert {each.id for each in Media.objects.filter(deleted_at=None)} == {used.id, later.id, held.id}
    assert (default_storage.exists(expired.key), sweep(), default_storage.exists(expired.key)) == (True, 1, False)


def test_rows_and_objects_that_lost_their_other_half_go(
    caller: Caller, new_media: Callable[..., Media], settings: Any
) -> None:
    whole, lost, stray, young = (new_media(caller.user, content) for content in (b"one", b"two", b"three", b"four"))
    Media.objects.update(created_at=ago(days=8))
    default_storage.delete(lost.key)
    Media.objects.filter(id__in=[stray.id, young.id]).delete()
    for each in (whole, stray):
        os.utime(default_storage.path(each.key), times=(0, 0))
    status, said = purge("purge_media", "--dry-run")
    assert (status, Media.objects.filter(deleted_at=None).count(), Removal.objects.count()) == (0, 2, 0)
    assert figures(purge("purge_media")[1])[1:] == figures(said)[1:]
    assert {"media.without_object: 1", "objects.without_row: 1"} <= set(said.splitlines())
    assert Media.objects.get(deleted_at=None).id == whole.id
    sweep()
    there = {each.id: default_storage.exists(each.key) for each in (whole, stray, young)}
    assert there == {whole.id: True, stray.id: False, young.id: True}
