"""Make the requests under the rights over one's own data.

Why: an export and an erasure are asked for, carried out later by a worker, and must be shown to have been done.
Data: none. New table privacy_requests.
"""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import hub.common.fields
import hub.common.ids

KINDS = [("export", "Export"), ("anonymise", "Anonymise"), ("reveal", "Reveal")]
STATUSES = [
    ("pending", "Pending"),
    ("running", "Running"),
    ("done", "Done"),
    ("refused", "Refused"),
    ("canceled", "Canceled"),
]


class Migration(migrations.Migration):
    dependencies = [("users", "0005_surrogates")]

    operations = [
        migrations.CreateModel(
            name="PrivacyRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("kind", models.CharField(choices=KINDS, max_length=10)),
                ("asked_by", models.UUIDField(blank=True, null=True)),
                ("reason", hub.common.fields.EncryptedTextField(blank=True, null=True)),
                ("status", models.CharField(choices=STATUSES, default="pending", max_length=10)),
                (
                    "codes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), blank=True, default=list, size=None
                    ),
                ),
                ("counts", models.JSONField(blank=True, default=dict)),
                ("receipt", models.JSONField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("logged_at", models.DateTimeField(blank=True, null=True)),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                ("storage", models.CharField(blank=True, default="", max_length=16)),
                ("key", models.CharField(blank=True, default="", max_length=200)),
                ("bytes", models.PositiveBigIntegerField(blank=True, null=True)),
                ("sha256", models.CharField(blank=True, default="", max_length=64)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "privacy_requests",
                "indexes": [
                    models.Index(fields=["user", "-created_at", "-id"], name="privacy_requests_of_user"),
                    models.Index(
                        fields=["created_at"],
                        name="privacy_requests_open",
                        condition=Q(
                            ("status__in", ["pending", "running"]),
                            Q(("kind", "anonymise"), ("status", "done"), ("verified_at__isnull", True)),
                            _connector="OR",
                        ),
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=["user", "kind"],
                        condition=Q(("status__in", ["pending", "running"])),
                        name="privacy_requests_one_open",
                    ),
                    models.CheckConstraint(
                        condition=Q(("kind__in", ["export", "anonymise", "reveal"])),
                        name="privacy_requests_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            Q(("finished_at__isnull", True), ("status__in", ["pending", "running"])),
                            Q(("finished_at__isnull", False), ("status__in", ["done", "refused", "canceled"])),
                            _connector="OR",
                        ),
                        name="privacy_requests_status_finished",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            ("verified_at__isnull", True),
                            Q(("kind", "anonymise"), ("logged_at__isnull", False), ("status", "done")),
                            _connector="OR",
                        ),
                        name="privacy_requests_verified_when_done",
                    ),
                ],
            },
        ),
    ]
