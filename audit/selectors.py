"""Reads the audit trail."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.models import AuditLog


def oldest_unsealed() -> datetime | None:
    """When the oldest entry was written that no seal covers; None when all are sealed."""
    return AuditLog.objects.waiting().values_list("created_at", flat=True).first()


def entries_of(*, actor_id: UUID) -> QuerySet[AuditLog]:
    """What that actor did, newest first."""
    return AuditLog.objects.filter(actor_id=actor_id).order_by("-created_at", "-id")


def entries_concerning(*, user_id: UUID) -> QuerySet[AuditLog]:
    """What was done to that user or to what is the user's, and by the user to nobody else, newest first."""
    return AuditLog.objects.filter(subject_id=user_id).order_by("-created_at", "-id")


def entries_for_search(entries: QuerySet[AuditLog], term: str) -> QuerySet[AuditLog]:
    """Those of `entries` whose actor or target has exactly that id; none when the term is no id."""
    try:
        wanted = UUID(term.strip())
    except ValueError:
        return entries.none()
    return entries.filter(Q(actor_id=wanted) | Q(target_id=wanted))


def chosen(
    entries: QuerySet[AuditLog],
    *,
    action: str | None = None,
    target_type: str | None = None,
    target_id: UUID | None = None,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
) -> QuerySet[AuditLog]:
    """Those of `entries` with these facts, written at or after the one moment and before the other."""
    rules = {
        "action": action,
        "target_type": target_type,
        "target_id": target_id,
        "created_at__gte": created_after,
        "created_at__lt": created_before,
    }
    return entries.filter(**{name: value for name, value in rules.items() if value is not None})


def revealed_ip(entry_id: UUID) -> dict[str, str]:
    """{"ip": the address}, {} for an entry without one; for who records that it is looked at."""
    ip = AuditLog.objects.filter(id=entry_id).values_list("ip", flat=True).first()
    return {"ip": ip} if ip else {}
