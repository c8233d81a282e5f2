"""Signing in by a provider, and second factors.

Why: staff come into the console and clients to their keys with Google or another OpenID provider, and staff may add an
authenticator app. Tokens, subjects and secrets are sealed; a subject is found by its keyed hashes.
Data: none. New tables oauth_accounts, second_factors.
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
        ("users", "0010_second_email_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "throttling_failure_timestamp",
                    models.DateTimeField(
                        blank=True,
                        default=None,
                        help_text="A timestamp of the last failed verification attempt. Null if last attempt succeeded.",
                        null=True,
                    ),
                ),
                (
                    "throttling_failure_count",
                    models.PositiveIntegerField(default=0, help_text="Number of successive failed attempts."),
                ),
                ("secret", hub.common.fields.EncryptedTextField()),
                ("recovery", hub.common.fields.EncryptedJSONField(blank=True, default=list)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("last_step", models.BigIntegerField(db_default=-1, default=-1, editable=False)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="second_factor",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "second factor",
                "db_table": "second_factors",
            },
        ),
        migrations.CreateModel(
            name="OauthAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("provider", models.CharField(max_length=20)),
                ("subject", hub.common.fields.EncryptedTextField()),
                ("subject_index", hub.common.fields.BlindIndexField()),
                ("subject_index_next", hub.common.fields.BlindIndexField(blank=True, null=True)),
                ("access_token", hub.common.fields.EncryptedTextField(blank=True, null=True)),
                ("refresh_token", hub.common.fields.EncryptedTextField(blank=True, null=True)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), blank=True, db_default=[], default=list, size=None
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("tokens_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="oauth_accounts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "sign-in by a provider",
                "verbose_name_plural": "sign-ins by a provider",
                "db_table": "oauth_accounts",
                "constraints": [
                    models.UniqueConstraint(fields=("subject_index",), name="oauth_accounts_subject_unique"),
                    models.UniqueConstraint(fields=("subject_index_next",), name="oauth_accounts_subject_unique_next"),
                    models.UniqueConstraint(fields=("user", "provider"), name="oauth_accounts_one_each"),
                ],
            },
        ),
    ]
