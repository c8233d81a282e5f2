"""Promise a price for ten minutes.

Why: a client learns what a generation costs before it is made, and pays that even when prices change meanwhile.
Data: none. New table quotes, whose rows are deleted a day after they expire; generations say which quote they used.
"""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import hub.common.ids
import hub.common.money


class Migration(migrations.Migration):
    dependencies = [("generations", "0001_generations"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField(model_name="generation", name="quote_id", field=models.UUIDField(blank=True, null=True)),
        migrations.CreateModel(
            name="Quote",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("model", models.CharField(max_length=100)),
                ("request_hash", models.CharField(max_length=64)),
                ("rates", models.JSONField()),
                ("amount", hub.common.money.MoneyField()),
                ("expires_at", models.DateTimeField()),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "quotes",
                "indexes": [models.Index(fields=["owner", "expires_at"], name="quotes_owner_expires")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="quotes_amount_not_negative"),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="quotes_expires_after_start",
                    ),
                ],
            },
        ),
    ]
