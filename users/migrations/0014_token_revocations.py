"""Keep, until it is done, the tokens that providers are to end.

Why: a link goes with its account or when it is unlinked; the provider is asked to end its tokens afterwards, and again
while it is away.
Data: none. New table token_revocations, whose rows go when the provider was asked.
"""

from __future__ import annotations

import django.utils.timezone
from django.db import migrations, models

import hub.common.fields
import hub.common.ids


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0013_no_second_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="TokenRevocation",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("erasure_id", models.UUIDField(blank=True, db_index=True, null=True)),
                ("user_id", models.UUIDField(blank=True, db_index=True, null=True)),
                ("provider", models.CharField(max_length=20)),
                ("hint", models.CharField(max_length=20)),
                ("token", hub.common.fields.EncryptedTextField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("revoked", "Revoked"),
                            ("declined", "Declined"),
                            ("given_up", "Given Up"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
            ],
            options={
                "db_table": "token_revocations",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "revoked", "declined", "given_up"])),
                        name="token_revocations_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("erasure_id__isnull", True), ("user_id__isnull", True), _connector="OR"),
                        name="token_revocations_nobodys_after_erasure",
                    ),
                ],
            },
        ),
    ]
