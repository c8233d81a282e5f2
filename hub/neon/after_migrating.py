"""Gives the tables that a migration made or changed their rights, as soon as it has run."""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from hub.neon.access import NotMended, compare, mend, places_differ, roles_are_there, tables_differ
from hub.neon.grants import table_rights
from hub.neon.roles import MIGRATOR

# The signal comes once for each app that has models, after all migrations of all of them; we want it once.
ONE_OF_THEM = "contenttypes"


@receiver(post_migrate, dispatch_uid="hub.grants")
def grant_after_migrating(
    *, app_config: Any, using: str, verbosity: int, stdout: Any = None, plan: Any = (), **_: Any
) -> None:
    """Once after all migrations of a run. Does nothing when nothing was migrated, or by another role than the migrator.

    So a new append-only table is never without its limits, and nobody has to remember. What the migrator may not do is
    left to `db_grants --apply`.
    """
    if app_config.label != ONE_OF_THEM or not plan:
        return
    connection = connections[using]
    connection.ensure_connection()
    raw = connection.connection
    if raw.info.user != MIGRATOR.name or not roles_are_there(raw):
        return
    steps = [tables_differ(table_rights)]
    if _owns_the_database(raw):
        steps.insert(0, places_differ)
    try:
        mend(raw, steps)
    except NotMended as problem:
        if stdout is not None:
            stdout.write(f"Rights on the tables: {problem} See `manage.py db_grants --verify`.")
        return
    if verbosity > 1 and stdout is not None and not compare(raw, steps):
        stdout.write("  Rights of app and readonly on the tables are as they should be")


def _owns_the_database(raw: Any) -> bool:
    query = "SELECT datdba = current_user::regrole FROM pg_database WHERE datname = current_database()"
    [[owns]] = raw.execute(query)
    return bool(owns)
