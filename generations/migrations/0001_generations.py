"""The jobs, and every call they make to a provider.

Why: a job is a row before anything is asked of anybody, and a call is a row before it is made, so that no crash loses
one. Prompts, parameters, texts and journalled answers are sealed.
Data: none. New tables generations and generation_attempts.
"""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import hub.common.fields
import hub.common.ids
import hub.common.money


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("users", "0002_api_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Generation",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("text", "Text"), ("image", "Image"), ("video", "Video"), ("music", "Music")],
                        max_length=8,
                    ),
                ),
                ("model", models.CharField(max_length=100)),
                ("adapter", models.CharField(max_length=20)),
                ("prompt", hub.common.fields.EncryptedTextField()),
                ("parameters", hub.common.fields.EncryptedJSONField(default=dict)),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                            ("blocked", "Blocked"),
                            ("canceled", "Canceled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("estimate", hub.common.money.MoneyField()),
                ("cost", hub.common.money.MoneyField(null=True)),
                ("rates", models.JSONField()),
                ("variants", models.JSONField(default=dict)),
                ("units", models.JSONField(default=dict)),
                ("texts", hub.common.fields.EncryptedJSONField(null=True)),
                ("error_code", models.CharField(blank=True, default="", max_length=60)),
                ("error_message", models.CharField(blank=True, default="", max_length=500)),
                ("error_stage", models.CharField(blank=True, default="", max_length=20)),
                ("charged", models.BooleanField(default=False)),
                ("retryable", models.BooleanField(default=False)),
                ("request_id", models.CharField(max_length=64)),
                ("idempotency_key", models.CharField(blank=True, default="", max_length=255)),
                ("request_hash", models.CharField(blank=True, default="", max_length=64)),
                ("attempts_made", models.PositiveSmallIntegerField(default=0)),
                ("lease_token", models.UUIDField(null=True)),
                ("lease_expires_at", models.DateTimeField(null=True)),
                ("next_check_at", models.DateTimeField(null=True)),
                ("cancel_requested_at", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "api_key",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="users.apikey"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "generations",
            },
        ),
        migrations.CreateModel(
            name="GenerationAttempt",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("sent", "Sent"),
                            ("pending", "Pending"),
                            ("stored", "Stored"),
                            ("succeeded", "Succeeded"),
                            ("blocked", "Blocked"),
                            ("failed", "Failed"),
                            ("canceled", "Canceled"),
                            ("unknown", "Unknown"),
                        ],
                        default="sent",
                        max_length=10,
                    ),
                ),
                ("operation_name", models.CharField(blank=True, default="", max_length=500)),
                ("answer", hub.common.fields.EncryptedJSONField(null=True)),
                ("error_code", models.CharField(blank=True, default="", max_length=60)),
                ("provider_request_id", models.CharField(blank=True, default="", max_length=200)),
                ("latency_ms", models.PositiveIntegerField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="generations.generation",
                    ),
                ),
            ],
            options={
                "db_table": "generation_attempts",
            },
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(fields=["owner", "-created_at", "-id"], name="generations_owner_newest"),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("status", "queued")), fields=["kind", "id"], name="generations_queued"
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                condition=models.Q(("status__in", ["queued", "running"])), fields=["id"], name="generations_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("idempotency_key", ""), _negated=True),
                fields=("owner", "idempotency_key"),
                name="generations_idempotency_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["text", "image", "video", "music"])), name="generations_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at", None), ("status__in", ["queued", "running"])),
                    models.Q(
                        ("finished_at__isnull", False), ("status__in", ["succeeded", "failed", "blocked", "canceled"])
                    ),
                    _connector="OR",
                ),
                name="generations_status_finished",
            ),
        ),
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lease_expires_at", None), ("lease_token", None)),
                    models.Q(("lease_expires_at__isnull", False), ("lease_token__isnull", False)),
                    _connector="OR",
                ),
                name="generations_lease_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.CheckConstraint(
                condition=models.Q(("estimate__gte", 0)), name="generations_estimate_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.CheckConstraint(
                condition=models.Q(("cost", None), ("cost__gte", 0), _connector="OR"), name="generations_cost_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="generationattempt",
            constraint=models.UniqueConstraint(fields=("generation", "number"), name="generation_attempts_number"),
        ),
        migrations.AddConstraint(
            model_name="generationattempt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["sent", "pending", "stored"])),
                fields=("generation",),
                name="generation_attempts_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="generationattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["sent", "pending", "stored", "succeeded", "blocked", "failed", "canceled", "unknown"],
                    )
                ),
                name="generation_attempts_state",
            ),
        ),
    ]
