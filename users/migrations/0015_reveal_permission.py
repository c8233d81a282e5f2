"""A permission of its own for looking at personal data.

Why: staff who see accounts do not therefore see addresses; to reveal one is a right that is given by name.
Data: none. The row in auth_permission is made after the migration, and is given to nobody.
"""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0014_token_revocations")]

    operations = [
        migrations.AlterModelOptions(
            name="user", options={"permissions": [("reveal_personal_data", "Can reveal personal data")]}
        ),
    ]
