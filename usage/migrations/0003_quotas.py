"""Make the tables of limits: quotas, their periods, and the credit given on top.

Why: what a user may spend and has spent in a period stands under the database's own constraints.
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
    dependencies = [("usage", "0002_prices"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Quota",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[("text", "Text"), ("image", "Image"), ("video", "Video"), ("music", "Music")],
                        default="",
                        help_text="Empty: every kind.",
                        max_length=10,
                    ),
                ),
                (
                    "period",
                    models.CharField(choices=[("day", "Day"), ("month", "Month"), ("total", "Total")], max_length=10),
                ),
                ("limit", hub.common.money.MoneyField(help_text="US dollars in each period.")),
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
                "db_table": "quotas",
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="QuotaPeriod",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("limit", hub.common.money.MoneyField()),
                ("spent", hub.common.money.MoneyField(default=Decimal("0"))),
                ("held", hub.common.money.MoneyField(default=Decimal("0"))),
                ("last_updated_at", models.DateTimeField()),
                (
                    "quota",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="periods",
                        to="usage.quota",
                    ),
                ),
            ],
            options={
                "db_table": "quota_periods",
                "ordering": ["-starts_at"],
            },
        ),
        migrations.CreateModel(
            name="QuotaGrant",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("amount", hub.common.money.MoneyField()),
                ("reason", models.TextField()),
                ("effective_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("voided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "granted_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: an operator's command.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "quota_period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="grants", to="usage.quotaperiod"
                    ),
                ),
            ],
            options={
                "db_table": "quota_grants",
                "ordering": ["-created_at"],
            },
        ),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.UniqueConstraint(
                fields=("user", "kind", "period"), name="quotas_one_per_user_kind_period"
            ),
        ),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["", "text", "image", "video", "music"])), name="quotas_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.CheckConstraint(
                condition=models.Q(("period__in", ["day", "month", "total"])), name="quotas_period_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.CheckConstraint(condition=models.Q(("limit__gte", 0)), name="quotas_limit_not_negative"),
        ),
        migrations.AddConstraint(
            model_name="quotaperiod",
            constraint=models.UniqueConstraint(fields=("quota", "starts_at"), name="quota_periods_one_per_start"),
        ),
        migrations.AddConstraint(
            model_name="quotaperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit__gte", 0)), name="quota_periods_limit_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotaperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("spent__gte", 0)), name="quota_periods_spent_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotaperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("held__gte", 0)), name="quota_periods_held_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotaperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__isnull", True), ("ends_at__gt", models.F("starts_at")), _connector="OR"),
                name="quota_periods_ends_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotagrant",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="quota_grants_amount_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotagrant",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="quota_grants_reason_given"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotagrant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expires_at__isnull", True), ("expires_at__gt", models.F("effective_at")), _connector="OR"
                ),
                name="quota_grants_ends_after_start",
            ),
        ),
    ]
