"""Accounts, and what they may do in the admin.

Why: everything the hub does is done for somebody. The email is sealed and found by its keyed hash, and the relations to
groups and permissions have tables of their own so that every key is a UUID.
Data: none. New tables users, user_groups, user_permissions.
"""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import hub.common.fields
import hub.common.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("email", hub.common.fields.EncryptedEmailField(blank=True, max_length=254, null=True)),
                ("email_index", hub.common.fields.BlindIndexField(blank=True, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("notified", "Notified"),
                            ("suspended", "Suspended"),
                            ("anonymised", "Anonymised"),
                        ],
                        default="active",
                        max_length=16,
                    ),
                ),
                ("last_active_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("legal_hold_until", models.DateTimeField(blank=True, null=True)),
                ("legal_hold_reason", models.CharField(blank=True, max_length=500)),
                (
                    "is_staff",
                    models.BooleanField(default=False, help_text="May sign in to the admin.", verbose_name="staff"),
                ),
            ],
            options={
                "db_table": "users",
            },
        ),
        migrations.CreateModel(
            name="UserGroup",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "group",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="auth.group"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "user_groups",
            },
        ),
        migrations.AddField(
            model_name="user",
            name="groups",
            field=models.ManyToManyField(
                blank=True,
                related_name="user_set",
                related_query_name="user",
                through="users.UserGroup",
                to="auth.group",
            ),
        ),
        migrations.CreateModel(
            name="UserPermission",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "permission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="auth.permission"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "user_permissions",
            },
        ),
        migrations.AddField(
            model_name="user",
            name="user_permissions",
            field=models.ManyToManyField(
                blank=True,
                related_name="user_set",
                related_query_name="user",
                through="users.UserPermission",
                to="auth.permission",
            ),
        ),
        migrations.AddConstraint(
            model_name="usergroup",
            constraint=models.UniqueConstraint(fields=("user", "group"), name="user_groups_unique"),
        ),
        migrations.AddConstraint(
            model_name="userpermission",
            constraint=models.UniqueConstraint(fields=("user", "permission"), name="user_permissions_unique"),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(fields=("email_index",), name="users_email_unique"),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["active", "notified", "suspended", "anonymised"])),
                name="users_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("email__isnull", True), ("email_index__isnull", True)),
                    models.Q(("email__isnull", False), ("email_index__isnull", False)),
                    _connector="OR",
                ),
                name="users_email_with_index",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "anonymised"), _negated=True), ("email__isnull", True), _connector="OR"
                ),
                name="users_anonymised_has_no_email",
            ),
        ),
    ]
