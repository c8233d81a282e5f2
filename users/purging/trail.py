"""Audit entries of long ago: whole seals that have been exported with their entries.

Here and not in `audit`, which knows no accounts: a seal with an entry of or about one under legal hold stays.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from audit.models import AuditLog, AuditSeal
from audit.purging import purge_seal, purgeable_seals
from hub.common.purging import Counts, Purge, Rows
from users.privacy.legal_hold import held_users

NAME = "purge_audit_logs"


def purge_audit_logs(*, days: int) -> Purge:
    """Those whose every entry is so many days old."""
    before = timezone.now() - timedelta(days=days)
    held = held_users()
    of_held = Q(subject_id__in=held) | Q(actor_id__in=held) | Q(target_id__in=held)
    # The moments let an index find them; the number says which of them are the seal's.
    within = AuditLog.objects.filter(created_at__gte=OuterRef("first_at"), created_at__lte=OuterRef("last_at"))
    seals = purgeable_seals(before=before).exclude(Exists(within.filter(of_held, seal_number=OuterRef("number"))))
    return Purge(
        NAME,
        f"exported audit entries written before {before:%Y-%m-%d %H:%M} UTC",
        [Rows(name="audit_seals", rows=seals, act=_purge, order=("number", "pk"))],
    )


def _purge(seals: QuerySet[AuditSeal]) -> Counts:
    numbers = list(seals.order_by("number").values_list("number", flat=True))
    return {"audit_logs": sum(purge_seal(number=number) for number in numbers), "audit_seals": len(numbers)}
