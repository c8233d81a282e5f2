"""Let ledger rows of long ago go, once their day is rolled up and unless their account is under legal hold.

Why: what a person used is kept for a while only; the sums of each day stay for ever. The period is a setting; the floor
under it is here, so that nobody, the table's owner included, can take a young row away.
Data: none. The trigger of usage_logs lets rows go that are 90 days old; a new index finds the oldest.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations, models

from hub.common.triggers import Exceptions, append_only_changed

LEDGER_MOVES = import_module("usage.migrations.0009_ledger_under_surrogates").LEDGER_MOVES
IS_OLD = """OLD.created_at < now() - interval '90 days'
            AND EXISTS (SELECT FROM usage_daily WHERE day = (OLD.created_at AT TIME ZONE 'UTC')::date
                AND model = OLD.model AND kind = OLD.kind)
            AND NOT EXISTS (SELECT FROM users WHERE id = OLD.user_id AND legal_hold_until > now())"""


class Migration(migrations.Migration):
    dependencies = [("usage", "0010_erased_have_no_quotas")]

    operations = [
        append_only_changed(
            "usage_logs",
            formerly=Exceptions(LEDGER_MOVES),
            now=Exceptions(LEDGER_MOVES, may_delete=IS_OLD),
        ),
        migrations.AddIndex("usagelog", models.Index(fields=["created_at", "id"], name="usage_logs_oldest")),
    ]
