"""Seals and exports are written once, and an entry gets its seal once; what was exported under its seal may be purged.

Why: a seal that can be edited proves nothing. An old range may go when it has been written elsewhere, and only then.
Data: none. Triggers on audit_seals and audit_exports; those of audit_logs now let seal_number be set once, and let rows
go whose seal is marked as purged.
"""

from __future__ import annotations

from django.db import migrations

from hub.common.triggers import Exceptions, append_only, append_only_changed

BLANK_IP = {"ip": "NEW.ip IS NULL"}
SEAL_ONCE = {"seal_number": "OLD.seal_number IS NULL"}
SEAL_IS_PURGED = """EXISTS (
            SELECT FROM audit_seals WHERE number = OLD.seal_number AND purged_at IS NOT NULL)"""
IS_EXPORTED = """OLD.purged_at IS NULL AND EXISTS (
            SELECT FROM audit_exports WHERE with_entries AND OLD.number BETWEEN first_number AND last_number)"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_seals")]

    operations = [
        append_only("audit_exports"),
        append_only("audit_seals", may_set={"purged_at": IS_EXPORTED, "leaves": "NEW.leaves IS NULL"}),
        append_only_changed(
            "audit_logs",
            formerly=Exceptions(BLANK_IP),
            now=Exceptions(BLANK_IP | SEAL_ONCE, may_delete=SEAL_IS_PURGED),
        ),
    ]
