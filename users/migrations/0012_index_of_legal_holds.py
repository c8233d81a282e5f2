"""Find the accounts under legal hold by an index.

Why: every batch of every purge asks for them, and read all accounts to do so (docs/QUERY_PERF.md).
Data: none; hardly any account is in the index.
"""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("users", "0011_signing_in")]

    operations = [
        migrations.AddIndex(
            "user",
            models.Index(
                fields=["legal_hold_until"], name="users_legal_hold", condition=Q(legal_hold_until__isnull=False)
            ),
        ),
    ]
