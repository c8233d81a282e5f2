"""Which generations hand out their text while it is written.

Why: a worker must know whether to ask the provider for a stream, and the one after it whether pieces may have come.
Data: new column generations.streamed, false for all that are there; the database fills it in for the code before.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generations", "0004_generation_inputs")]

    operations = [
        migrations.AddField("generation", "streamed", models.BooleanField(db_default=False, default=False)),
    ]
