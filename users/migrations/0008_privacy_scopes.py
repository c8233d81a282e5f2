"""Give the scopes account:export and account:erase to the keys that may do everything.

Why: to fetch all that the hub has of an account, and to end it, are rights of their own, and a key with every scope
keeps every scope.
Data: updates api_keys that hold all ten former scopes; going back takes the two scopes from every key, and ends (by
revoking) a key that has no other.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.utils import timezone

FORMER = [
    *("account:read", "generations:read", "generations:write", "keys:read", "keys:write"),
    *("media:read", "media:write", "usage:read", "webhooks:read", "webhooks:write"),
]
NEW = ["account:erase", "account:export"]


def give(apps: Any, schema_editor: Any) -> None:
    """A second run finds keys that have them already and writes the same again."""
    keys = apps.get_model("users", "ApiKey").objects.filter(scopes__contains=FORMER)
    keys.update(scopes=sorted([*FORMER, *NEW]))


def take(apps: Any, schema_editor: Any) -> None:
    """Key by key: each keeps what else it has."""
    for key in apps.get_model("users", "ApiKey").objects.filter(scopes__overlap=NEW):
        rest = sorted(set(key.scopes) - set(NEW))
        if rest:
            key.scopes = rest
        else:
            key.revoked_at = key.revoked_at or timezone.now()
        key.save(update_fields=["scopes", "revoked_at"])


class Migration(migrations.Migration):
    dependencies = [("users", "0007_erased_own_nothing")]

    operations = [migrations.RunPython(give, take)]
