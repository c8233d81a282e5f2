"""Let the ledger of an erased account go on under a surrogate, and hold what is left of the account to be empty.

Why: an erasure keeps every amount and nothing by which the person could be found; a surrogate has an id of its own.
Data: none; no account has been anonymised yet. Going back fails while there are surrogates.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import Q

STATUSES = [
    ("active", "Active"),
    ("notified", "Notified"),
    ("suspended", "Suspended"),
    ("anonymised", "Anonymised"),
    ("surrogate", "Surrogate"),
]
GONE = Q(("status__in", ["anonymised", "surrogate"]), _negated=True)
EMPTY = Q(
    ("email__isnull", True),
    ("last_active_at__isnull", True),
    ("last_login__isnull", True),
    ("legal_hold_reason", ""),
    ("legal_hold_until__isnull", True),
)


def refuse_while_surrogates_exist(apps: Any, schema_editor: Any) -> None:
    """On the way back. Raises RuntimeError; nothing was changed then."""
    if apps.get_model("users", "User").objects.filter(status="surrogate").exists():
        raise RuntimeError("There are surrogates: the ledger of erased accounts would be of nobody.")


class Migration(migrations.Migration):
    dependencies = [("users", "0004_scopes_to_read")]

    operations = [
        migrations.RemoveConstraint(model_name="user", name="users_status_known"),
        migrations.RemoveConstraint(model_name="user", name="users_anonymised_has_no_email"),
        migrations.AlterField(
            model_name="user",
            name="status",
            field=models.CharField(choices=STATUSES, default="active", max_length=16),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=Q(("status__in", [value for value, _ in STATUSES])), name="users_status_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=Q(GONE, EMPTY, _connector="OR"), name="users_anonymised_is_empty"
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, refuse_while_surrogates_exist),
    ]
