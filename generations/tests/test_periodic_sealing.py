"""When the clock seals the audit trail: while the database is awake anyway, else once a day."""

from __future__ import annotations

import time

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from audit import scheduled, sealing
from audit.models import AuditLog, AuditSeal
from audit.services import record
from audit.tasks import EXPORT_CHECKPOINT
from generations import due, periodic
from generations.clock import Clock
from hub.common.ids import uuid7
from hub.common.redis import redis_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(no_jobs: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # It would close the connection whose transaction holds the test.
    monkeypatch.setattr("generations.clock.close_old_connections", lambda: None)
    redis_client().delete(periodic.LAST_SEAL_KEY, scheduled.LAST_KEY, "hub:clock:leader")
    settings.AUDIT_SETTLE_SECONDS = 1e-6


def sealed_ago(seconds: float) -> None:
    redis_client().set(periodic.LAST_SEAL_KEY, str(time.time() - seconds))


def test_an_idle_hub_is_woken_once_a_day_and_not_before(settings: Settings) -> None:
    assert periodic.sealing_is_due()
    sealed_ago(settings.AUDIT_SEAL_SECONDS + 1)
    assert not periodic.sealing_is_due()
    sealed_ago(24 * 3600 - 60)
    assert not periodic.sealing_is_due()
    sealed_ago(24 * 3600 + 1)
    assert periodic.sealing_is_due()


def test_while_jobs_wait_it_seals_every_so_often(settings: Settings) -> None:
    due.schedule(generation_id=uuid7(), kind="text", in_seconds=60)
    sealed_ago(settings.AUDIT_SEAL_SECONDS - 10)
    assert not periodic.sealing_is_due()
    sealed_ago(settings.AUDIT_SEAL_SECONDS + 1)
    assert periodic.sealing_is_due()


def test_the_clock_seals_and_then_asks_the_database_nothing() -> None:
    record(action="quota.set")
    clock = Clock()
    clock.tick()
    assert AuditSeal.objects.get().count == 1
    with CaptureQueriesContext(connection) as queries:
        clock.tick()
    assert not queries.captured_queries


def test_a_backlog_is_sealed_one_seal_a_tick_so_that_jobs_need_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_ENTRIES", 2)
    for _ in range(5):
        record(action="quota.set")
    clock = Clock()
    clock.tick()
    assert AuditSeal.objects.count() == 1
    clock.tick()
    clock.tick()
    assert AuditSeal.objects.count() == 3
    assert not AuditLog.objects.waiting().exists()
    assert not periodic.sealing_is_due()


def test_a_sealing_that_fails_is_tried_again_later_and_not_at_every_tick(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def fail() -> None:
        raise DatabaseError

    monkeypatch.setattr(periodic, "seal_next", fail)
    with pytest.raises(DatabaseError):
        periodic.run_sealing()
    assert not periodic.sealing_is_due()
    last = float(str(redis_client().get(periodic.LAST_SEAL_KEY)))
    assert 0 < last + 24 * 3600 - time.time() <= settings.AUDIT_SEAL_SECONDS


def test_the_checkpoint_of_the_day_is_sent_for_after_a_seal_and_once_a_day(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(periodic.current_app, "send_task", lambda name, **_: sent.append(name))
    monkeypatch.setattr(sealing, "MOST_ENTRIES", 2)
    periodic.run_sealing()
    assert sent == [], "there is no seal to export"
    for _ in range(3):
        record(action="quota.set")
    periodic.run_sealing()
    assert sent == [], "more is to be sealed first"
    for _ in range(3):
        periodic.run_sealing()
        record(action="quota.set")
    assert sent == [EXPORT_CHECKPOINT]
    redis_client().set(scheduled.LAST_KEY, str(time.time() - 24 * 3600 - 1))
    settings.AUDIT_CHECKPOINTS = "none"
    periodic.run_sealing()
    assert sent == [EXPORT_CHECKPOINT]
    record(action="quota.set")
    settings.AUDIT_CHECKPOINTS = "/somewhere"
    periodic.run_sealing()
    assert sent == [EXPORT_CHECKPOINT] * 2
