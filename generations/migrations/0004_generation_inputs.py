"""The files that generations work with.

Why: a picture to be edited or filmed must be known as such, in its order and role, and must not go while it is needed.
Data: none. New table generation_inputs.
"""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import hub.common.ids


class Migration(migrations.Migration):
    dependencies = [
        ("media", "0002_uploads"),
        ("generations", "0003_webhooks"),
    ]

    operations = [
        migrations.CreateModel(
            name="GenerationInput",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[("first_frame", "First Frame"), ("last_frame", "Last Frame")],
                        default="",
                        max_length=20,
                    ),
                ),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="inputs",
                        to="generations.generation",
                    ),
                ),
                (
                    "media",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="media.media"),
                ),
            ],
            options={
                "db_table": "generation_inputs",
                "constraints": [
                    models.UniqueConstraint(fields=("generation", "position"), name="generation_inputs_position"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["", "first_frame", "last_frame"])),
                        name="generation_inputs_role",
                    ),
                ],
            },
        ),
    ]
