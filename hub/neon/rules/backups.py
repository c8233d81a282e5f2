"""Section 8: what can be had back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from hub.common.errors import HubError
from hub.neon.backup_records import identity_of, newest_backup
from hub.neon.drill_report import MOST_AGE, newest_drill
from hub.neon.queries.indexes import OURS
from hub.neon.rules.rule import Place, Rule, Verdict, not_asked, unless

# A day, and two hours for the one that runs late.
LONGEST_WITHOUT = timedelta(hours=26)
PROTOCOL = "docs/BACKUPS.md"


def backed_up_daily(place: Place) -> Verdict:
    """8.1"""
    if settings.DEVELOPMENT:
        return not_asked("This is a development stack: its data is made up.")
    return unless(_without_backup(place))


def _without_backup(place: Place) -> Iterator[str]:
    try:
        newest = newest_backup(identity_of(place.connection), kinds=("pg_dump",))
    except HubError as error:
        yield error.detail
        return
    if newest is None:
        yield "No backup of this database outside of Neon is on record."
    elif timezone.now() - newest.taken_at > LONGEST_WITHOUT:
        yield f"The newest backup is of {newest.taken_at:%Y-%m-%d %H:%M}."


def going_back_is_practised(place: Place) -> Verdict:
    """8.2"""
    newest = newest_drill(place.root / "docs" / "DRILLS.md")
    if newest is None:
        return unless(["docs/DRILLS.md tells of no drill that passed."])
    return unless([f"The last drill was on {newest:%Y-%m-%d}."] if timezone.now() - newest > MOST_AGE else [])


def migrations_can_go_back(place: Place) -> Verdict:
    """8.3"""
    return unless(_ways_without_return(place))


def _ways_without_return(place: Place) -> Iterator[str]:
    if place.is_checkout and not place.text(PROTOCOL):
        yield f"{PROTOCOL} is not there."
    loader = MigrationLoader(None, ignore_no_migrations=True)
    for migration in loader.disk_migrations.values():
        if _is_ours(migration):
            yield from (
                f"{migration}: {operation.describe()} cannot be taken back."
                for operation in migration.operations
                if not operation.reversible
            )


def _is_ours(migration: Migration) -> bool:
    return migration.app_label in OURS


RULES = (
    Rule("8.1", backed_up_daily, "manage.py backup_database, and have it run every day (docs/BACKUPS.md)."),
    Rule("8.2", going_back_is_practised, "manage.py restore_drill, and commit docs/DRILLS.md.", of_sources=True),
    Rule("8.3", migrations_can_go_back, "Give the operation its reverse (reverse_code, reverse_sql)."),
)
