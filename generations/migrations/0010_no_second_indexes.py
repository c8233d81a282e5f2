"""Drop the indexes of foreign keys that another index begins with.

Why: each write paid for both, and a read uses either (docs/QUERY_PERF.md).
Data: none.
"""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def key(to: str, related_name: str) -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name=related_name, to=to
    )


class Migration(migrations.Migration):
    dependencies = [("generations", "0009_texts_purged"), ("users", "0011_signing_in")]

    operations = [
        migrations.AlterField("generation", "owner", key(settings.AUTH_USER_MODEL, "+")),
        migrations.AlterField("generationattempt", "generation", key("generations.generation", "attempts")),
        migrations.AlterField("generationinput", "generation", key("generations.generation", "inputs")),
    ]
