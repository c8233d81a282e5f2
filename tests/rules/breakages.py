"""One way to break each rule of NEON.md: on the test database, in the settings, or in a tree of its own.

A breakage takes the place where the rule is asked and gives the one where it must be found broken; what it changes is
put back by the fixtures, or with the test's transaction.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.core.management import get_commands
from django.db import models
from django.utils import timezone

from audit import services as audit
from audit.actions import Action
from hub.management.commands import schema_changelog
from hub.neon.rules.rule import Place
from media.models import Media
from tests.owner import as_owner


@dataclass(frozen=True)
class Tools:
    """What a breakage may use."""

    monkeypatch: pytest.MonkeyPatch
    settings: Any
    tmp_path: Path
    plant: Callable[[str, str, models.Field[Any, Any]], None]
    spend: Callable[[], None]


Breakage = Callable[[Tools, Place], Place]


def tree(*paths: str, changed: dict[str, tuple[str, str]] | None = None) -> Breakage:
    """A checkout with these files and folders of ours, each change made in one of them: {path: (before, after)}."""

    def broken(tools: Tools, place: Place) -> Place:
        (tools.tmp_path / ".git").mkdir()
        for path in paths:
            source, target = place.root / path, tools.tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        for path, (before, after) in (changed or {}).items():
            file = tools.tmp_path / path
            text = file.read_text() if before else ""
            assert before in text, f"{path} has no {before!r}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace(before, after) if before else after)
        return replace(place, root=tools.tmp_path)

    return broken


def statement(text: str) -> Breakage:
    """Said by the owner, within the test's transaction."""

    def broken(tools: Tools, place: Place) -> Place:
        as_owner(text)
        return place

    return broken


def patched(target: Any, name: str, value: Any) -> Breakage:
    """An attribute of something of the hub's."""

    def broken(tools: Tools, place: Place) -> Place:
        tools.monkeypatch.setattr(target, name, value)
        return place

    return broken


def configured(**values: Any) -> Breakage:
    """Other settings."""

    def broken(tools: Tools, place: Place) -> Place:
        for name, value in values.items():
            setattr(tools.settings, name, value)
        return place

    return broken


def planted(app: str, name: str, field: models.Field[Any, Any]) -> Breakage:
    """A model of the app with a column too many."""

    def broken(tools: Tools, place: Place) -> Place:
        tools.plant(app, name, field)
        return place

    return broken


def another_engine(tools: Tools, place: Place) -> Place:
    tools.monkeypatch.setitem(place.connection.settings_dict, "ENGINE", "django.db.backends.postgresql")
    return place


def another_migrate(tools: Tools, place: Place) -> Place:
    tools.monkeypatch.setitem(get_commands(), "migrate", "django.core")
    return place


def an_owner_at_the_pooler(tools: Tools, place: Place) -> Place:
    tools.settings.DEVELOPMENT = False
    tools.settings.DATABASE_POOLED = tools.settings.DATABASE_POOLED | {"USER": "neondb_owner"}
    return place


def bare_handlers(tools: Tools, place: Place) -> Place:
    tools.settings.LOGGING = {"handlers": {"bare": {"class": "logging.StreamHandler"}}}
    return place


def an_entry_that_nobody_sealed(tools: Tools, place: Place) -> Place:
    audit.record(action=Action.QUOTA_SET, actor_label="test")
    long_ago = timezone.now() - timedelta(days=9)
    as_owner("UPDATE audit_logs SET created_at = %s", [long_ago], past_triggers=True)
    return place


def no_way_back(tools: Tools, place: Place) -> Place:
    migration = import_module("usage.migrations.0011_old_ledger_rows_may_go").Migration
    tools.monkeypatch.setattr(type(migration.operations[0]), "reversible", False)
    return place


def unwatched(tools: Tools, place: Place) -> Place:
    tools.monkeypatch.setattr(place.connection, "execute_wrappers", [])
    return place


def a_schedule(tools: Tools, place: Place) -> Place:
    tools.monkeypatch.setitem(current_app.conf, "beat_schedule", {"planted": {}})
    return place


def overspent(tools: Tools, place: Place) -> Place:
    tools.spend()
    return place


def no_backup(tools: Tools, place: Place) -> Place:
    tools.settings.DEVELOPMENT = False
    tools.settings.BACKUP_RECORDS = str(tools.tmp_path / "none.jsonl")
    return place


def an_old_changelog(tools: Tools, place: Place) -> Place:
    old = tools.tmp_path / "SCHEMA_CHANGELOG.md"
    old.write_text("# Nothing has changed yet\n")
    tools.monkeypatch.setattr(schema_changelog, "PATH", old)
    return place


DOOR = "def post(self, request):\n    return Order.objects.create(**request.data)\n"
SECRET = "napi_" + "x" * 40
UNIQUE_ATTEMPT = """
    DO $$ DECLARE name text; BEGIN
        SELECT conname INTO STRICT name FROM pg_constraint WHERE conrelid = 'usage_logs'::regclass AND contype = 'u'
            AND conkey = ARRAY[(SELECT attnum FROM pg_attribute
                WHERE attrelid = 'usage_logs'::regclass AND attname = 'attempt_id')];
        EXECUTE format('ALTER TABLE usage_logs DROP CONSTRAINT %I', name);
    END $$"""
CHECKS_OF_PERIODS = """
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT conname FROM pg_constraint WHERE conrelid = 'quota_periods'::regclass AND contype = 'c'
        LOOP EXECUTE format('ALTER TABLE quota_periods DROP CONSTRAINT %I', name); END LOOP;
    END $$"""
TEMPLATE = ".github/pull_request_template.md"
PREVIEW, DEPLOY = ".github/workflows/preview.yml", ".github/workflows/deploy.yml"
# number: how it is broken, and what the finding must say.
BREAKAGES: dict[str, tuple[Breakage, str]] = {
    "1.1": (tree("NEON.md", changed={"NEON.md": ("- **5.2** ", "- **5.9** ")}), "5.2 is asked and stands nowhere"),
    "2.1": (another_engine, "not hub.postgresql"),
    "2.2": (tree(".gitignore", changed={"notes.md": ("", f"key: {SECRET}\n")}), "notes.md:1 has a key of Neon's API"),
    "3.1": (patched(Media._meta.get_field("mime_type"), "max_length", 99), "mime_type"),
    "3.2": (statement("DELETE FROM django_migrations WHERE app = 'media'"), "media.0001"),
    "3.4": (an_old_changelog, "SCHEMA_CHANGELOG.md"),
    "3.5": (planted("media", "key", models.BigAutoField(primary_key=True)), "has a key that is no UUID"),
    "4.1": (tree(".github", changed={PREVIEW: ("expires_at:", "expired_at:")}), "without expires_at"),
    "4.2": (another_migrate, "without the gate"),
    "4.3": (tree("Makefile", changed={"Makefile": ("schema_drift --check", "schema_drift --help")}), "does not run"),
    "4.4": (configured(DEVELOPMENT=False), "the key of a development stack"),
    "5.1": (statement("ALTER TABLE media RENAME TO media_and_more"), "There is no table media"),
    "5.2": (planted("media", "content", models.BinaryField()), "could hold a file's bytes"),
    "5.3": (statement(UNIQUE_ATTEMPT), "attempt_id is not unique"),
    "5.4": (statement(CHECKS_OF_PERIODS), "quota_periods.spent may be negative"),
    "5.5": (planted("users", "email", models.EmailField()), "is stored in clear"),
    "6.1": (tree(changed={"usage/api/views.py": ("", "connection.cursor()\n")}), "usage/api/views.py: cursor"),
    "6.2": (tree(changed={"usage/api/views.py": ("", DOOR)}), "usage/api/views.py:2 reads a table"),
    "6.3": (tree(changed={"usage/api/views.py": ("", DOOR)}), "usage/api/views.py:2 takes what was sent"),
    "7.1": (statement("GRANT TRUNCATE ON usage_logs TO app"), "TRUNCATE"),
    "7.2": (statement("ALTER TABLE audit_logs DISABLE TRIGGER USER"), "audit_logs: no trigger refuses TRUNCATE"),
    "7.3": (bare_handlers, "bare has no filter redact"),
    "7.4": (configured(PURGE_DAILY=[]), "leaves out purge_dormant_users"),
    "7.5": (an_entry_that_nobody_sealed, "has no seal yet"),
    "8.1": (no_backup, "No backup of this database outside of Neon"),
    "8.2": (tree(), "tells of no drill"),
    "8.3": (no_way_back, "cannot be taken back"),
    "9.1": (statement("DROP INDEX usage_logs_user_created"), "no index of usage_logs can serve it"),
    "9.2": (tree(), "is not the one in docs/QUERY_PERF.md"),
    "9.3": (an_owner_at_the_pooler, "logs in as 'neondb_owner'"),
    "10.1": (a_schedule, "beat has a schedule"),
    "10.2": (overspent, "is above NEON_BUDGET_USD"),
    "11.1": (unwatched, "Nothing watches"),
    "11.2": (tree(), "No alert asks for hub_db_pool_exhausted_total"),
    "11.3": (bare_handlers, "bare has no filter request_id"),
    "12.1": (tree(), "does not name NEON.md"),
    "12.2": (tree(), "does not show how to delete"),
    "12.3": (tree(), "There is no audit"),
    "13.1": (tree(".github", changed={TEMPLATE: ("Data change", "Notes")}), "no section"),
    "13.2": (tree(".github", changed={DEPLOY: ("backup_database", "check")}), "no step 'backup_database'"),
    "13.4": (
        tree(".github", "docs/ONBOARDING.md", changed={TEMPLATE: ("docs/ONBOARDING.md", "nowhere")}),
        "does not lead",
    ),
    "13.3": (tree(".github", changed={DEPLOY: ("actions/checkout@", "actions/checkout@v7 #")}), "not pinned"),
}
