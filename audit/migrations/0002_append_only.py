"""Nobody changes or removes an audit entry, whoever they are; an erasure may blank the sealed IP and nothing else.

Why: an audit trail that can be edited proves nothing; the model's refusal does not bind other clients of the database.
Data: none. Two triggers and their function on audit_logs.
"""

from __future__ import annotations

from django.db import migrations

from hub.common.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_audit_trail")]

    operations = [append_only("audit_logs", may_set={"ip": "NEW.ip IS NULL"})]
