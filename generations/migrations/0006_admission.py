"""Hold jobs above a user's concurrency share back in the database.

Why: one user's thousands of queued jobs must not keep another user's single one waiting.
Data: jobs that have not ended are marked as admitted, as the workers have them already. The indexes of open jobs make
way for those by which jobs are counted and promoted. Going back forgets who was held back: all of them are queued.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import F, Q

OPEN = ["queued", "running"]


def admit(apps: Any, schema_editor: Any) -> None:
    """A second run finds none left."""
    jobs = apps.get_model("generations", "Generation").objects
    jobs.filter(status__in=OPEN, admitted_at=None).update(admitted_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("generations", "0005_streamed")]

    operations = [
        migrations.AddField(model_name="generation", name="admitted_at", field=models.DateTimeField(null=True)),
        migrations.RunPython(admit, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                fields=["kind", "admitted_at", "id"],
                name="generations_ready",
                condition=Q(status="queued", admitted_at__isnull=False),
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                fields=["owner", "kind", "admitted_at", "id"],
                name="generations_in_flight",
                condition=Q(status__in=OPEN),
            ),
        ),
        migrations.RemoveIndex(model_name="generation", name="generations_queued"),
        migrations.RemoveIndex(model_name="generation", name="generations_open"),
    ]
