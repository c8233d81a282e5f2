"""Let an erasure, and nothing else, put the ledger and the grants of an account under a surrogate.

Why: of an erased person the amounts stay, to the last digit, and nothing by which a row leads to who it was.
A row may move once, from an account that is suspended to a surrogate; only with that move may its ids become others,
its texts empty and its moment the beginning of its UTC day. What it counts and costs cannot change.
Data: none.
"""

from __future__ import annotations

from django.db import migrations

from hub.common.triggers import Exceptions, append_only_changed

TO_A_SURROGATE = (
    "EXISTS (SELECT FROM users WHERE id = OLD.user_id AND status = 'suspended')"
    " AND EXISTS (SELECT FROM users WHERE id = NEW.user_id AND status = 'surrogate')"
)
MOVED = "NEW.user_id <> OLD.user_id"
OF_A_SURROGATE = (
    "NOT EXISTS (SELECT FROM quota_periods WHERE id = OLD.quota_period_id)"
    " AND EXISTS (SELECT FROM quota_periods p JOIN quotas q ON q.id = p.quota_id JOIN users u ON u.id = q.user_id"
    " WHERE p.id = NEW.quota_period_id AND u.status = 'surrogate')"
)
MOVED_PERIOD = "NEW.quota_period_id <> OLD.quota_period_id"
VOIDED_ONCE = {"voided_at": "OLD.voided_at IS NULL"}


def day(column: str) -> str:
    """The beginning of the UTC day that it was."""
    return f"NEW.{column} = DATE_TRUNC('day', OLD.{column}, 'UTC')"


LEDGER_MOVES = {
    "user_id": TO_A_SURROGATE,
    "id": MOVED,
    "reference": MOVED,
    "attempt_id": MOVED,
    "api_key_id": f"{MOVED} AND NEW.api_key_id IS NULL",
    "tags": f"{MOVED} AND NEW.tags IS NULL",
    "provider_request_id": f"{MOVED} AND NEW.provider_request_id = ''",
    "request_id": f"{MOVED} AND NEW.request_id = ''",
    "created_at": f"{MOVED} AND {day('created_at')}",
}
GRANT_MOVES = {
    **VOIDED_ONCE,
    "quota_period_id": OF_A_SURROGATE,
    "id": MOVED_PERIOD,
    "reason": f"{MOVED_PERIOD} AND NEW.reason = 'erased'",
    "created_at": f"{MOVED_PERIOD} AND {day('created_at')}",
    "effective_at": f"{MOVED_PERIOD} AND {day('effective_at')}",
}


class Migration(migrations.Migration):
    dependencies = [("usage", "0008_ledger_tags"), ("users", "0005_surrogates")]

    operations = [
        append_only_changed("usage_logs", formerly=Exceptions(), now=Exceptions(LEDGER_MOVES)),
        append_only_changed("quota_grants", formerly=Exceptions(VOIDED_ONCE), now=Exceptions(GRANT_MOVES)),
    ]
