"""Errors of the commands that look after the schema and the backups."""

from __future__ import annotations

import io
import sys

from django.core.management import call_command

from hub.management.commands import migrate
from tests.api.provocations.scene import Ask, Scene, provokes


@provokes("migration_refused")
def a_migration_as_another_role(scene: Scene) -> Ask:
    """By the command's own handling: as a whole it would turn the connection, which has the test's transaction open."""
    command = migrate.Command(stdout=io.StringIO(), stderr=io.StringIO())
    options = vars(command.create_parser("manage.py", "migrate").parse_args(["media"]))
    return lambda: command.handle(**options)


@provokes("migration_undocumented")
def a_migration_that_does_not_say_what_for(scene: Scene) -> Ask:
    call_command("schema_changelog", check=True, stdout=io.StringIO())
    scene.monkeypatch.setattr(sys.modules["media.migrations.0001_media"], "__doc__", "Make the table.")
    return lambda: call_command("schema_changelog", check=True, stdout=io.StringIO())


@provokes("backup_records_broken")
def records_of_backups_that_nobody_can_read(scene: Scene) -> Ask:
    records = scene.folder / "backups.jsonl"
    records.write_text('{"id": \n')
    scene.settings.BACKUP_RECORDS = str(records)
    return lambda: call_command("restore_drill", report=str(scene.folder / "DRILLS.md"), stdout=io.StringIO())
