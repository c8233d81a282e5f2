"""Make the ledger and its daily sums.

Why: one row per request to a provider, and sums over everyone that do not need to read them all.
Data: none.
"""

from __future__ import annotations

from decimal import Decimal

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import hub.common.ids
import hub.common.money


class Migration(migrations.Migration):
    dependencies = [("usage", "0004_holds"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="UsageDaily",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("day", models.DateField()),
                ("model", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        choices=[("text", "Text"), ("image", "Image"), ("video", "Video"), ("music", "Music")],
                        max_length=10,
                    ),
                ),
                ("shard", models.PositiveSmallIntegerField()),
                ("requests", models.PositiveBigIntegerField(default=0)),
                ("cost", hub.common.money.MoneyField(default=Decimal("0"))),
                ("input_tokens", models.PositiveBigIntegerField(default=0)),
                ("cached_tokens", models.PositiveBigIntegerField(default=0)),
                ("audio_tokens", models.PositiveBigIntegerField(default=0)),
                ("output_tokens", models.PositiveBigIntegerField(default=0)),
                ("image_tokens", models.PositiveBigIntegerField(default=0)),
                ("video_tokens", models.PositiveBigIntegerField(default=0)),
                ("images", models.PositiveBigIntegerField(default=0)),
                ("video_seconds", models.PositiveBigIntegerField(default=0)),
                ("songs", models.PositiveBigIntegerField(default=0)),
                ("clips", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "verbose_name_plural": "usage daily",
                "db_table": "usage_daily",
                "ordering": ["-day", "model", "kind", "shard"],
                "constraints": [
                    models.UniqueConstraint(fields=("day", "model", "kind", "shard"), name="usage_daily_one_per_shard"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["text", "image", "video", "music"])),
                        name="usage_daily_kind_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("shard__lt", 8)), name="usage_daily_shard_known"),
                    models.CheckConstraint(condition=models.Q(("cost__gte", 0)), name="usage_daily_cost_not_negative"),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageLog",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("api_key_id", models.UUIDField(blank=True, null=True)),
                ("reference", models.UUIDField(db_index=True)),
                ("attempt_id", models.UUIDField(unique=True)),
                ("model", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        choices=[("text", "Text"), ("image", "Image"), ("video", "Video"), ("music", "Music")],
                        max_length=10,
                    ),
                ),
                ("units", models.JSONField()),
                ("prices", models.JSONField()),
                ("cost", hub.common.money.MoneyField()),
                ("estimate", hub.common.money.MoneyField(help_text="What was held for it.")),
                ("latency_ms", models.PositiveBigIntegerField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("blocked", "Blocked"),
                            ("canceled", "Canceled"),
                            ("unknown", "Unknown"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "confirmed",
                    models.BooleanField(
                        help_text="No: the answer was lost; to be reconciled with the provider's bill."
                    ),
                ),
                (
                    "estimated",
                    models.BooleanField(help_text="The provider gave no usage; the units are the hub's own count."),
                ),
                ("over_hold", models.BooleanField(help_text="The cost is above what was held.")),
                ("provider_request_id", models.CharField(blank=True, default="", max_length=200)),
                ("request_id", models.CharField(blank=True, default="", max_length=64)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "usage_logs",
                "ordering": ["-created_at"],
            },
        ),
        migrations.AddIndex(
            model_name="usagelog",
            index=models.Index(fields=["user", "created_at"], include=("cost",), name="usage_logs_user_created"),
        ),
        migrations.AddConstraint(
            model_name="usagelog",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["text", "image", "video", "music"])), name="usage_logs_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="usagelog",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["succeeded", "failed", "blocked", "canceled", "unknown"])),
                name="usage_logs_outcome_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="usagelog",
            constraint=models.CheckConstraint(
                condition=models.Q(("cost__gte", 0)), name="usage_logs_cost_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="usagelog",
            constraint=models.CheckConstraint(
                condition=models.Q(("estimate__gte", 0)), name="usage_logs_estimate_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="usagelog",
            constraint=models.CheckConstraint(
                condition=models.Q(("confirmed", True), ("outcome", "unknown"), _negated=True),
                name="usage_logs_unknown_unconfirmed",
            ),
        ),
    ]
