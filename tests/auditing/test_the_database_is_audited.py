"""`manage.py db_audit` finds what was planted of each sort, and says why when it cannot look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from itertools import islice
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from hub.neon.auditing import sections
from hub.neon.auditing.commands import OfCommand
from hub.neon.auditing.indexes import duplicate_indexes, unused_indexes
from hub.neon.auditing.reports import LONGEST_AGE, newest, path_of, why_stale
from hub.neon.auditing.statements import slow_statements
from hub.neon.auditing.tables import bloated_tables, large_tables
from tests.owner import as_owner, owner_connection
from users.models import User

TODAY = date(2026, 11, 27)
# What builds a shadow database has its rows committed: no transaction may hold that up.


@pytest.mark.usefixtures("committed")
def test_a_report_answers_every_question_and_carries_its_date(tmp_path: Path) -> None:
    out = StringIO()
    call_command("db_audit", "--folder", str(tmp_path / "audits"), stdout=out)
    [path] = (tmp_path / "audits").iterdir()
    assert newest(path.parent) == date.fromisoformat(path.stem)
    text = path.read_text()
    titles = (
        "Unused indexes",
        "Duplicate indexes",
        "Bloat",
        "Slow statements",
        "Large tables",
        "Drift",
        "Branches",
        "Grants",
    )
    assert [line[3:].partition(":")[0] for line in text.splitlines() if line.startswith("## ")] == list(titles)
    assert all(f"{title}: " in out.getvalue() for title in titles)


@pytest.mark.django_db
def test_an_index_that_nobody_reads_and_that_another_one_begins_with_is_named_twice() -> None:
    as_owner("CREATE INDEX planted ON usage_logs (user_id)")
    assert "`planted` on `usage_logs`: never read" in unused_indexes().findings
    assert duplicate_indexes().findings == ["`planted` on `usage_logs`: `usage_logs_user_created` does its work"]


@pytest.fixture
def half_dead(committed: None) -> Iterator[None]:
    """Committed, as the server counts nothing else."""
    with owner_connection() as owner:
        owner.execute("CREATE TABLE planted WITH (autovacuum_enabled = off) AS SELECT generate_series(1, 12000) AS n")
        owner.execute("UPDATE planted SET n = 0")
        owner.execute("SELECT pg_stat_force_next_flush()")
    yield
    with owner_connection() as owner:
        owner.execute("DROP TABLE planted")


@pytest.mark.usefixtures("half_dead")
def test_a_table_full_of_dead_rows_is_named() -> None:
    assert bloated_tables().findings == ["`planted`: 12,000 dead rows beside 12,000"]


@pytest.mark.django_db
def test_a_table_that_has_grown_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert large_tables().findings == []
    monkeypatch.setattr("hub.neon.auditing.tables.MOST_BYTES", 8192)
    assert any("is it purged?" in finding for finding in large_tables().findings)


@pytest.mark.django_db
def test_slow_statements_are_named_or_it_is_said_why_not() -> None:
    section = slow_statements()
    assert section.verdict == "not looked at"
    assert "pg_stat_statements" in section.absent


class Fine(BaseCommand):
    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write("all well")


class Broken(BaseCommand):
    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write("the role app may drop tables")
        raise CommandError("2 differences.")


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"fine": Fine(), "broken": Broken()}
    monkeypatch.setattr("hub.neon.auditing.commands.get_commands", lambda: known)
    monkeypatch.setattr("django.core.management.get_commands", lambda: known)


@pytest.mark.usefixtures("commands")
def test_what_another_command_finds_stands_in_the_report() -> None:
    assert OfCommand("Grants", "fine").section().verdict == "nothing to do"
    broken = OfCommand("Grants", "broken").section()
    assert broken.findings == ["2 differences."]
    assert "the role app may drop tables" in broken.markdown()


@pytest.mark.usefixtures("commands")
def test_a_command_that_is_not_there_or_not_set_up_says_so() -> None:
    assert OfCommand("Drift", "missing").section().absent == "There is no such command here."
    assert OfCommand("Branches", "fine", needs=("NO_SUCH_KEY",)).section().absent == "NO_SUCH_KEY is not set."


def test_an_old_audit_is_stale_and_so_is_none(tmp_path: Path) -> None:
    assert why_stale(tmp_path, today=TODAY) == "There is no audit of the database on record."
    (tmp_path / "README.md").write_text("not a report")
    path_of(tmp_path, TODAY - LONGEST_AGE).write_text("")
    assert why_stale(tmp_path, today=TODAY) == ""
    assert "2026-08-24" in why_stale(tmp_path, today=TODAY + timedelta(days=1))
    path_of(tmp_path, TODAY).write_text("")
    assert why_stale(tmp_path, today=TODAY + timedelta(days=1)) == ""


@pytest.mark.usefixtures("committed")
def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match=r"cannot be written: (Not a directory|File exists)\.$"):
        call_command("db_audit", "--folder", str(tmp_path / "file"), stdout=StringIO())


@pytest.mark.django_db
def test_an_audit_changes_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL transaction_read_only = on")
    # Those after them are other commands.
    assert [section.title for section in islice(sections(), 5)][-1] == "Large tables"
    with pytest.raises(DatabaseError, match="read-only"):
        User.objects.create()
