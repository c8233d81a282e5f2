"""Why `migrate` may not go ahead: the host, the role, a plan that destroys without a fresh backup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from hub.common.errors import HubError
from hub.neon.backup_records import BackupRecord, identity_of, newest_backup
from hub.neon.connections import POOLER, is_pooled
from hub.neon.gate.steps import Danger, Step, of
from hub.neon.roles import MIGRATOR

FRESH = timedelta(hours=1)
TAKE_ONE = "Take one with `manage.py backup_database`, then migrate again (docs/MIGRATIONS.md)."


class MigrationRefused(HubError):
    """The migration was refused before any of its SQL; nothing was changed."""

    code = "migration_refused"
    status = 409
    title = "The migration was refused"
    is_for_operators = True


def require_direct_host(connection: BaseDatabaseWrapper) -> None:
    """Raises MigrationRefused for a pooled host of Neon: its sessions change under a migration."""
    host = str(connection.settings_dict.get("HOST") or "")
    if is_pooled(host):
        raise MigrationRefused(
            f"{host} is the pooled host: migrate through the direct one, which is the same name without {POOLER}."
        )


def require_migrator(connection: BaseDatabaseWrapper) -> None:
    """Raises MigrationRefused for any role but `migrator`, whose alone the tables are.

    Only the embedded server may have no such role yet: there its owner makes the roles.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [MIGRATOR.name])
        role, has_migrator = cursor.fetchone()
    if role == MIGRATOR.name or (settings.EMBEDDED and not has_migrator):
        return
    mend = "put the URL of that role in DATABASE_URL_DIRECT" if has_migrator else "make it with `manage.py db_grants`"
    raise MigrationRefused(f"Migrations are the affair of the role {MIGRATOR.name}, and this is {role}: {mend}.")


def require_backup(steps: Sequence[Step], connection: BaseDatabaseWrapper) -> None:
    """Raises MigrationRefused when a step destroys and no backup of this database is younger than an hour.

    Raises BackupRecordsBroken when the records cannot be read.
    """
    lost = of(Danger.DESTROY, steps)
    if not lost:
        return
    newest, now = newest_backup(identity_of(connection)), timezone.now()
    if newest is None or not _is_fresh(newest, now):
        name = connection.settings_dict["NAME"]
        have = _said(newest, now) if newest else "there is none on record"
        what = "1 step destroys" if len(lost) == 1 else f"{len(lost)} steps destroy"
        raise MigrationRefused(
            f"Refused before any SQL: {what}, and no backup of {name} is an hour old or less ({have}). {TAKE_ONE}"
        )


def _is_fresh(record: BackupRecord, now: datetime) -> bool:
    """One from the future was recorded by a clock that is wrong, and says nothing."""
    is_there = record.expires_at is None or record.expires_at > now
    return is_there and timedelta(0) <= now - record.taken_at <= FRESH


def _said(record: BackupRecord, now: datetime) -> str:
    taken = record.taken_at.isoformat(timespec="seconds")
    if record.taken_at > now:
        return f"the newest is of {taken}, which is in the future: look at the clocks"
    expired = record.expires_at is not None and record.expires_at <= now
    return f"the newest is of {taken}{', and has expired' if expired else ''}"


def is_empty(connection: BaseDatabaseWrapper) -> bool:
    """Whether there is no table yet: nothing to lose, and nobody who waits. An extension's own do not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
            " WHERE relkind IN ('r', 'p', 'm', 'f') AND nspname NOT LIKE 'pg\\_%'"
            " AND nspname <> 'information_schema' AND pg_class.oid NOT IN"
            " (SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e'))"
        )
        return bool(cursor.fetchone()[0])
