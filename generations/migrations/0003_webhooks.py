"""Where users want to be told what becomes of their jobs, and the outbox of what is told.

Why: a job's end and the word of it are written in one transaction, so that neither is there without the other. URLs and
secrets are sealed; a payload holds ids and states alone.
Data: none. New tables webhook_endpoints and webhook_deliveries.
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
    dependencies = [
        ("generations", "0002_quotes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("url", hub.common.fields.EncryptedTextField()),
                ("secret", hub.common.fields.EncryptedTextField()),
                ("previous_secret", hub.common.fields.EncryptedTextField(null=True)),
                ("previous_secret_until", models.DateTimeField(null=True)),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                ("description", models.CharField(blank=True, default="", max_length=200)),
                ("disabled_at", models.DateTimeField(null=True)),
                (
                    "disabled_reason",
                    models.CharField(
                        blank=True,
                        choices=[("gone", "Gone"), ("failing", "Failing"), ("paused", "Paused")],
                        default="",
                        max_length=10,
                    ),
                ),
                ("failing_since", models.DateTimeField(null=True)),
                ("consecutive_failures", models.PositiveIntegerField(default=0)),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "webhook_endpoints",
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("event_id", models.UUIDField()),
                (
                    "event_type",
                    models.CharField(
                        choices=[
                            ("generation.started", "Started"),
                            ("generation.succeeded", "Succeeded"),
                            ("generation.failed", "Failed"),
                            ("generation.blocked", "Blocked"),
                            ("generation.canceled", "Canceled"),
                        ],
                        max_length=40,
                    ),
                ),
                ("payload", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("delivered", "Delivered"),
                            ("failed", "Failed"),
                            ("abandoned", "Abandoned"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("last_response_code", models.PositiveSmallIntegerField(null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=40)),
                ("delivered_at", models.DateTimeField(null=True)),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="generations.generation"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "redelivery_of",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="generations.webhookdelivery",
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="generations.webhookendpoint",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "db_table": "webhook_deliveries",
            },
        ),
        migrations.AddIndex(
            model_name="webhookendpoint",
            index=models.Index(
                condition=models.Q(("deleted_at", None)),
                fields=["owner", "-created_at", "-id"],
                name="webhook_endpoints_of_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("disabled_at", None), ("disabled_reason", "")),
                    models.Q(("disabled_at__isnull", False), ("disabled_reason__in", ["gone", "failing", "paused"])),
                    _connector="OR",
                ),
                name="webhook_endpoints_disabled_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("previous_secret__isnull", True), ("previous_secret_until", None)),
                    models.Q(("previous_secret__isnull", False), ("previous_secret_until__isnull", False)),
                    _connector="OR",
                ),
                name="webhook_endpoints_overlap_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("consecutive_failures", 0), ("failing_since", None)),
                    models.Q(("consecutive_failures__gt", 0), ("failing_since__isnull", False)),
                    _connector="OR",
                ),
                name="webhook_endpoints_failing_whole",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["owner", "-created_at", "-id"], name="webhook_deliveries_newest"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["endpoint", "-created_at", "-id"], name="webhook_deliveries_of_endpoint"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["endpoint", "next_attempt_at"],
                name="webhook_deliveries_pending",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("redelivery_of", None)),
                fields=("event_id", "endpoint"),
                name="webhook_deliveries_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("next_attempt_at__isnull", False), ("state", "pending")),
                    models.Q(("next_attempt_at", None), ("state__in", ["delivered", "failed", "abandoned"])),
                    _connector="OR",
                ),
                name="webhook_deliveries_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("delivered_at__isnull", False), ("state", "delivered")),
                    models.Q(models.Q(("state", "delivered"), _negated=True), ("delivered_at", None)),
                    _connector="OR",
                ),
                name="webhook_deliveries_delivered_at",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "event_type__in",
                        [
                            "generation.started",
                            "generation.succeeded",
                            "generation.failed",
                            "generation.blocked",
                            "generation.canceled",
                        ],
                    )
                ),
                name="webhook_deliveries_event_type",
            ),
        ),
    ]
