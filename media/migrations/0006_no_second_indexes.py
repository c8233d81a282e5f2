"""Drop the index of a file's owner that the one of the list begins with, and those of keys for LIKE.

Why: each write paid for them, and no query uses them (docs/QUERY_PERF.md).
Data: none; the keys stay unique, by constraints that are made before the old ones go.
"""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("media", "0005_erased_have_no_files")]

    operations = [
        migrations.AddConstraint("media", models.UniqueConstraint(fields=["key"], name="media_key_once")),
        migrations.AlterField("media", "key", models.CharField(max_length=200)),
        migrations.AddConstraint("removal", models.UniqueConstraint(fields=["key"], name="media_removals_key_once")),
        migrations.AlterField("removal", "key", models.CharField(max_length=200)),
        migrations.AlterField(
            "media",
            "owner",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
