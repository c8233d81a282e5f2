"""Something or other."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    initial = True

    operations: list[object] = []
