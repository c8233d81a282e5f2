"""Make the ledger, the grants and the prices append-only.

Why: whoever gets round the models, the table's owner included, must not change what was charged, given or promised.
A grant may be voided once; a price's end may be set or moved while it lies ahead, but never into the past.
Data: none; a statement that would change a row of these tables fails from now on.
"""

from __future__ import annotations

from django.db import migrations

from hub.common.triggers import append_only

PRICE_ENDS_AHEAD = "NEW.effective_to >= now() AND (OLD.effective_to IS NULL OR OLD.effective_to > now())"


class Migration(migrations.Migration):
    dependencies = [("usage", "0005_ledger")]

    operations = [
        append_only("usage_logs"),
        append_only("quota_grants", may_set={"voided_at": "OLD.voided_at IS NULL"}),
        append_only("model_prices", may_set={"effective_to": PRICE_ENDS_AHEAD}),
    ]
