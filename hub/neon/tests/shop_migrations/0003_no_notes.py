"""Books without notes.

Why: A step that destroys.
Data: the notes are lost.
"""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("hub", "0002_index")]

    operations = [migrations.RemoveField("Book", "note")]
