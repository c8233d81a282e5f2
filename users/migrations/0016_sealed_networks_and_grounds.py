"""Sealed columns for the networks that a key is bound to, and for the grounds of a legal hold.

Why: addresses and what staff write of a person are not to be read in the database, a backup or a branch of it.
Data: none; 0017 fills them. Former code cannot erase an account that has grounds in the new column: it would leave them.
"""

from __future__ import annotations

from django.db import migrations, models

import hub.common.fields


class Migration(migrations.Migration):
    dependencies = [("users", "0015_reveal_permission")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="networks",
            field=hub.common.fields.EncryptedJSONField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="legal_hold_grounds",
            field=hub.common.fields.EncryptedTextField(blank=True, editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["anonymised", "surrogate"]), _negated=True),
                    ("legal_hold_grounds__isnull", True),
                    _connector="OR",
                ),
                name="users_anonymised_has_no_grounds",
            ),
        ),
    ]
