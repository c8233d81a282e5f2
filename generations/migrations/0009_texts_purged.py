"""Say of a generation that its texts were purged, and find those that may be.

Why: prompts and answers are kept for a while only; the row, its cost and its files stay.
Data: none. New nullable column generations.texts_purged_at, and a partial index of ended generations that still have
their texts.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generations", "0008_erased_start_nothing")]

    operations = [
        migrations.AddField("generation", "texts_purged_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddIndex(
            "generation",
            models.Index(
                condition=models.Q(finished_at__isnull=False, texts_purged_at=None),
                fields=["finished_at", "id"],
                name="generations_with_texts",
            ),
        ),
    ]
