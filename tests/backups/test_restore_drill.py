"""A drill restores the newest backup beside the database, looks at it, and leaves nothing but its report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from hub import env
from hub.management.commands import restore_drill
from hub.neon.backup_records import identity_of, newest_backup
from hub.neon.backups.direct import direct_wrapper, url_of
from hub.neon.backups.opening import restore_into
from hub.neon.drill import LOCK, SCRATCH, drill_server, scratch_database, scratch_prefix
from hub.neon.drill_report import is_overdue, newest_drill
from hub.neon.errors import OperationFailed
from tests.neon_api.fixtures import run
from tests.privacy.conftest import asked, life, log, new_life, sent, staff
from tests.privacy.world import Life
from tests.stack.cluster import drop, execute
from users.models import PrivacyRequest, User
from users.privacy.erasure import anonymise
from users.privacy.finishing import finish_erasure

BOOKS = ("reconcile_usage",)
__all__ = ["asked", "life", "log", "new_life", "sent", "staff"]


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "DRILLS.md"


@pytest.fixture(autouse=True)
def owner_restores(settings: Any) -> None:
    """Where the run has an owner's address, in whose hands its database has more than a migrator may make."""
    if env.optional("DATABASE_URL_OWNER"):
        settings.DRILL_DATABASE = env.database("DATABASE_URL_OWNER")


@pytest.fixture
def nothing_is_left(db: None) -> Iterator[None]:
    """No scratch database is there afterwards."""
    yield
    assert scratch_databases() == []


pytestmark = pytest.mark.usefixtures("nothing_is_left")


def scratch_databases() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [SCRATCH])
        return [name for (name,) in cursor.fetchall()]


@pytest.fixture
def no_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the commands, which take seconds to start: for tests of what comes before and after them."""
    monkeypatch.setattr("hub.management.commands.restore_drill.CHECKS", ())


def drilled(report: Path, *words: str) -> tuple[int, str]:
    return run("restore_drill", "--report", str(report), *words)


def back_up(*words: str) -> str:
    assert run("backup_database", *words)[0] == 0
    newest = newest_backup(identity_of(connection))
    assert newest is not None
    return newest.id


def test_what_was_erased_after_the_backup_is_erased_again_and_nothing_else_is_touched(
    committed: None,
    folder: Path,
    report: Path,
    life: Life,
    asked: Callable[[User], PrivacyRequest],
    log: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A life that was made row by row, for its erasure; nobody has kept its books.
    monkeypatch.setattr(restore_drill, "CHECKS", [each for each in restore_drill.CHECKS if each != BOOKS])
    backup = back_up()
    request = asked(life.user)
    with transaction.atomic():
        anonymise(user_id=life.user.id, request=request)
    finish_erasure(request_id=request.id)
    known, rows = log.read_text(), User.objects.count()
    status, said = drilled(report)
    assert status == 0, said
    assert f"The backup {backup} can be restored" in said
    assert "manage.py replay_erasures: 1 erasures in the log: 1 erased again, 0 wait" in said
    assert (log.read_text(), User.objects.count()) == (known, rows)
    text = report.read_text()
    assert "UTC: passed" in text
    assert backup in text
    assert connection.settings_dict["PASSWORD"] not in text
    assert (newest_drill(report), is_overdue(report)) != (None, True)


def test_books_that_do_not_balance_fail_the_drill(committed: None, folder: Path, report: Path, life: Life) -> None:
    back_up()
    status, said = drilled(report)
    assert status == 1
    assert "manage.py reconcile_usage: FAILED: it exited with 1: CommandError: The books do not agree" in said
    assert "UTC: FAILED" in report.read_text()


def test_a_corrupt_backup_fails_the_drill_before_anything_is_restored(db: None, folder: Path, report: Path) -> None:
    back_up()
    path = next(folder.iterdir())
    path.write_bytes(path.read_bytes()[:-1])
    status, said = drilled(report)
    assert status == 1
    assert "its checksum differs" in said.splitlines()[-1]
    assert "scratch database" not in said
    assert "UTC: FAILED" in report.read_text()
    assert is_overdue(report)


def test_a_backup_whose_rows_are_not_all_there_fails(
    db: None, folder: Path, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up()

    def restore_and_lose(wrapper: Any, archive: Any) -> None:
        restore_into(wrapper, archive)
        with wrapper.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'usage'")

    monkeypatch.setattr("hub.neon.drill.restore_into", restore_and_lose)
    status, said = drilled(report)
    assert (status, "tables without the rows of the backup: {'public.django_migrations'" in said) == (1, True)


def test_a_check_that_fails_ends_the_drill_with_its_line(
    db: None, folder: Path, report: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    back_up()
    monkeypatch.setattr("hub.management.commands.restore_drill.CHECKS", (("verify_audit", "--against", "/none"),))
    status, said = drilled(report)
    assert status == 1
    assert said.splitlines()[-1].endswith(
        "it exited with 1: CommandError: /none cannot be read: No such file or directory."
    )
    assert "UTC: FAILED" in report.read_text()


def test_what_a_killed_drill_left_is_dropped_and_two_at_once_are_not(db: None) -> None:
    other = drill_server()
    left, foreign = f"{scratch_prefix(other)}left", f"{SCRATCH}of_another_hub"
    for name in (left, foreign):
        execute("CREATE DATABASE {}", name)
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        with pytest.raises(OperationFailed, match="Another drill runs"), scratch_database():
            pytest.fail("two drills at once")
        assert sorted(scratch_databases()) == sorted([left, foreign])
        other.close()
        with scratch_database() as wrapper:
            assert sorted(scratch_databases()) == sorted([wrapper.settings_dict["NAME"], foreign])
    finally:
        other.close()
        drop(left)
        drop(foreign)


def test_the_scratch_database_goes_when_the_drill_is_interrupted(db: None) -> None:
    def interrupted() -> None:
        with scratch_database() as wrapper:
            assert scratch_databases() == [wrapper.settings_dict["NAME"]]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_without_a_backup_of_this_database_there_is_no_drill(db: None, folder: Path, report: Path) -> None:
    said = "No backup of this database is on record: run manage.py backup_database first."
    assert drilled(report) == (1, said)
    back_up()
    record = newest_backup(identity_of(connection))
    assert record is not None
    Path(record.location).unlink()
    status, said = drilled(report)
    assert (status, "No such file or directory" in said) == (1, True)
    assert drilled(report, "--backup", "unknown") == (1, "There is no record of a backup unknown.")


def test_a_snapshot_is_restored_into_a_branch_that_ends_and_is_deleted(
    db: None, folder: Path, report: Path, neon: Any, no_checks: None
) -> None:
    """The branch's database is the run's own here: what is looked at is real, and nothing of it is changed."""
    neon.endpoints["ep-1"] = {
        "id": "ep-1",
        "branch_id": next(iter(neon.branches)),
        "host": connection.settings_dict["HOST"],
        "type": "read_write",
    }
    back_up("--snapshot")
    neon.address = url_of(direct_wrapper())
    status, said = drilled(report)
    assert status == 0, said
    assert neon.names() == ["main"]
    assert [each.method for each in neon.asked if "/branches/" in each.path] == ["POST", "PATCH", "DELETE"]
    assert "a snapshot says nothing to compare them with" in said


def test_a_report_is_only_added_to_and_the_newest_that_passed_counts(
    db: None, folder: Path, report: Path, no_checks: None
) -> None:
    back_up()
    for _ in range(2):
        assert drilled(report)[0] == 0
    text = report.read_text()
    assert text.startswith("# Drills")
    assert text.count("UTC: passed") == 2
    report.write_text(text.replace(f"{datetime.now(UTC):%Y-%m-%d}", "2020-01-01"))
    assert is_overdue(report)
    assert is_overdue(report.with_name("none.md"))
