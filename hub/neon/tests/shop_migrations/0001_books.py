"""Books.

Why: The gate needs something to destroy.
Data: none. New table books.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="Book",
            fields=[
                ("id", models.UUIDField(primary_key=True)),
                ("title", models.CharField(max_length=50)),
                ("note", models.TextField(null=True)),
            ],
            options={"db_table": "books"},
        ),
    ]
