"""What /metrics says beyond what processes count: looked up in Redis at a scrape, or in the database by the clock.

The clock counts in the database only after somebody else has used it: then it is awake anyway. With nobody there the
last figures stay, with their time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from audit.selectors import oldest_unsealed
from generations import due
from generations.models import Generation
from generations.selectors import jobs_in_flight
from generations.webhooks import due as webhooks_due
from generations.webhooks.tasks import QUEUE
from hub.common.redis import impatient_client
from hub.metrics import catalogue, figures, store
from hub.metrics.store import Sample
from usage.selectors import open_holds

# A count that took long is not repeated soon: at most this part of the time goes into it.
LARGEST_PART = 0.05
COUNT_SECONDS_KEY = "hub:metrics:figures:seconds"


def are_due() -> bool:
    """Somebody has used the database since, and the last count is METRICS_SECONDS ago, or longer if it was slow."""
    kept_at = figures.kept_at()
    took = float(str(impatient_client().get(COUNT_SECONDS_KEY) or 0))
    pause = max(settings.METRICS_SECONDS, took / LARGEST_PART)
    return store.last_asked() > kept_at and time.time() - kept_at >= pause


def have_changed() -> None:
    """The clock itself has changed what is counted. Raises redis.RedisError."""
    store.note_asked()


def count() -> None:
    """Counts in the database and keeps what it found. Raises DatabaseError and redis.RedisError."""
    at = time.time()
    figures.keep([*_jobs(), *_holds(), _seal_lag()], at=at)
    impatient_client().set(COUNT_SECONDS_KEY, str(time.time() - at))


def _jobs() -> Iterator[Sample]:
    for kind, state, number, oldest in jobs_in_flight():
        labels = {"kind": kind, "state": state}
        yield Sample(catalogue.JOBS.name, labels, number)
        yield Sample(catalogue.OLDEST_JOB.name, labels, _birth(oldest))


def _holds() -> Iterator[Sample]:
    holds = open_holds(now=timezone.now())
    yield Sample(catalogue.HOLDS.name, {}, holds.number)
    yield Sample(catalogue.HELD.name, {}, float(holds.amount))
    yield Sample(catalogue.EXPIRED_HOLDS.name, {}, holds.expired)


def _seal_lag() -> Sample:
    return Sample(catalogue.SEAL_LAG.name, {}, _birth(oldest_unsealed()))


def _birth(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def in_redis() -> Iterator[Sample]:
    """Queues and due sets, as they are now. Raises redis.RedisError."""
    queues = [*Generation.Kind.values, QUEUE]
    deliveries = webhooks_due.DELIVERIES.key
    commands = impatient_client().pipeline()
    for queue in queues:
        commands.llen(queue)
    commands.zcard(due.KEY)
    commands.zcard(deliveries)
    commands.zcount(deliveries, "-inf", time.time())
    *lengths, jobs, backlog, overdue = commands.execute()
    for queue, length in zip(queues, lengths, strict=True):
        yield Sample(catalogue.QUEUED_MESSAGES.name, {"queue": queue}, length)
    yield Sample(catalogue.DUE_JOBS.name, {}, jobs)
    yield Sample(catalogue.WEBHOOK_BACKLOG.name, {}, backlog)
    yield Sample(catalogue.WEBHOOKS_OVERDUE.name, {}, overdue)
