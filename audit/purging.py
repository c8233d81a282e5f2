"""Lets old entries go: whole seals, once they have been exported with their entries. The seals themselves stay."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.exporting import exported_through
from audit.models import AuditLog, AuditSeal
from audit.sealing import unpacked
from audit.seals import headers


def purgeable_seals(*, before: datetime) -> QuerySet[AuditSeal]:
    """Those that may be purged: every entry is older than `before`, and they are exported with their entries."""
    exported = AuditSeal.objects.filter(number__lte=exported_through(), last_at__lt=before, purged_at__isnull=True)
    return headers(exported).order_by("number")


def purge_seal(*, number: int) -> int:
    """Deletes the entries of that seal and the hashes kept of them, in one transaction; returns how many.

    A second call does nothing and returns 0. The database refuses it for a seal that was not exported with its entries
    (a DatabaseError: "append-only"). The caller writes the audit entry.
    """
    with transaction.atomic():
        seal = AuditSeal.objects.select_for_update().filter(number=number, purged_at__isnull=True).first()
        if seal is None:
            return 0
        ids = [id for id, _ in unpacked(bytes(seal.leaves or b""))]
        AuditSeal.objects.filter(number=number).mark_purged(at=timezone.now())
        return AuditLog.objects.filter(id__in=ids).remove_purged()
