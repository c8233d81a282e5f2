"""When the purges run by themselves: once a day, and never for their own sake on an idle hub."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as hub_settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from generations import due, periodic
from generations.purging.daily import _DAILY, purge_as_set
from hub.common.ids import uuid7
from hub.common.redis import redis_client
from tests.purging.commands import entries

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def a_clean_slate(db: None, no_jobs: None) -> Iterator[None]:
    redis_client().delete(periodic.LAST_PURGE_KEY, periodic.LAST_SEAL_KEY)
    yield
    redis_client().delete(periodic.LAST_PURGE_KEY, periodic.LAST_SEAL_KEY, due.KEY)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(periodic.current_app, "send_task", lambda task, kwargs: names.append(kwargs["name"]))
    return names


def happened(key: str, seconds_ago: float) -> None:
    redis_client().set(key, str(time.time() - seconds_ago))


def test_every_purge_is_sent_once_a_day(sent: list[str]) -> None:
    assert periodic.purging_is_due()
    periodic.send_purges()
    assert sent == list(hub_settings.PURGES) == list(_DAILY)
    assert not periodic.purging_is_due()


def test_an_idle_database_is_not_woken_for_it_alone() -> None:
    happened(periodic.LAST_PURGE_KEY, DAY + 60)
    happened(periodic.LAST_SEAL_KEY, DAY - 60)
    assert not periodic.purging_is_due()
    happened(periodic.LAST_SEAL_KEY, DAY + 59)
    assert periodic.purging_is_due()


def test_while_jobs_wait_it_is_due_after_a_day() -> None:
    happened(periodic.LAST_SEAL_KEY, 1)
    due.schedule(generation_id=uuid7(), kind="text", in_seconds=60)
    happened(periodic.LAST_PURGE_KEY, DAY - 60)
    assert not periodic.purging_is_due()
    happened(periodic.LAST_PURGE_KEY, DAY + 1)
    assert periodic.purging_is_due()


@pytest.mark.parametrize("name", _DAILY)
def test_a_daily_purge_that_finds_nothing_leaves_no_entry(name: str) -> None:
    purge_as_set(name=name)
    assert entries() == []


def test_a_daily_purge_does_what_the_command_does() -> None:
    Session.objects.create(session_key="old", expire_date=timezone.now() - timedelta(days=9))
    purge_as_set(name="purge_sessions")
    assert not Session.objects.exists()
    assert [(each["purge"], each["ended"]) for each in entries()] == [("purge_sessions", "done")]


def test_dormant_accounts_wait_for_a_hub_with_mail(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.MAIL_IS_SENT = False
    purge_as_set(name="purge_dormant_users")
    assert "purge_impossible" in caplog.text
