"""Drop the index of who granted credit.

Why: no query uses it (docs/QUERY_PERF.md), and no account is ever deleted, so that its key needs none.
Data: none.
"""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("usage", "0011_old_ledger_rows_may_go")]

    operations = [
        migrations.AlterField(
            "quotagrant",
            "granted_by",
            models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="Empty: an operator's command.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
