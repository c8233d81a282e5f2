"""Let a rotation of keys seal the IP of an entry anew.

Why: a key can be given up only when nothing is sealed with it, and the trail is kept for longer than a key.
Data: none. The function of the triggers on audit_logs; no seal of the trail covers the IP, its digest is covered and
stays as it is.
"""

from __future__ import annotations

from django.db import migrations

from hub.common.triggers import Exceptions, append_only_changed, is_resealed

SEAL_ONCE = {"seal_number": "OLD.seal_number IS NULL"}
SEAL_IS_PURGED = """EXISTS (
            SELECT FROM audit_seals WHERE number = OLD.seal_number AND purged_at IS NOT NULL)"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_seals_append_only")]

    operations = [
        append_only_changed(
            "audit_logs",
            formerly=Exceptions({"ip": "NEW.ip IS NULL"} | SEAL_ONCE, may_delete=SEAL_IS_PURGED),
            now=Exceptions(
                {"ip": f"NEW.ip IS NULL OR {is_resealed('ip')}"} | SEAL_ONCE,
                may_delete=SEAL_IS_PURGED,
            ),
        ),
    ]
