"""Sends one delivery once, and says what comes of it: delivered, again later, or given up.

The claim is one conditional update that counts the attempt; every later write is conditional on that count. A worker
that dies after its claim leaves the delivery to another one, and costs it one attempt.
"""

from __future__ import annotations

import json
import logging
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from generations.models import WebhookDelivery, WebhookEndpoint
from generations.webhooks import due, notice, signing, slots
from generations.webhooks.switch import disable
from hub.common import http

logger = logging.getLogger(__name__)
State = WebhookDelivery.State
Disabled = WebhookEndpoint.Disabled

# Before the second attempt, the third and so on: ten attempts within 75 hours and a half (the specification's example).
PAUSES = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
MOST_ATTEMPTS = len(PAUSES) + 1
# A pause is up to so much longer, so that what failed together does not return together.
JITTER = 0.1
# An endpoint without a single success for so long, and over so many attempts, is turned off.
FAILING_FOR = timedelta(days=5)
FAILING_ATTEMPTS = 10
# A worker that has not written its result by then, beyond the time that sending may take, is dead.
LEASE_MARGIN_SECONDS = 30
# Seconds that one waits whose owner has as many on their way as may be.
WAIT_FOR_A_SLOT = (1.0, 3.0)
GONE = 410
USER_AGENT = "ai-generation-hub/1"
ASKS_FOR_TIME = (429, 503)


class Overtaken(Exception):
    """Another worker has the delivery, or it was given up: what this one knows of it must not be written."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one attempt brought: a status, or the reason why there is none."""

    code: int | None = None
    error: str = ""
    retry_after: float = 0

    @property
    def is_success(self) -> bool:
        """The receiver took it."""
        return self.code is not None and 200 <= self.code < 300


def deliver(*, delivery_id: UUID) -> None:
    """Sends it if it is due. A second run finds it claimed, not due or ended, and sends nothing.

    One whose owner has enough on its way already is put off for a moment, which costs it no attempt.
    """
    owner_id = WebhookDelivery.objects.due().filter(id=delivery_id).values_list("owner_id", flat=True).first()
    if owner_id is None:
        _look_later(delivery_id)
        return
    with slots.slot(owner_id=owner_id, delivery_id=delivery_id) as has_slot:
        if has_slot:
            _attempt(delivery_id)
        else:
            _schedule(delivery_id, random.uniform(*WAIT_FOR_A_SLOT))  # noqa: S311 - a pause is no secret


def _attempt(delivery_id: UUID) -> None:
    delivery = _claim(delivery_id)
    if delivery is None:
        _look_later(delivery_id)
        return
    try:
        _deliver(delivery)
    except Overtaken:
        logger.warning("webhook delivery %s was taken over or given up meanwhile", delivery_id)


def _claim(delivery_id: UUID) -> WebhookDelivery | None:
    lease = timedelta(seconds=settings.WEBHOOK_TIMEOUT_SECONDS + LEASE_MARGIN_SECONDS)
    mine = WebhookDelivery.objects.due().filter(id=delivery_id)
    if not mine.update(attempts=F("attempts") + 1, next_attempt_at=Now() + lease):
        return None
    return WebhookDelivery.objects.select_related("endpoint").get(id=delivery_id)


def _deliver(delivery: WebhookDelivery) -> None:
    if not delivery.endpoint.is_enabled:
        _write(delivery, state=State.ABANDONED, attempts=delivery.attempts - 1, next_attempt_at=None)
    elif delivery.attempts > MOST_ATTEMPTS:
        # The worker of the last attempt died.
        _write(delivery, state=State.FAILED, attempts=MOST_ATTEMPTS, next_attempt_at=None, last_error="interrupted")
    else:
        _take_in(delivery, send(delivery))
        return
    _forget(delivery.id)


def send(delivery: WebhookDelivery) -> Result:
    """One signed POST of the thin payload; no transaction is open. Raises nothing: what went wrong is in the result."""
    now = timezone.now()
    body = body_of(delivery)
    secrets = signing.secrets_in_force(delivery.endpoint, at=now)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        **signing.signed_headers(event_id=delivery.event_id, at=now, body=body, secrets=secrets),
    }
    try:
        answer = http.post(
            delivery.endpoint.url, content=body, headers=headers, timeout=settings.WEBHOOK_TIMEOUT_SECONDS
        )
    except http.Refused:
        return Result(error="address_refused")
    except http.Failed as failure:
        return Result(error=failure.reason)
    return _result(answer)


def body_of(delivery: WebhookDelivery) -> bytes:
    """What is sent and signed, the same at every attempt: type, timestamp and data, and nothing of the content."""
    payload = delivery.payload
    ordered = {name: payload[name] for name in ("type", "timestamp", "data")}
    return json.dumps(ordered, separators=(",", ":")).encode()


def _result(answer: http.Answer) -> Result:
    if 200 <= answer.status < 300:
        return Result(code=answer.status)
    error = "redirect_not_followed" if 300 <= answer.status < 400 else "status"
    wish = answer.headers.get("retry-after", "") if answer.status in ASKS_FOR_TIME else ""
    return Result(answer.status, error, float(wish) if wish.isascii() and wish.isdigit() and len(wish) < 9 else 0)


def _take_in(delivery: WebhookDelivery, result: Result) -> None:
    if result.is_success:
        _succeed(delivery, result)
        _forget(delivery.id)
        return
    logger.info("webhook delivery %s: attempt %d failed: %s", delivery.id, delivery.attempts, result.error)
    pause = None if _is_last(delivery, result) else pause_seconds(delivery.attempts, result)
    is_disabled = _fail(delivery, result, pause)
    if is_disabled:
        notice.tell_owner(endpoint_id=delivery.endpoint_id)
    if is_disabled or pause is None:
        _forget(delivery.id)
    else:
        _schedule(delivery.id, pause)


def _is_last(delivery: WebhookDelivery, result: Result) -> bool:
    return result.code == GONE or delivery.attempts >= MOST_ATTEMPTS


def pause_seconds(attempts: int, result: Result) -> float:
    """Until the next attempt after so many: the schedule's pause or the receiver's longer wish (a day at most)."""
    pause = max(PAUSES[attempts - 1], min(result.retry_after, PAUSES[-1]))
    return pause * random.uniform(1, 1 + JITTER)  # noqa: S311 - a pause is no secret


def _succeed(delivery: WebhookDelivery, result: Result) -> None:
    with transaction.atomic():
        if delivery.endpoint.consecutive_failures:
            failing = WebhookEndpoint.objects.filter(id=delivery.endpoint_id, consecutive_failures__gt=0)
            failing.update(failing_since=None, consecutive_failures=0)
        # Also when its endpoint was turned off while it was on its way: it has arrived.
        _write(
            delivery,
            before=(State.PENDING, State.ABANDONED),
            state=State.DELIVERED,
            delivered_at=Now(),
            next_attempt_at=None,
            last_response_code=result.code,
            last_error="",
        )


def _fail(delivery: WebhookDelivery, result: Result, pause: float | None) -> bool:
    """Writes the failure; whether the endpoint was turned off by it. Raises Overtaken."""
    next_attempt = None if pause is None else Now() + timedelta(seconds=pause)
    with transaction.atomic():
        should_stop = _count_failure(delivery.endpoint_id)
        _write(
            delivery,
            state=State.FAILED if pause is None else State.PENDING,
            next_attempt_at=next_attempt,
            last_response_code=result.code,
            last_error=result.error,
        )
        if result.code == GONE:
            return disable(endpoint_id=delivery.endpoint_id, reason=Disabled.GONE)
        return should_stop and disable(endpoint_id=delivery.endpoint_id, reason=Disabled.FAILING)


def _count_failure(endpoint_id: UUID) -> bool:
    """Whether the endpoint has failed long and often enough."""
    endpoint = WebhookEndpoint.objects.filter(id=endpoint_id)
    endpoint.update(
        consecutive_failures=F("consecutive_failures") + 1, failing_since=Coalesce(F("failing_since"), Now())
    )
    too_long = Now() - FAILING_FOR
    return endpoint.filter(failing_since__lte=too_long, consecutive_failures__gte=FAILING_ATTEMPTS).exists()


def _write(delivery: WebhookDelivery, *, before: tuple[str, ...] = (State.PENDING,), **changes: Any) -> None:
    mine = WebhookDelivery.objects.filter(id=delivery.id, attempts=delivery.attempts, state__in=before)
    if not mine.update(**changes):
        raise Overtaken(str(delivery.id))


def _look_later(delivery_id: UUID) -> None:
    """One that could not be claimed: wants a look when it is due, or none when it has ended."""
    waiting = WebhookDelivery.objects.pending().filter(id=delivery_id).values_list("next_attempt_at", flat=True).first()
    if waiting is None:
        due.remove(delivery_id=delivery_id)
        return
    due.schedule(delivery_id=delivery_id, in_seconds=(waiting - timezone.now()).total_seconds() + 1)


def _forget(delivery_id: UUID) -> None:
    try:
        due.remove(delivery_id=delivery_id)
    except redis.RedisError:
        logger.info("webhook delivery %s stays in the due set for one fruitless look: Redis is away", delivery_id)


def _schedule(delivery_id: UUID, seconds: float) -> None:
    try:
        due.schedule(delivery_id=delivery_id, in_seconds=seconds)
    except redis.RedisError:
        logger.warning("webhook delivery %s is left to the sweep: Redis is away", delivery_id)
