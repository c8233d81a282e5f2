"""`manage.py schema_drift [--check | --write]`: compares the schema with the one that the migrations make from zero."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from hub.neon.connections import DirectCommand
from hub.neon.errors import OperationFailed
from hub.neon.gate.lock_timeout import explained
from hub.neon.schema_dump import differences, schema_of
from hub.neon.shadow import shadow_database

# What the names of its databases begin with.
PURPOSE = "shadow"
PATH = settings.BASE_DIR / "docs" / "schema.sql"


class Command(DirectCommand):
    """The database in use is only read. A second run says the same."""

    help = (
        "Makes a shadow database, migrates it from zero, and shows how the schema of this database differs from it; "
        "exit status 1 when it does. --check compares docs/schema.sql instead, --write writes it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--check and --write."""
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--check", action="store_true", help="compare docs/schema.sql instead of this database")
        how.add_argument("--write", action="store_true", help="write docs/schema.sql")

    def handle(self, *args: Any, check: bool, write: bool, **options: Any) -> None:
        """Prints a diff; raises CommandError when there is one."""
        connection = connections[DEFAULT_DB_ALIAS]
        try:
            actual = None if check or write else self._of_database(connection)
            wanted = _of_migrations(connection)
        except OperationFailed as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"No shadow could be made: {explained(error)}") from error
        if write:
            PATH.write_text(wanted, encoding="utf-8")
        elif actual is None:
            written = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
            self._compare(wanted, written, "docs/schema.sql", "it is not current: run `make schema`.")
        else:
            name = connection.settings_dict["NAME"]
            mend = "make a migration of it, or take it back (docs/MIGRATIONS.md)."
            self._compare(wanted, actual, f"the database {name}", mend)

    def _of_database(self, connection: BaseDatabaseWrapper) -> str:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing:
            raise CommandError(f"{len(missing)} migrations are not applied here: migrate first, then compare.")
        return schema_of(connection)

    def _compare(self, wanted: str, actual: str, what: str, mend: str) -> None:
        found = list(differences(wanted, actual, names=("what the migrations make", what)))
        for line in found:
            self.stdout.write(line)
        if found:
            raise CommandError(f"The schema of {what} is not what the migrations make: {mend}")
        self.stdout.write(f"The schema of {what} is what the migrations make.")


def _of_migrations(connection: BaseDatabaseWrapper) -> str:
    with shadow_database(connection, purpose=PURPOSE):
        call_command("migrate", interactive=False, verbosity=0)
        return schema_of(connection)
