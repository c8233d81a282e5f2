"""What the clock counts in the database for /metrics, and when: never for its own sake."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from generations import figures
from generations.models import Generation
from hub.common.ids import uuid7
from hub.common.redis import impatient_client
from hub.metrics import exposition, store
from hub.metrics import figures as kept
from hub.tests.metrics.conftest import clear, value_in
from tests.rest import Caller
from usage.models import QuotaHold
from usage.services import hold_quota


@pytest.fixture(autouse=True)
def no_metrics() -> Iterator[None]:
    clear()
    yield
    clear()


def test_with_nobody_there_it_never_counts(settings: Any) -> None:
    settings.METRICS_SECONDS = 0.001
    assert not figures.are_due()


def test_it_counts_once_after_somebody_was_there(db: None, settings: Any) -> None:
    settings.METRICS_SECONDS = 0.001
    store.note_asked()
    assert figures.are_due()
    figures.count()
    time.sleep(0.01)
    assert not figures.are_due()


def test_it_does_not_count_again_too_soon(db: None, settings: Any) -> None:
    settings.METRICS_SECONDS = 60
    store.note_asked()
    figures.count()
    time.sleep(0.01)
    store.note_asked()
    assert not figures.are_due()


def test_a_count_that_was_slow_is_rare(db: None, settings: Any) -> None:
    settings.METRICS_SECONDS = 0.001
    store.note_asked()
    figures.count()
    impatient_client().set(figures.COUNT_SECONDS_KEY, "30")
    time.sleep(0.01)
    store.note_asked()
    assert not figures.are_due()
    impatient_client().set(figures.COUNT_SECONDS_KEY, "0")
    assert figures.are_due()


def test_it_counts_what_there_is(caller: Caller, new_generation: Callable[..., Generation]) -> None:
    old = timezone.now() - timedelta(hours=2)
    job = new_generation(caller.user, status="running")
    Generation.objects.filter(pk=job.pk).update(created_at=old)
    for _ in range(2):
        new_generation(caller.user)
    new_generation(caller.user, admitted_at=None)
    new_generation(caller.user, kind="image", status="succeeded", cost=Decimal(1))
    for amount, until in (("0.5", 1), ("0.25", -1)):
        hold_quota(
            user_id=caller.user.pk,
            kind="text",
            reference=uuid7(),
            amount=Decimal(amount),
            expires_at=timezone.now() + timedelta(hours=until),
        )
    assert QuotaHold.objects.count() == 2
    figures.count()
    said = exposition.text().decode()
    expected = {
        'hub_jobs{kind="text",state="running"}': 1,
        'hub_jobs{kind="text",state="queued"}': 2,
        'hub_jobs{kind="text",state="waiting"}': 1,
        "hub_holds": 2,
        "hub_held_usd": 0.75,
        "hub_holds_expired": 1,
    }
    assert {name: value_in(said, name) for name in expected} == expected
    assert 'kind="image"' not in said
    assert 7200 <= (value_in(said, 'hub_jobs_oldest_age_seconds{kind="text",state="running"}') or 0) < 7300
    # The account's own making is on the trail and not sealed.
    assert 0 < (value_in(said, "hub_audit_seal_lag_seconds") or 0) < 300
    assert kept.kept_at() > 0
