"""Keep, until it is done, what providers are to forget of an erased account.

Why: the rows of the jobs go with the erasure; what a provider keeps of them is asked for afterwards, and again while it
is away.
Data: none. New table provider_traces.
"""

from __future__ import annotations

import django.utils.timezone
from django.db import migrations, models

import hub.common.fields
import hub.common.ids


class Migration(migrations.Migration):
    dependencies = [("generations", "0006_admission")]

    operations = [
        migrations.CreateModel(
            name="ProviderTrace",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("erasure_id", models.UUIDField(db_index=True)),
                ("adapter", models.CharField(max_length=20)),
                ("model", models.CharField(max_length=100)),
                ("kind", models.CharField(max_length=8)),
                ("operation", hub.common.fields.EncryptedTextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("forgotten", "Forgotten"), ("declined", "Declined")],
                        default="pending",
                        max_length=10,
                    ),
                ),
            ],
            options={
                "db_table": "provider_traces",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "forgotten", "declined"])),
                        name="provider_traces_state",
                    )
                ],
            },
        ),
    ]
