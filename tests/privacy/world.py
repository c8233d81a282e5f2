"""An account with something in every table, each value unique, for the tests of exports and erasures."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from audit.actions import Action
from audit.services import record
from generations.models import (
    Event,
    Generation,
    GenerationAttempt,
    GenerationInput,
    Quote,
    WebhookDelivery,
    WebhookEndpoint,
)
from generations.webhooks.signing import make_secret
from hub.common.ids import uuid7
from media.models import Media
from usage.models import Quota, QuotaHold, QuotaPeriod
from usage.services import grant_credit, hold_quota, log_usage, set_quota, settle_hold
from users.models import User, UserGroup
from users.services import create_user, issue_api_key

KINDS = {"text": "gemini", "image": "vertex", "video": "interactions", "music": "interactions"}


@dataclass
class Life:
    """A user, and every value of theirs that must be nowhere afterwards."""

    user: User
    key_text: str
    values: set[str] = field(default_factory=set)

    def unique(self, what: str) -> str:
        value = f"{what}-{uuid4().hex[:12]}"
        self.values.add(value)
        return value


def make_life(new_media: Callable[..., Media], *, staff: User | None = None) -> Life:
    """Two of most things, so that a row that is left cannot hide behind one that is gone."""
    email = f"e{uuid4().hex[:12]}@example.org"
    user = create_user(email=email)
    key, text = issue_api_key(owner=user, name="first", allowed_ips=["192.0.2.0/24"])
    life = Life(user, text, {email, text})
    second, _ = issue_api_key(owner=user, name=life.unique("key"), giver=key, actor=user)
    _books(life, key, second)
    for kind, adapter in KINDS.items():
        _job(life, kind, adapter, key, new_media)
    _webhooks(life)
    _traces_of_staff(life, staff)
    Quote.objects.create(
        owner=user, model="m", request_hash="0" * 64, rates={}, amount=1, expires_at=timezone.now() + timedelta(hours=1)
    )
    record(action=Action.API_KEY_REFUSED, actor_id=user.id, target=("api_key", key.id), ip="192.0.2.77", code="x")
    record(action=Action.API_KEY_REFUSED, subject_id=user.id, target=("api_key", key.id), ip="192.0.2.78", code="x")
    return life


def _books(life: Life, key: Any, second: Any) -> None:
    quota = set_quota(user=life.user, kind="", period="total", limit=Decimal("50"), actor=None)
    set_quota(user=life.user, kind="", period="day", limit=Decimal("20"), actor=None)
    set_quota(user=life.user, kind="", period="month", limit=Decimal("9"), actor=None, api_key_id=second.id)
    grant_credit(quota=quota, amount=Decimal("2.5"), reason=life.unique("grant"), granted_by=None)


def _job(life: Life, kind: str, adapter: str, key: Any, new_media: Callable[..., Media]) -> None:
    user, now = life.user, timezone.now()
    second = user.api_keys.order_by("-created_at").first()
    job = Generation.objects.create(
        owner=user,
        api_key=key,
        kind=kind,
        model="m",
        adapter=adapter,
        prompt=life.unique("prompt"),
        parameters={"system_instruction": life.unique("system")},
        tags=[life.unique("tag")],
        texts=[life.unique("text")],
        status="succeeded",
        estimate=Decimal("0.5"),
        cost=Decimal("0.123456789"),
        rates={"model": "m", "rates": []},
        request_id=str(uuid7()),
        idempotency_key=life.unique("order"),
        request_hash="1" * 64,
        finished_at=now,
    )
    attempt = GenerationAttempt.objects.create(
        generation=job,
        number=1,
        state="succeeded",
        operation_name=life.unique("operation") if kind == "video" else "",
        provider_request_id=life.unique("provider"),
        finished_at=now,
    )
    hold_quota(
        user_id=user.id,
        kind=kind,
        reference=job.id,
        amount=job.estimate,
        expires_at=now,
        api_key_ids=second.line if second else (),
    )
    log_usage(
        user_id=user.id,
        api_key_id=key.id,
        reference=job.id,
        attempt_id=attempt.id,
        model="m",
        kind=kind,
        units={"input_token": 7, "image": 1},
        prices={},
        cost=job.cost or Decimal(0),
        estimate=job.estimate,
        latency_ms=12,
        outcome="succeeded",
        provider_request_id=attempt.provider_request_id,
        request_id=job.request_id,
        tags=job.tags,
    )
    settle_hold(reference=job.id, cost=job.cost or Decimal(0))
    made = new_media(user, f"{kind} of {life.user.id}".encode(), reference=job.id)
    GenerationInput.objects.create(generation=job, media=made, position=0)
    Media.objects.filter(id=made.id).update(idempotency_key=life.unique("upload"))
    record(action=Action.GENERATION_SUBMITTED, actor_id=user.id, target=("generation", job.id), kind=kind, model="m")


def _webhooks(life: Life) -> None:
    for _ in range(2):
        endpoint = WebhookEndpoint.objects.create(
            owner=life.user,
            url=f"https://example.org/{life.unique('hook')}",
            secret=make_secret(),
            description=life.unique("about"),
        )
        job = Generation.objects.filter(owner=life.user).first()
        assert job is not None
        first = WebhookDelivery.objects.create(
            owner=life.user,
            endpoint=endpoint,
            event_id=uuid7(),
            event_type=Event.SUCCEEDED,
            generation=job,
            payload={"data": {"id": str(job.id)}},
            state="pending",
            next_attempt_at=timezone.now() + timedelta(days=1),
        )
        WebhookDelivery.objects.create(
            owner=life.user,
            endpoint=endpoint,
            event_id=first.event_id,
            event_type=Event.SUCCEEDED,
            generation=job,
            payload=first.payload,
            redelivery_of=first,
            state="abandoned",
        )


def _traces_of_staff(life: Life, staff: User | None) -> None:
    UserGroup.objects.create(user=life.user, group=Group.objects.get_or_create(name="clients")[0])
    User.objects.filter(id=life.user.id).update(last_login=timezone.now(), last_active_at=timezone.now())
    session = SessionStore()
    session["_auth_user_id"] = str(life.user.id)
    session["note"] = life.unique("session")
    session.save()
    if staff is not None:
        LogEntry.objects.create(
            user=staff,
            content_type=ContentType.objects.get_for_model(User),
            object_id=str(life.user.id),
            object_repr=life.unique("repr"),
            action_flag=2,
            change_message=life.unique("change"),
        )


def totals() -> dict[str, Any]:
    """What an erasure must leave as it is, to the last digit: who it was of is not in it."""
    rows = {
        "ledger": sorted(_ledger()),
        "periods": sorted(map(str, QuotaPeriod.objects.values_list("starts_at", "ends_at", "limit", "spent", "held"))),
        "quotas": sorted(map(str, Quota.objects.values_list("kind", "period", "limit"))),
        "holds": sorted(map(str, QuotaHold.objects.values_list("kind", "amount", "state", "cost"))),
    }
    return {**rows, "grants": sorted(map(str, _grants()))}


def _ledger() -> list[str]:
    from usage.models import UsageLog

    columns = ("created_at__date", "model", "kind", "units", "cost", "estimate", "outcome", "confirmed", "estimated")
    return [str(row) for row in UsageLog.objects.values_list(*columns)]


def _grants() -> list[Any]:
    from usage.models import QuotaGrant

    return list(QuotaGrant.objects.values_list("amount", "expires_at", "voided_at", "granted_by"))


def dump_of(url: str, pg_dump: Path) -> bytes:
    """The whole database, as pg_dump has it in plain text."""
    done = subprocess.run([pg_dump, "--data-only", "--inserts", url], capture_output=True, check=True)
    return done.stdout
