"""What this app holds of a person, and what becomes of it (see hub/common/personal_data.py).

The trail itself stays, and so do its seals: who an entry speaks of is an id, and of an erased account the id leads
nowhere. Of an address the sealed value goes; its keyed digest is part of what the seals cover, and stays.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from audit.models import AuditLog
from hub.common.personal_data import ANONYMISE, EXPORT, KEEP, Holdings, Table, classified


def _concerning(user_id: UUID) -> QuerySet[AuditLog]:
    return AuditLog.objects.filter(Q(subject_id=user_id) | Q(actor_id=user_id))


HOLDINGS = Holdings(
    Table(
        model=AuditLog,
        of=_concerning,
        due=lambda user_id: _concerning(user_id).filter(ip__isnull=False),
        columns=classified(
            {
                KEEP: "actor_label ip_digest seal_number",
                KEEP | EXPORT: "id created_at actor_id action target_type target_id request_id subject_id data",
                ANONYMISE | EXPORT: "ip",
            }
        ),
        changes=lambda _: {"ip": None},
    ),
    nobody={
        "audit_seals": "hashes over many entries, of which none can be read back",
        "audit_exports": "which seals were exported, and the digest of the file",
    },
)
