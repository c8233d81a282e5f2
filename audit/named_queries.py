"""The queries of the trail (see hub/common/named_queries.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from audit import exporting, purging, sealing, selectors
from audit.actions import Action
from audit.models import AuditLog
from audit.verifying import Verification
from hub.api.pagination import Position, take_page
from hub.common.named_queries import NamedQuery, Sample, Sort, query

LIMIT = 30
FILTERS: dict[str, Callable[[Sample], dict[str, Any]]] = {
    "of one action": lambda s: {"action": Action.GENERATION_SUBMITTED},
    "of one sort of target": lambda s: {"target_type": "generation"},
    "of one target": lambda s: {"target_id": s.generation_id},
    "of a month": lambda s: {"created_after": s.month, "created_before": s.now},
    "since then": lambda s: {"created_after": s.month},
    "before then": lambda s: {"created_before": s.month},
}


def _page(rows: QuerySet[AuditLog], sample: Sample | None = None) -> object:
    after = None if sample is None else Position(sample.month, sample.generation_id)
    return take_page(rows, after=after, limit=LIMIT)


def _concerning(sample: Sample, **facts: Any) -> QuerySet[AuditLog]:
    return selectors.chosen(selectors.entries_concerning(user_id=sample.user_id), **facts)


def _of(sample: Sample, **facts: Any) -> QuerySet[AuditLog]:
    return selectors.chosen(selectors.entries_of(actor_id=sample.user_id), **facts)


def _chosen(name: str, facts: Callable[[Sample], dict[str, Any]]) -> NamedQuery:
    def run(sample: Sample) -> object:
        return [_page(read(sample, **facts(sample))) for read in (_concerning, _of)]

    return query(Sort.USER, f"trail: {name}", selectors.chosen, run)


QUERIES = [
    query(Sort.USER, "trail: what concerns the user", selectors.entries_concerning, lambda s: _page(_concerning(s))),
    query(Sort.USER, "trail: the next page", selectors.entries_concerning, lambda s: _page(_concerning(s), s)),
    query(Sort.USER, "trail: what the user did", selectors.entries_of, lambda s: _page(_of(s))),
    query(Sort.USER, "trail: what the user did, the next page", selectors.entries_of, lambda s: _page(_of(s), s)),
    *(_chosen(name, facts) for name, facts in FILTERS.items()),
    query(
        Sort.UPKEEP,
        "trail: the oldest entry without a seal",
        selectors.oldest_unsealed,
        lambda s: selectors.oldest_unsealed(),
    ),
    query(Sort.UPKEEP, "trail: seal the oldest", sealing.seal_next, lambda s: sealing.seal_next()),
    query(
        Sort.UPKEEP,
        "trail: verify a month",
        Verification.findings,
        lambda s: list(Verification(since=s.month, until=s.now).findings()),
    ),
    query(Sort.UPKEEP, "trail: verify", Verification.findings, lambda s: list(Verification().findings())),
    query(
        Sort.UPKEEP,
        "trail: how far it was exported",
        exporting.exported_through,
        lambda s: exporting.exported_through(),
    ),
    query(
        Sort.UPKEEP,
        "trail: seals that may be purged",
        purging.purgeable_seals,
        lambda s: list(purging.purgeable_seals(before=s.month).order_by("number")[:LIMIT]),
    ),
]
