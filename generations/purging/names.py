"""Idempotency keys whose time is over, and quotes that have expired."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from generations.models import Generation, Quote
from hub.common.purging import Counts, Purge, Rows
from media.models import Media
from users.privacy.legal_hold import held_users

NAME = "purge_idempotency_keys"


def purge_idempotency_keys(*, days: int) -> Purge:
    """Of generations and uploads made so many days ago, who keep everything else; and quotes expired for as long.

    A day is the least: until then a key is promised to find what was made with it.
    """
    before = timezone.now() - timedelta(days=days)
    jobs = Generation.objects.filter(created_at__lt=before).exclude(idempotency_key="")
    files = Media.objects.filter(created_at__lt=before).exclude(idempotency_key="")
    quotes = Quote.objects.filter(expires_at__lt=before)
    parts = [
        Rows(name="generations.idempotency_key", rows=jobs.exclude(owner_id__in=held_users()), act=_unname_jobs),
        Rows(name="media.idempotency_key", rows=files.exclude(owner_id__in=held_users()), act=_unname_files),
        Rows(name="quotes", rows=quotes.exclude(owner_id__in=held_users()), act=_delete_quotes),
    ]
    return Purge(NAME, f"idempotency keys of, and quotes expired, before {before:%Y-%m-%d %H:%M} UTC", parts)


def _unname_jobs(rows: QuerySet[Generation]) -> Counts:
    return {"generations.idempotency_key": rows.update(idempotency_key="", request_hash="")}


def _unname_files(rows: QuerySet[Media]) -> Counts:
    return {"media.idempotency_key": rows.update(idempotency_key="")}


def _delete_quotes(rows: QuerySet[Quote]) -> Counts:
    return {"quotes": rows._raw_delete(rows.db)}
