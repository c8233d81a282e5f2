"""Make the table of prices.

Why: a price is a row with the dates between which it counts, and no request is admitted without one.
Data: none; the prices themselves are loaded by `manage.py load_prices`.
"""

from __future__ import annotations

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.utils.timezone
from django.db import migrations, models

import hub.common.ids
import hub.common.money
import usage.models.rules


class Migration(migrations.Migration):
    dependencies = [("usage", "0001_btree_gist")]

    operations = [
        migrations.CreateModel(
            name="ModelPrice",
            fields=[
                (
                    "id",
                    models.UUIDField(default=hub.common.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("model", models.CharField(max_length=100)),
                (
                    "unit",
                    models.CharField(
                        choices=[
                            ("input_token", "Input Token"),
                            ("cached_token", "Cached Token"),
                            ("audio_token", "input audio token"),
                            ("output_token", "output token, thoughts included"),
                            ("image_token", "output image token"),
                            ("video_token", "output video token"),
                            ("image", "Image"),
                            ("video_second", "Video Second"),
                            ("song", "Song"),
                            ("clip", "Clip"),
                        ],
                        max_length=20,
                    ),
                ),
                ("variant", models.CharField(blank=True, default="", max_length=20)),
                ("price", hub.common.money.MoneyField()),
                ("effective_from", models.DateTimeField()),
                ("effective_to", models.DateTimeField(blank=True, null=True)),
                ("source", models.TextField()),
                ("uncertain", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "model_prices",
                "ordering": ["model", "unit", "variant", "effective_from"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "unit__in",
                                [
                                    "input_token",
                                    "cached_token",
                                    "audio_token",
                                    "output_token",
                                    "image_token",
                                    "video_token",
                                    "image",
                                    "video_second",
                                    "song",
                                    "clip",
                                ],
                            )
                        ),
                        name="model_prices_unit_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("price__gte", 0)), name="model_prices_price_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_to__isnull", True),
                            ("effective_to__gt", models.F("effective_from")),
                            _connector="OR",
                        ),
                        name="model_prices_ends_after_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source", ""), _negated=True), name="model_prices_source_named"
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("model", "="),
                            ("unit", "="),
                            ("variant", "="),
                            (
                                usage.models.rules.TsTzRange(
                                    "effective_from",
                                    "effective_to",
                                    django.contrib.postgres.fields.ranges.RangeBoundary(),
                                ),
                                "&&",
                            ),
                        ],
                        name="model_prices_no_overlap",
                    ),
                ],
            },
        ),
    ]
