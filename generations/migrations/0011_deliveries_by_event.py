"""Find the deliveries of an event by an index.

Why: the admin looks them up by it, those that were repeated too, and read the whole outbox to do so
(docs/QUERY_PERF.md).
Data: none.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generations", "0010_no_second_indexes")]

    operations = [
        migrations.AddIndex("webhookdelivery", models.Index(fields=["event_id"], name="webhook_deliveries_event")),
    ]
