"""The queries of the work (see hub/common/named_queries.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from generations import selectors
from generations.models import Generation, WebhookDelivery
from generations.models.work import GenerationQuerySet
from generations.purging.names import purge_idempotency_keys
from generations.purging.prompts import purge_prompts
from generations.reconciling.attempts import Attempts
from generations.reconciling.jobs import Jobs
from generations.reconciling.origins import Origins
from generations.services import admission, attempts, forget, idempotency
from generations.services.admission import Lane
from generations.services.lease import Job
from generations.webhooks import outbox
from generations.webhooks import selectors as webhooks
from hub.api.pagination import Position, take_page
from hub.common.named_queries import NamedQuery, Sample, Sort, if_there, query
from hub.common.reconciling import Check
from users.models import User

LIMIT, BATCH = 30, 500
JOB_FILTERS: dict[str, Callable[[Sample], dict[str, Any]]] = {
    "of one status": lambda s: {"status": "failed"},
    "of one kind": lambda s: {"kind": "text"},
    "of one model": lambda s: {"model": "gemini-3.8-flash"},
    "of one tag": lambda s: {"tag": "campaign-1"},
    "of a month": lambda s: {"created_after": s.month, "created_before": s.now},
    "since then": lambda s: {"created_after": s.month},
    "before then": lambda s: {"created_before": s.month},
}
DELIVERY_FILTERS: dict[str, Callable[[Sample], dict[str, Any]]] = {
    "to one endpoint": lambda s: {"endpoint": s.endpoint_id},
    "of one state": lambda s: {"state": "failed"},
    "of one event": lambda s: {"event": "generation.succeeded"},
}


def _user(sample: Sample) -> User:
    return User(id=sample.user_id)


def _page(rows: QuerySet[Any], after: Position | None = None) -> Any:
    return take_page(rows, after=after, limit=LIMIT)


def _jobs(name: str, facts: Callable[[Sample], dict[str, Any]]) -> NamedQuery:
    def run(sample: Sample) -> object:
        return _page(selectors.generations_of(user=_user(sample), **facts(sample)))

    return query(Sort.USER, f"jobs of a user {name}", selectors.generations_of, run)


def _deliveries(name: str, facts: Callable[[Sample], dict[str, Any]]) -> NamedQuery:
    def run(sample: Sample) -> object:
        return _page(webhooks.deliveries_of(user=_user(sample), **facts(sample)))

    return query(Sort.USER, f"deliveries of a user {name}", webhooks.deliveries_of, run)


def _next(rows: QuerySet[Any], sample: Sample) -> object:
    return _page(rows, Position(sample.month, sample.generation_id))


def _lane(sample: Sample) -> Lane:
    return Lane(sample.user_id, "text")


def _job(sample: Sample) -> Job:
    return Job(Generation(id=sample.generation_id, attempts_made=1), token=sample.media_id)


def _shown(sample: Sample) -> object:
    """One that has ended, and one that waits."""
    return selectors.in_detail(list(Generation.objects.filter(id__in=[sample.generation_id, sample.queued_id])))


def _reconciled(check: Check) -> NamedQuery:
    return query(Sort.UPKEEP, f"reconcile: {check.says}", check.findings, lambda s: list(check.findings()))


QUERIES = [
    query(
        Sort.USER, "jobs of a user", selectors.generations_of, lambda s: _page(selectors.generations_of(user=_user(s)))
    ),
    query(
        Sort.USER,
        "jobs of a user, the next page",
        selectors.generations_of,
        lambda s: _next(selectors.generations_of(user=_user(s)), s),
    ),
    *(_jobs(name, facts) for name, facts in JOB_FILTERS.items()),
    query(
        Sort.LOOKUP,
        "job of a user",
        selectors.one_of,
        lambda s: if_there(lambda: selectors.one_of(user=_user(s), generation_id=s.generation_id)),
    ),
    query(Sort.USER, "what is shown of jobs", selectors.in_detail, _shown),
    query(
        Sort.LOOKUP, "whether a job works with a file", selectors.works_with, lambda s: selectors.works_with(s.media_id)
    ),
    query(
        Sort.LOOKUP,
        "quote of a user",
        selectors.quote_of,
        lambda s: if_there(lambda: selectors.quote_of(owner_id=s.user_id, quote_id=s.media_id)),
    ),
    query(
        Sort.LOOKUP,
        "job by its idempotency key",
        idempotency.earlier,
        lambda s: idempotency.earlier(s.user_id, "once"),
    ),
    query(Sort.LOOKUP, "open call of a job", attempts.open_attempt, lambda s: attempts.open_attempt(_job(s))),
    query(Sort.LOOKUP, "who is next in a lane", admission.promote, lambda s: admission.promote(_lane(s))),
    query(
        Sort.UPKEEP,
        "lanes in which somebody waits",
        GenerationQuerySet.waiting,
        lambda s: list(Generation.objects.waiting().order_by().values_list("owner_id", "kind").distinct()),
    ),
    query(
        Sort.UPKEEP,
        "jobs in flight, by kind and state",
        selectors.jobs_in_flight,
        lambda s: list(selectors.jobs_in_flight()),
    ),
    query(
        Sort.UPKEEP,
        "jobs for the due set",
        GenerationQuerySet.admitted,
        lambda s: list(Generation.objects.open().admitted().only("kind", "lease_expires_at", "next_check_at")[:BATCH]),
    ),
    query(
        Sort.USER, "endpoints of a user", webhooks.endpoints_of, lambda s: _page(webhooks.endpoints_of(user=_user(s)))
    ),
    query(
        Sort.USER,
        "endpoints of a user, the next page",
        webhooks.endpoints_of,
        lambda s: _next(webhooks.endpoints_of(user=_user(s)), s),
    ),
    query(
        Sort.USER,
        "deliveries of a user",
        webhooks.deliveries_of,
        lambda s: _page(webhooks.deliveries_of(user=_user(s))),
    ),
    query(
        Sort.USER,
        "deliveries of a user, the next page",
        webhooks.deliveries_of,
        lambda s: _next(webhooks.deliveries_of(user=_user(s)), s),
    ),
    *(_deliveries(name, facts) for name, facts in DELIVERY_FILTERS.items()),
    query(
        Sort.UPKEEP,
        "deliveries that are due",
        WebhookDelivery,
        lambda s: list(WebhookDelivery.objects.pending().values_list("id", "next_attempt_at")[:BATCH]),
    ),
    query(
        Sort.UPKEEP,
        "deliveries of a job that were not tried",
        outbox.dispatch,
        lambda s: outbox.dispatch(generation_id=s.generation_id),
    ),
    query(
        Sort.UPKEEP,
        "texts, names and quotes to purge",
        purge_prompts,
        lambda s: [
            part.keys(None, BATCH)
            for purge in (purge_prompts(days=30), purge_idempotency_keys(days=30))
            for part in purge.parts
        ],
    ),
    query(
        Sort.UPKEEP,
        "operations that a provider is to forget",
        forget.outcome,
        lambda s: forget.outcome(erasure_id=s.media_id),
    ),
    *(_reconciled(check) for check in (Jobs(), Attempts())),
    query(Sort.UPKEEP, "reconcile: each hold has its job", Origins.of_holds, lambda s: list(Origins().of_holds())),
    query(
        Sort.UPKEEP,
        "reconcile: each row of the ledger has its call",
        Origins.of_rows,
        lambda s: list(Origins().of_rows()),
    ),
]
