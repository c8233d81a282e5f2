"""Seal the networks that keys are bound to, and the grounds of legal holds, which stood in clear.

Why: 0016 made the columns; nothing of it may stand in clear any longer.
Data: updates api_keys with networks and users with a reason for a hold, a row at a time. In allowed_ips such a key keeps
`::/128`, where nobody is: until former code is replaced it refuses keys that are bound to networks (403), rather than
letting them in from anywhere. What former code writes in clear meanwhile is read as it is. Going back writes both in
clear again.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

NOWHERE = "::/128"


def seal(apps: Any, schema_editor: Any) -> None:
    """A second run finds what the first has left."""
    keys, users = apps.get_model("users", "ApiKey").objects, apps.get_model("users", "User").objects
    for key in keys.filter(networks__isnull=True, allowed_ips__len__gt=0).only("allowed_ips"):
        # Only what was read is replaced: a key that was erased meanwhile stays empty.
        as_read = keys.filter(id=key.id, allowed_ips=key.allowed_ips)
        as_read.update(networks=key.allowed_ips, allowed_ips=[NOWHERE])
    for user in users.exclude(legal_hold_reason="").only("legal_hold_reason"):
        as_read = users.filter(id=user.id, legal_hold_reason=user.legal_hold_reason)
        as_read.update(legal_hold_grounds=user.legal_hold_reason, legal_hold_reason="")


def write_in_clear(apps: Any, schema_editor: Any) -> None:
    """What the release before can read."""
    keys, users = apps.get_model("users", "ApiKey").objects, apps.get_model("users", "User").objects
    for key in keys.filter(networks__isnull=False).only("networks"):
        keys.filter(id=key.id, networks__isnull=False).update(networks=None, allowed_ips=key.networks)
    for user in users.filter(legal_hold_grounds__isnull=False).only("legal_hold_grounds"):
        held = users.filter(id=user.id, legal_hold_grounds__isnull=False)
        held.update(legal_hold_grounds=None, legal_hold_reason=user.legal_hold_grounds)


class Migration(migrations.Migration):
    # Each row for itself: nobody waits for a lock on the keys, which every request reads.
    atomic = False
    dependencies = [("users", "0016_sealed_networks_and_grounds")]

    operations = [migrations.RunPython(seal, write_in_clear)]
