"""Say whom each entry concerns.

Why: a client may read what was done to what is theirs, whoever did it, by one index: a job ended by a worker, a quota
set by staff.
Data: entries written before have no subject, as the table is append-only; they stay with the staff.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]

    operations = [
        migrations.AddField(model_name="auditlog", name="subject_id", field=models.UUIDField(blank=True, null=True)),
        migrations.AddIndex(
            model_name="auditlog",
            index=models.Index(
                condition=models.Q(("subject_id__isnull", False)),
                fields=["subject_id", "-created_at", "-id"],
                name="audit_logs_by_subject",
            ),
        ),
    ]
