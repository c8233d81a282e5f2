"""`manage.py migrate`: Django's, over the direct way and behind the gate (docs/MIGRATIONS.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.models.signals import pre_migrate

from hub.common.errors import HubError
from hub.neon.connections import DirectCommand
from hub.neon.gate.lock_timeout import explained, limited_waiting
from hub.neon.gate.plan import Plan, judge, pruned
from hub.neon.gate.refusals import is_empty, require_backup, require_direct_host, require_migrator
from hub.neon.gate.steps import Step


class Passed(Exception):
    """The gate was asked alone, and lets the plan through."""


class Command(DirectCommand, migrate.Command):
    """A refusal is one line and exit status 1, before any SQL of the plan."""

    help = (
        "Brings the schema to the migrations. Before any SQL it refuses a plan that destroys something, unless a "
        "backup of this database is on record that is an hour old at most; a pooled host; and every role but migrator. "
        "It warns of what locks. --gate only says what it would say (docs/MIGRATIONS.md)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--gate."""
        super().add_arguments(parser)
        parser.add_argument("--gate", action="store_true", help="only say what the gate says; change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Django's own; whatever only looks (--plan, --check) needs no gate."""
        connection = connections[options["database"]]
        try:
            if options["plan"] or options["check_unapplied"]:
                super().handle(*args, **options)
            else:
                self._migrate(connection, *args, **options)
        except Passed:
            self.stdout.write("The gate lets this plan through; nothing was changed.")
        except HubError as error:
            raise CommandError(error.detail) from error
        except DatabaseError as error:
            raise CommandError(explained(error)) from error

    def _migrate(self, connection: BaseDatabaseWrapper, *args: Any, **options: Any) -> None:
        require_direct_host(connection)
        require_migrator(connection)
        if options["prune"] and options["app_label"]:
            self._let_through(pruned(MigrationLoader(connection), options["app_label"]), connection, options)
        with self._gate_before_plan(connection, options), limited_waiting(connection):
            super().handle(*args, **options)

    @contextmanager
    def _gate_before_plan(self, connection: BaseDatabaseWrapper, options: Any) -> Iterator[None]:
        """Django sends `pre_migrate` with the very plan that it will carry out, once for each app, before any SQL."""
        seen: list[Plan] = []

        def gate(*, plan: Plan, using: str, **kwargs: Any) -> None:
            if using == connection.alias and not seen:
                seen.append(plan)
                self._let_through(self._judged(plan, connection, options), connection, options)

        pre_migrate.connect(gate, weak=False)
        try:
            yield
        finally:
            pre_migrate.disconnect(gate)

    def _judged(self, plan: Plan, connection: BaseDatabaseWrapper, options: Any) -> list[Step]:
        if is_empty(connection):
            return []
        loader = MigrationLoader(connection)
        applied = [key for key in loader.applied_migrations if key in loader.graph.nodes]
        is_faked = options["fake"] or options["fake_initial"]
        return judge(plan, loader.project_state(applied), connection=connection, faked=is_faked)

    def _let_through(self, steps: Sequence[Step], connection: BaseDatabaseWrapper, options: Any) -> None:
        """Shows what is dangerous; raises MigrationRefused, or Passed when nobody wanted more than to know."""
        if options["verbosity"] > 0 or options["gate"]:
            for step in steps:
                self.stderr.write(self.style.WARNING(str(step)))
        require_backup(steps, connection)
        if options["gate"]:
            raise Passed
