"""Books that agree: jobs of every ending, made by the services that the hub makes them with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from generations.models import Generation, GenerationAttempt
from media.models import Media
from tests.rest import Caller
from usage.services import hold_quota, log_usage, release_hold, set_quota, settle_hold

PRICES = {"output_token": {"variant": "", "price_id": "p", "usd": "0.0001"}}


@dataclass(frozen=True)
class Books:
    """One account: a job that succeeded after a failed call, one that was cancelled, one that runs."""

    caller: Caller
    done: Generation
    attempt: GenerationAttempt
    file: Media
    canceled: Generation
    running: Generation


@pytest.fixture
def new_job(new_generation: Callable[..., Generation]) -> Callable[..., Generation]:
    """With its hold."""

    def new_job(caller: Caller, **changes: Any) -> Generation:
        job = new_generation(caller.user, api_key=caller.key, **changes)
        until = timezone.now() + timedelta(hours=1)
        hold_quota(user_id=caller.user.id, kind=job.kind, reference=job.id, amount=job.estimate, expires_at=until)
        return job

    return new_job


def new_call(job: Generation, number: int, *, tokens: int, outcome: str) -> GenerationAttempt:
    """With its row in the ledger."""
    states = {"state": outcome, "finished_at": timezone.now()}
    attempt = GenerationAttempt.objects.create(generation=job, number=number, **states)
    log_usage(
        **{"user_id": job.owner_id, "api_key_id": job.api_key_id, "reference": job.id, "attempt_id": attempt.id},
        **{"model": job.model, "kind": job.kind, "estimate": job.estimate, "latency_ms": 5, "outcome": outcome},
        **{"units": {"output_token": tokens}, "prices": PRICES, "cost": tokens * Decimal("0.0001")},
    )
    return attempt


@pytest.fixture
def books(caller: Caller, new_job: Callable[..., Generation], new_media: Callable[..., Media]) -> Books:
    """They agree."""
    set_quota(user=caller.user, kind="text", period="day", limit=Decimal(7), actor=None)
    done = new_job(caller, status="succeeded", cost="0.03", texts=["The sea."])
    new_call(done, 1, tokens=0, outcome="failed")
    attempt = new_call(done, 2, tokens=300, outcome="succeeded")
    settle_hold(reference=done.id, cost=Decimal("0.03"))
    canceled = new_job(caller, status="canceled", cost="0")
    release_hold(reference=canceled.id)
    file = new_media(caller.user, b"film", reference=done.id)
    return Books(caller, done, attempt, file, canceled, new_job(caller, status="running"))
