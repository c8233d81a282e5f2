"""Let a key rotate with an overlap, be used from some networks alone, and know the keys that it comes from.

Why: a secret is changed without an outage; a leaked key is of no use elsewhere; a key can never give more than it has.
Data: none; the keys there are have no former secret, no list of networks and no lineage. Former code writes the
defaults.
"""

from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models

import hub.common.fields


class Migration(migrations.Migration):
    dependencies = [("users", "0002_api_keys")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="former_hash",
            field=hub.common.fields.BlindIndexField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="former_pepper_kid",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="apikey",
            name="former_until",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="apikey",
            name="allowed_ips",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=49), blank=True, db_default=[], default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="lineage",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(), blank=True, db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(fields=["owner", "-created_at", "-id"], name="api_keys_owner_newest"),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("former_hash__isnull", True), ("former_pepper_kid", ""), ("former_until__isnull", True)),
                    models.Q(
                        ("former_hash__isnull", False),
                        ("former_until__isnull", False),
                        models.Q(("former_pepper_kid", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="api_keys_former_whole",
            ),
        ),
    ]
