"""Seals over batches of entries, the mark of its seal on each entry, and what was exported.

Why: rows that can be read can be forged by whoever owns the database; a chain of Merkle roots, signed and kept elsewhere,
shows it.
Data: none. New tables audit_seals and audit_exports; entries gain seal_number, empty: the sealer fills it from the oldest on.
"""

from __future__ import annotations

import django.utils.timezone
from django.db import migrations, models

import hub.common.ids

KEY = models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False)
CREATED = models.DateTimeField(default=django.utils.timezone.now, editable=False)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_subject")]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("id", KEY),
                ("created_at", CREATED),
                ("number", models.BigIntegerField(unique=True)),
                ("version", models.PositiveSmallIntegerField()),
                ("trail", models.UUIDField()),
                ("previous", models.BinaryField(max_length=32)),
                ("root", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32)),
                ("count", models.PositiveIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("covers_until", models.DateTimeField()),
                ("leaves", models.BinaryField(null=True)),
                ("purged_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "audit_seals",
                "indexes": [models.Index(fields=["first_at", "number"], name="audit_seals_by_time")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("count__gte", 1), ("number__gte", 1)), name="audit_seals_not_empty"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("leaves__isnull", True), ("purged_at__isnull", False)),
                            models.Q(("leaves__isnull", False), ("purged_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="audit_seals_whole_or_purged",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditExport",
            fields=[
                ("id", KEY.clone()),
                ("created_at", CREATED.clone()),
                ("first_number", models.BigIntegerField()),
                ("last_number", models.BigIntegerField()),
                ("with_entries", models.BooleanField()),
                ("last_hash", models.BinaryField(max_length=32)),
                ("sha256", models.BinaryField(max_length=32)),
                ("kid", models.CharField(max_length=32)),
            ],
            options={
                "db_table": "audit_exports",
                "indexes": [models.Index(fields=["last_number"], name="audit_exports_by_seal")],
            },
        ),
        migrations.AddField(
            model_name="auditlog",
            name="seal_number",
            field=models.BigIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="auditlog",
            index=models.Index(
                condition=models.Q(("seal_number__isnull", True)),
                fields=["created_at", "id"],
                name="audit_logs_unsealed",
            ),
        ),
    ]
