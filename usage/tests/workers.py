"""What the other processes do under load. Imported by the tests and, in a fresh interpreter, by each process."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

import django
from django.apps import apps

if not apps.ready:
    django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from hub.common.ids import uuid7  # noqa: E402
from usage.errors import QuotaRefusal  # noqa: E402
from usage.services import hold_quota, log_usage, release_hold, settle_hold  # noqa: E402

MODELS = (("gemini-3.8-flash", "text"), ("veo-3.1-generate-001", "video"))


def ready() -> int:
    """Long enough for every process to take one."""
    time.sleep(0.3)
    return os.getpid()


def hold_many(
    user_id: UUID, kinds: Sequence[str], amount: str, times: int, api_key_ids: Sequence[UUID] = ()
) -> tuple[list[UUID], list[str]]:
    """Holds again and again; returns the references admitted and the codes of the refusals."""
    admitted, refused = [], []
    for number in range(times):
        try:
            admitted.append(_hold(user_id, kinds[number % len(kinds)], amount, api_key_ids))
        except QuotaRefusal as refusal:
            refused.append(refusal.code)
    return admitted, refused


def hold_and_end_many(user_id: UUID, kinds: Sequence[str], amount: str, cost: str, times: int) -> int:
    """Holds, then settles or releases at random; returns how many were settled."""
    settled, random = 0, Random(os.getpid())
    for _ in range(times):
        try:
            reference = _hold(user_id, random.choice(kinds), amount)
        except QuotaRefusal:
            continue
        if random.random() < 0.5:
            settled += settle_hold(reference=reference, cost=Decimal(cost))
        else:
            release_hold(reference=reference)
    return settled


def end_all(references: Sequence[UUID], cost: str | None) -> int:
    """Settles (at a cost) or releases every hold; returns how many this process ended."""
    if cost is None:
        return sum(release_hold(reference=reference) for reference in references)
    return sum(settle_hold(reference=reference, cost=Decimal(cost)) for reference in references)


def log_many(user_id: UUID, times: int) -> None:
    """Writes ledger rows of two models with odd counts and costs."""
    random = Random(os.getpid())
    for _ in range(times):
        model, kind = random.choice(MODELS)
        units = {"input_token": random.randrange(10**6), "output_token": random.randrange(10**6)}
        if kind == "video":
            units = {"video_second": random.randrange(1, 60)}
        log_usage(
            user_id=user_id,
            api_key_id=None,
            reference=uuid7(),
            attempt_id=uuid7(),
            model=model,
            kind=kind,
            units=units,
            prices={},
            cost=Decimal(random.randrange(10**12)).scaleb(-9),
            estimate=Decimal(1000),
            latency_ms=1,
            outcome="succeeded",
        )


def _hold(user_id: UUID, kind: str, amount: str, api_key_ids: Sequence[UUID] = ()) -> UUID:
    reference = uuid7()
    with transaction.atomic():
        hold_quota(
            user_id=user_id,
            kind=kind,
            reference=reference,
            amount=Decimal(amount),
            expires_at=timezone.now() + timedelta(hours=1),
            api_key_ids=api_key_ids,
        )
    return reference
