"""Has providers forget the work of erased accounts: written down with the erasure, asked for after it."""

from __future__ import annotations

import logging
from uuid import UUID

import redis
from django.db.models import Count, QuerySet

from generations.live.feed import key_of
from generations.models import GenerationAttempt, ProviderTrace
from generations.providers import registry
from generations.providers.base import ProviderError, ProviderRequest
from hub.common.ids import uuid7
from hub.common.redis import redis_client

logger = logging.getLogger(__name__)
State = ProviderTrace.State
BATCH = 1000


def operations_of(user_id: UUID) -> QuerySet[GenerationAttempt]:
    """The attempts for which a provider has kept something under a name."""
    return GenerationAttempt.objects.filter(generation__owner_id=user_id).exclude(operation_name="")


def note(*, user_id: UUID, erasure_id: UUID) -> int:
    """Writes down each of them, in the erasure's transaction; returns how many."""
    columns = ("generation__adapter", "generation__model", "generation__kind", "operation_name")
    traces = [
        ProviderTrace(erasure_id=erasure_id, adapter=adapter, model=model, kind=kind, operation=operation)
        for adapter, model, kind, operation in operations_of(user_id).values_list(*columns)
    ]
    ProviderTrace.objects.bulk_create(traces, batch_size=BATCH)
    return len(traces)


def forget_all(*, erasure_id: UUID) -> None:
    """Asks the providers; what one of them cannot be asked now stays pending. A second run asks for those alone."""
    for trace in ProviderTrace.objects.filter(erasure_id=erasure_id, state=State.PENDING):
        try:
            is_gone = registry.adapter(trace.adapter).forget(_request(trace), trace.operation)
        except ProviderError as error:
            logger.warning("what a provider keeps of erasure %s is asked for again: %s", erasure_id, error.code)
            continue
        state = State.FORGOTTEN if is_gone else State.DECLINED
        ProviderTrace.objects.filter(id=trace.id).update(state=state, operation="")


def _request(trace: ProviderTrace) -> ProviderRequest:
    return ProviderRequest(attempt_id=uuid7(), model=trace.model, kind=trace.kind, prompt="")


def outcome(*, erasure_id: UUID) -> dict[str, int]:
    """{state: how many}."""
    counted = ProviderTrace.objects.filter(erasure_id=erasure_id).values("state").annotate(n=Count("id"))
    return {row["state"]: row["n"] for row in counted}


def forget_logs(generation_ids: list[UUID]) -> None:
    """What was told of these jobs to those who followed them; it is sealed, and would be gone within the hour."""
    if not generation_ids:
        return
    try:
        redis_client().delete(*map(key_of, generation_ids))
    except redis.RedisError as error:
        logger.info("the logs of %d jobs go by themselves: %s", len(generation_ids), type(error).__name__)
