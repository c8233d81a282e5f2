"""Make the table of holds.

Why: the money a job may cost is set aside by a row in the transaction that makes the job, so that it cannot leak.
Data: none.
"""

from __future__ import annotations

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
    dependencies = [("usage", "0003_quotas"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="QuotaHold",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("reference", models.UUIDField(help_text="The job that it is held for.", unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("text", "Text"), ("image", "Image"), ("video", "Video"), ("music", "Music")],
                        max_length=10,
                    ),
                ),
                ("amount", hub.common.money.MoneyField()),
                (
                    "state",
                    models.CharField(
                        choices=[("held", "Held"), ("settled", "Settled"), ("released", "Released")],
                        default="held",
                        max_length=10,
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(help_text="Then its job is looked at; time alone releases nothing."),
                ),
                (
                    "periods",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), help_text="The quota periods it is held in.", size=None
                    ),
                ),
                ("cost", hub.common.money.MoneyField(blank=True, help_text="What was settled.", null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "quota_holds",
                "ordering": ["-created_at"],
            },
        ),
        migrations.AddIndex(
            model_name="quotahold",
            index=models.Index(condition=models.Q(("state", "held")), fields=["expires_at"], name="quota_holds_open"),
        ),
        migrations.AddConstraint(
            model_name="quotahold",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["text", "image", "video", "music"])), name="quota_holds_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotahold",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["held", "settled", "released"])), name="quota_holds_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotahold",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0)), name="quota_holds_amount_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotahold",
            constraint=models.CheckConstraint(
                condition=models.Q(("cost__gte", 0)), name="quota_holds_cost_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotahold",
            constraint=models.CheckConstraint(
                condition=models.Q(("periods__len__gt", 0)), name="quota_holds_somewhere"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotahold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cost__isnull", False), ("state", "settled")),
                    models.Q(models.Q(("state", "settled"), _negated=True), ("cost__isnull", True)),
                    _connector="OR",
                ),
                name="quota_holds_cost_when_settled",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotahold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("state", "held")),
                    models.Q(models.Q(("state", "held"), _negated=True), ("closed_at__isnull", False)),
                    _connector="OR",
                ),
                name="quota_holds_closed_when_not_held",
            ),
        ),
    ]
