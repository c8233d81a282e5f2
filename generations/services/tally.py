"""Ended jobs and what they cost, for /metrics. The ledger has it to the last digit; this is for alarms."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from generations.models import Generation
from hub.common.money import ZERO
from hub.metrics.catalogue import JOBS_ENDED, SPENT


def count_on_commit(generation: Generation, *, status: str, cost: Decimal = ZERO) -> None:
    """Once it is true."""

    def count() -> None:
        JOBS_ENDED.labels(generation.kind, status).inc()
        SPENT.labels(generation.kind, generation.model).inc(float(cost))

    transaction.on_commit(count)
