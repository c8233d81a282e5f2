"""Drop the indexes of foreign keys that another index begins with.

Why: each write paid for both, and a read uses either (docs/QUERY_PERF.md).
Data: none.
"""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def key(to: str, on_delete: object, **options: object) -> models.ForeignKey:
    return models.ForeignKey(db_index=False, on_delete=on_delete, to=to, **{"related_name": "+", **options})


class Migration(migrations.Migration):
    dependencies = [("users", "0012_index_of_legal_holds")]

    operations = [
        migrations.AlterField(
            "apikey", "owner", key(settings.AUTH_USER_MODEL, django.db.models.deletion.PROTECT, related_name="api_keys")
        ),
        migrations.AlterField(
            "privacyrequest", "user", key(settings.AUTH_USER_MODEL, django.db.models.deletion.PROTECT)
        ),
        migrations.AlterField(
            "oauthaccount",
            "user",
            key(settings.AUTH_USER_MODEL, django.db.models.deletion.CASCADE, related_name="oauth_accounts"),
        ),
        migrations.AlterField("usergroup", "user", key(settings.AUTH_USER_MODEL, django.db.models.deletion.CASCADE)),
        migrations.AlterField(
            "userpermission", "user", key(settings.AUTH_USER_MODEL, django.db.models.deletion.CASCADE)
        ),
    ]
