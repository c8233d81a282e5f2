"""Keep a job's tags with its rows of the ledger.

Why: usage is summed by tag from the ledger alone, which knows no job and must not: one indexed query, and the sums of a
month that is over never change.
Data: none; rows written before have no tags (the table is append-only) and count as untagged.
"""

from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("usage", "0007_key_caps")]

    operations = [
        migrations.AddField(
            model_name="usagelog",
            name="tags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64),
                blank=True,
                help_text="The job's, as they were then.",
                null=True,
                size=None,
            ),
        ),
    ]
