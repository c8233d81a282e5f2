"""Refuse a second open attempt of a job again.

Why: the index that did was lost when the index of the foreign key went: Django takes every index of that one column with
it which is not among the model's own, a partial unique one too.
Data: none. Where a job has two open attempts it fails, and changes nothing.
"""

from __future__ import annotations

from django.db import migrations, models

ONE_OPEN = models.UniqueConstraint(
    fields=["generation"],
    condition=models.Q(state__in=["sent", "pending", "stored"]),
    name="generation_attempts_one_open",
)


class Migration(migrations.Migration):
    dependencies = [("generations", "0011_deliveries_by_event")]

    operations = [
        # Of Django's account of the schema, which still has it; of the database if it is there.
        migrations.RemoveConstraint("generationattempt", ONE_OPEN.name),
        migrations.AddConstraint("generationattempt", ONE_OPEN),
    ]
