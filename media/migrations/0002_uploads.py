"""Uploads: a client's own name for one, and the objects in storage that are to go.

Why: an upload sent twice must be one file; an object whose row is deleted or was never written must be found again,
whatever dies between storage and database.
Data: none. New column media.idempotency_key (empty), new table media_removals.
"""

from __future__ import annotations

import django.utils.timezone
from django.db import migrations, models

import hub.common.ids


class Migration(migrations.Migration):
    dependencies = [("media", "0001_media")]

    operations = [
        migrations.AddField(
            model_name="media",
            name="idempotency_key",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddConstraint(
            model_name="media",
            constraint=models.UniqueConstraint(
                condition=models.Q(("idempotency_key", ""), _negated=True),
                fields=("owner", "idempotency_key"),
                name="media_idempotency_key",
            ),
        ),
        migrations.CreateModel(
            name="Removal",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("storage", models.CharField(max_length=16)),
                ("key", models.CharField(max_length=200, unique=True)),
                ("not_before", models.DateTimeField()),
            ],
            options={
                "db_table": "media_removals",
                "indexes": [models.Index(fields=["not_before"], name="media_removals_due")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("key", ""), _negated=True), name="media_removals_key")
                ],
            },
        ),
    ]
