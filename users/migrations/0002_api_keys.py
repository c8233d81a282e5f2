"""The keys with which clients call the API.

Why: a client is let in by a key that can be told apart, limited in scope and time, and revoked; its secret is not kept.
Data: none. New table api_keys.
"""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import hub.common.fields
import hub.common.ids


class Migration(migrations.Migration):
    dependencies = [("users", "0001_accounts")]

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("name", models.CharField(max_length=100)),
                ("prefix", models.CharField(editable=False, max_length=12)),
                ("secret_hash", hub.common.fields.BlindIndexField()),
                ("pepper_kid", models.CharField(editable=False, max_length=32)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), size=None),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="api_keys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "API key",
                "db_table": "api_keys",
                "constraints": [
                    models.UniqueConstraint(fields=("prefix",), name="api_keys_prefix_unique"),
                    models.CheckConstraint(condition=models.Q(("scopes__len__gt", 0)), name="api_keys_has_scopes"),
                ],
            },
        ),
    ]
