"""Drop the index of the exports by seal.

Why: no query uses it (docs/QUERY_PERF.md); there is one row for each file that was written, read in the order of time.
Data: none.
"""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_reseal_ip")]

    operations = [migrations.RemoveIndex("auditexport", "audit_exports_by_seal")]
