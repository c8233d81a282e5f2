"""Section 3: how the schema changes."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from django.core.management import call_command
from django.db.migrations.executor import MigrationExecutor

from hub.neon.rules.asking import findings_of_checks, refusal_of
from hub.neon.rules.rule import Place, Rule, Verdict, unless


def models_and_migrations_agree(place: Place) -> Verdict:
    """3.1"""
    return unless(_unwritten())


def _unwritten() -> Iterator[str]:
    said = StringIO()
    try:
        call_command("makemigrations", check_changes=True, dry_run=True, stdout=said, verbosity=1)
    except SystemExit:
        changes = [line.strip() for line in said.getvalue().splitlines() if line.startswith("    ")]
        yield f"The models have what no migration has: {'; '.join(changes)}"


def database_has_all_migrations(place: Place) -> Verdict:
    """3.2"""
    return unless(_unapplied(place))


def _unapplied(place: Place) -> Iterator[str]:
    executor = MigrationExecutor(place.connection)
    for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield f"{migration} is not applied."
    for app, name in sorted(executor.loader.applied_migrations.keys() - executor.loader.disk_migrations.keys()):
        if app in executor.loader.migrated_apps:
            yield f"{app}.{name} is applied and not in the tree."


def no_drift(place: Place) -> Verdict:
    """3.3"""
    return refusal_of("schema_drift")


def changelog_is_written(place: Place) -> Verdict:
    """3.4"""
    return refusal_of("schema_changelog", "--check")


def keys_are_uuids(place: Place) -> Verdict:
    """3.5"""
    return findings_of_checks("hub.models.E001")


RULES = (
    Rule("3.1", models_and_migrations_agree, "Write the migration: manage.py makemigrations --name ..."),
    Rule("3.2", database_has_all_migrations, "manage.py migrate, or deploy the tree that the database is of."),
    Rule("3.3", no_drift, "Put what was changed by hand into a migration, or take it back (docs/MIGRATIONS.md)."),
    Rule(
        "3.4",
        changelog_is_written,
        "Write Why: and Data: into the docstring, then manage.py schema_changelog.",
        of_sources=True,
    ),
    Rule("3.5", keys_are_uuids, "Derive the model from HubModel; give many-to-many tables a model of their own."),
)
