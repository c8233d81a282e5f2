"""The queries of files (see hub/common/named_queries.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from hub.api.pagination import Position, take_page
from hub.common.named_queries import NamedQuery, Sample, Sort, if_there, query
from media import purging, removing, selectors
from media.models import Media
from users.models import User

LIMIT, BATCH = 30, 500
FILTERS: dict[str, Callable[[Sample], dict[str, Any]]] = {
    "of one kind": lambda s: {"kind": "image"},
    "that were uploaded": lambda s: {"source": selectors.UPLOADED},
    "that were made": lambda s: {"source": selectors.GENERATED},
    "of one job": lambda s: {"generation": s.generation_id},
    "of a month": lambda s: {"created_after": s.month, "created_before": s.now},
    "since then": lambda s: {"created_after": s.month},
    "before then": lambda s: {"created_before": s.month},
}


def _files(sample: Sample, **facts: Any) -> QuerySet[Media]:
    return selectors.media_of(User(id=sample.user_id), **facts)


def _filtered(name: str, facts: Callable[[Sample], dict[str, Any]]) -> NamedQuery:
    def run(sample: Sample) -> object:
        return take_page(_files(sample, **facts(sample)), after=None, limit=LIMIT)

    return query(Sort.USER, f"files of a user {name}", selectors.media_of, run)


QUERIES = [
    query(Sort.USER, "files of a user", selectors.media_of, lambda s: take_page(_files(s), after=None, limit=LIMIT)),
    query(
        Sort.USER,
        "files of a user, the next page",
        selectors.media_of,
        lambda s: take_page(_files(s), after=Position(s.month, s.media_id), limit=LIMIT),
    ),
    *(_filtered(name, facts) for name, facts in FILTERS.items()),
    query(
        Sort.LOOKUP,
        "file of a user",
        selectors.one_of,
        lambda s: if_there(lambda: selectors.one_of(User(id=s.user_id), s.media_id)),
    ),
    query(
        Sort.LOOKUP,
        "files that jobs made",
        selectors.files_by_reference,
        lambda s: selectors.files_by_reference([s.generation_id]),
    ),
    query(
        Sort.UPKEEP,
        "files that have expired",
        purging.purge_media,
        lambda s: purging.purge_media(days=7, orphans=False).parts[0].keys(None, BATCH),
    ),
    query(Sort.UPKEEP, "objects that are to go", removing.due, lambda s: list(removing.due()[:BATCH])),
    query(
        Sort.UPKEEP,
        "objects that an erasure waits for",
        removing.of_erasure,
        lambda s: list(removing.of_erasure(s.generation_id)[:BATCH]),
    ),
]
