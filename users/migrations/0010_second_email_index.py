"""A second index of the email, under the next index key.

Why: while the index keys rotate, an address must stay unique under the former key and under the new one at once.
Data: every account's email_index is copied, which is right where FIELD_INDEX_KEYS has had one key so far; otherwise run
`manage.py rotate_encryption` once. Former code leaves the new column empty for accounts that it makes meanwhile, which
the same command fills, and cannot erase an account: it would leave a hash of the address behind.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import F, Q

import hub.common.fields

NEITHER = (("email__isnull", True), ("email_index__isnull", True))
BOTH = Q(("email__isnull", False), ("email_index__isnull", False))
NAME = "users_email_with_index"


def copy(apps: Any, schema_editor: Any) -> None:
    """A second run writes the same again."""
    apps.get_model("users", "User").objects.update(email_index_next=F("email_index"))


class Migration(migrations.Migration):
    dependencies = [("users", "0009_dormancy")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="email_index_next",
            field=hub.common.fields.BlindIndexField(blank=True, null=True),
        ),
        migrations.RunPython(copy, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(fields=("email_index_next",), name="users_email_unique_next"),
        ),
        migrations.RemoveConstraint(model_name="user", name=NAME),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=Q(Q(*NEITHER, ("email_index_next__isnull", True)), BOTH, _connector="OR"), name=NAME
            ),
        ),
    ]
