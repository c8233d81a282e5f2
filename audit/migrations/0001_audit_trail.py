"""The audit trail.

Why: who did what to whom, and when, must be known afterwards, for every request and every decision of the staff.
Data: none. New table audit_logs.
"""

from __future__ import annotations

import django.utils.timezone
from django.db import migrations, models

import audit.actions
import audit.encoding
import hub.common.fields
import hub.common.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditLog",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("actor_id", models.UUIDField(blank=True, null=True)),
                ("actor_label", models.CharField(blank=True, max_length=100)),
                ("action", models.CharField(choices=audit.actions.action_choices, max_length=64)),
                ("target_type", models.CharField(blank=True, max_length=40)),
                ("target_id", models.UUIDField(blank=True, null=True)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                ("ip", hub.common.fields.EncryptedTextField(blank=True, null=True)),
                ("ip_digest", hub.common.fields.BlindIndexField(blank=True, null=True)),
                ("data", models.JSONField(blank=True, default=dict, encoder=audit.encoding.ExactEncoder)),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "db_table": "audit_logs",
                "indexes": [
                    models.Index(fields=["-created_at", "-id"], name="audit_logs_newest"),
                    models.Index(fields=["action", "-created_at"], name="audit_logs_by_action"),
                    models.Index(
                        condition=models.Q(("actor_id__isnull", False)),
                        fields=["actor_id", "-created_at"],
                        name="audit_logs_by_actor",
                    ),
                    models.Index(
                        condition=models.Q(("target_id__isnull", False)),
                        fields=["target_id", "-created_at"],
                        name="audit_logs_by_target",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("target_id__isnull", True), ("target_type", "")),
                            models.Q(models.Q(("target_type", ""), _negated=True), ("target_id__isnull", False)),
                            _connector="OR",
                        ),
                        name="audit_logs_whole_target",
                    )
                ],
            },
        ),
    ]
