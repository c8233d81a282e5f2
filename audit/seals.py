"""Reads the seals, page by page: never all of them at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Min, Q, QuerySet

from audit.models import AuditSeal

# A seal carries up to 200 KB of hashes.
PAGE = 16


@dataclass(frozen=True, slots=True)
class Span:
    """The seals that a check is about: all until `last`, or those with entries of a time; and which time those fill."""

    last: int
    chosen: QuerySet[AuditSeal]
    first_number: int
    last_number: int
    first_at: datetime | None
    last_at: datetime | None


def span_of(*, since: datetime | None, until: datetime | None) -> Span:
    """Every seal there is now that has entries written at or after `since` and before `until`."""
    last = AuditSeal.objects.aggregate(last=Max("number"))["last"] or 0
    chosen = AuditSeal.objects.filter(number__lte=last)
    if since is not None:
        chosen = chosen.filter(last_at__gte=since)
    if until is not None:
        chosen = chosen.filter(first_at__lt=until)
    found = chosen.aggregate(low=Min("number"), high=Max("number"), first=Min("first_at"), last=Max("last_at"))
    is_whole = since is None and until is None
    first_number = 1 if is_whole else found["low"] or 1
    return Span(last, chosen, first_number, found["high"] or 0, found["first"], found["last"])


def by_number(first: int, last: int) -> Iterator[AuditSeal]:
    """The seals of that range that are there, in their order."""
    after = first - 1
    while True:
        page = list(AuditSeal.objects.filter(number__gt=after, number__lte=last).order_by("number")[:PAGE])
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].number


def by_time(seals: QuerySet[AuditSeal]) -> Iterator[AuditSeal]:
    """Those seals in the order of their oldest entries."""
    behind = Q()
    while True:
        page = list(seals.filter(behind).order_by("first_at", "number")[:PAGE])
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1]
        behind = Q(first_at__gte=last.first_at) & ~Q(first_at=last.first_at, number__lte=last.number)


def headers(numbers: QuerySet[AuditSeal]) -> QuerySet[AuditSeal]:
    """Without the hashes of the entries."""
    return numbers.defer("leaves")
