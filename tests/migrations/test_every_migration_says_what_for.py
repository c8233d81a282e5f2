"""docs/SCHEMA_CHANGELOG.md has every migration of the hub's own apps, with its reason and its data."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from hub.management.commands import schema_changelog
from hub.neon.changelog import Entry, Undocumented, days_of, entry_of, markdown, own_migrations

OWN = {"audit", "users", "usage", "media", "generations"}
GOOD = "Let books go.\n\nWhy: they are read.\nOnce.\nData: none. The rows stay."
ENTRY = Entry("users", "0012_x", "Does x.", "as y.", "none.")


def documented(text: str | None, monkeypatch: pytest.MonkeyPatch) -> Migration:
    """A migration of a module with that docstring."""
    module = ModuleType("books_0002")
    module.__doc__ = text
    monkeypatch.setitem(sys.modules, "books_0002", module)
    kind = type("Migration", (Migration,), {"__module__": "books_0002"})
    return kind("0002_books", "books")  # type: ignore[no-any-return]


def test_the_page_is_current_and_has_every_own_migration() -> None:
    call_command("schema_changelog", check=True)
    on_disk = {key for key in MigrationLoader(None).disk_migrations if key[0] in OWN}
    assert len(on_disk) > 40
    assert set(days_of(schema_changelog.PATH.read_text(encoding="utf-8"))) == on_disk
    assert {(each.app_label, each.name) for each in own_migrations()} == on_disk


def test_a_docstring_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    found = entry_of(documented(GOOD, monkeypatch))
    assert (found.what, found.why, found.data) == ("Let books go.", "they are read. Once.", "none. The rows stay.")


@pytest.mark.parametrize(
    "text",
    [
        *(
            None,
            "",
            "Let books go.",
            "Why: they are read.\nData: none.",
            "Let books go.\n\nData: none.\nWhy: they are read.",
        ),
        *(
            "Let books go.\n\nWhy: they are read.",
            "Let books go.\n\nWhy: \nData: none.",
            "Let books go.\n\nWhy: x\nData:  ",
        ),
        "Let books go.\n\nwhy: they are read.\ndata: none.",
    ],
)
def test_one_that_does_not_say_why_or_what_of_the_data_is_refused(
    text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Undocumented, match=r"books\.0002_books: its docstring must"):
        entry_of(documented(text, monkeypatch))


def test_a_day_that_is_written_stays_and_a_new_entry_is_of_today() -> None:
    first = markdown([ENTRY], days={}, today=date(2026, 11, 20))
    assert "### users.0012_x (2026-11-20)" in first
    later = markdown([ENTRY], days=days_of(first), today=date(2027, 1, 1))
    assert later == first


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    path = tmp_path / "SCHEMA_CHANGELOG.md"
    path.write_bytes(schema_changelog.PATH.read_bytes())
    monkeypatch.setattr(schema_changelog, "PATH", path)
    return path


@pytest.mark.parametrize("former", ["- Why: ", "### audit.0001_audit_trail (", "## users\n"])
def test_a_page_that_says_otherwise_is_refused_and_written_anew(page: Path, former: str) -> None:
    right = page.read_text()
    page.write_text(right.replace(former, "x", 1))
    with pytest.raises(CommandError, match="not current: run `make schema`"):
        call_command("schema_changelog", check=True)
    call_command("schema_changelog")
    call_command("schema_changelog", check=True)


def test_a_migration_without_reason_writes_nothing(page: Path, settings: Any) -> None:
    settings.MIGRATION_MODULES = {"hub": "tests.migrations.undocumented"}
    right = page.read_text()
    with pytest.raises(CommandError, match=r"hub\.0001_silent: its docstring must"):
        call_command("schema_changelog")
    assert page.read_text() == right


def test_a_day_that_is_none_is_one_line(page: Path) -> None:
    page.write_text(
        page.read_text().replace("### audit.0001_audit_trail (2026-", "### audit.0001_audit_trail (2026-99-99) (", 1)
    )
    with pytest.raises(CommandError, match="has a day that is none"):
        call_command("schema_changelog", check=True)
