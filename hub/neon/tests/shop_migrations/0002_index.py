"""Find books by title.

Why: A step that locks.
Data: none. An index.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hub", "0001_books")]

    operations = [
        migrations.AddIndex("Book", models.Index(fields=["title"], name="books_title")),
    ]
