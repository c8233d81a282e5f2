"""The files that were made, as metadata and a pointer to object storage.

Why: what a generation made must be listed, found and deleted without reading its bytes; the bytes are never in a table.
Data: none. New table media.
"""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import hub.common.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Media",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("reference", models.UUIDField(null=True)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "kind",
                    models.CharField(
                        choices=[("image", "Image"), ("video", "Video"), ("audio", "Audio")], max_length=8
                    ),
                ),
                ("mime_type", models.CharField(max_length=100)),
                ("bytes", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("width", models.PositiveIntegerField(null=True)),
                ("height", models.PositiveIntegerField(null=True)),
                ("duration_seconds", models.DecimalField(decimal_places=3, max_digits=10, null=True)),
                ("storage", models.CharField(max_length=16)),
                ("key", models.CharField(max_length=200, unique=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "media",
                "db_table": "media",
                "indexes": [
                    models.Index(fields=["owner", "-created_at", "-id"], name="media_owner_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at", None)), fields=["expires_at"], name="media_expiring"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("reference", "position"), name="media_reference_position"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["image", "video", "audio"])), name="media_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")), name="media_sha256"
                    ),
                ],
            },
        ),
    ]
