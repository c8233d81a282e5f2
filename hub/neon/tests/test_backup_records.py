"""The records of backups are outside of the database, and are found by which database they are of."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from hub.neon.backup_records import (
    BackupRecordsBroken,
    DatabaseIdentity,
    append,
    identity_of,
    newest_backup,
    records,
)
from tests.backup_record import a_backup

pytestmark = pytest.mark.django_db

HERE = DatabaseIdentity("7301", "hub")


@pytest.fixture(params=["file", "storage"])
def place(request: Any, settings: Any, tmp_path: Path) -> str:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.BACKUP_RECORDS = str(tmp_path / "deep" / "backups.jsonl") if request.param == "file" else "file:backups"
    return str(settings.BACKUP_RECORDS)


@pytest.fixture
def file(settings: Any, tmp_path: Path) -> Path:
    path = tmp_path / "backups.jsonl"
    settings.BACKUP_RECORDS = str(path)
    return path


def test_what_was_appended_is_read_as_it_was_each_once(place: str) -> None:
    assert list(records()) == []
    dump = a_backup(HERE)
    snapshot = a_backup(HERE, kind="snapshot", bytes=0, sha256="", expires_at=timezone.now() + timedelta(days=35))
    for each in (dump, snapshot, dump):
        append(each)
    assert sorted(records(), key=lambda record: record.id) == sorted([dump, snapshot], key=lambda record: record.id)


def test_the_newest_is_found_among_those_of_its_own_database(place: str) -> None:
    now = timezone.now()
    for database in (
        HERE,
        DatabaseIdentity("7301", "hub", "br-other"),
        DatabaseIdentity("7301", "other"),
        DatabaseIdentity("1", "hub"),
    ):
        assert newest_backup(database) is None
        for hours in (2, 1, 3):
            append(a_backup(database, taken_at=now - timedelta(hours=hours)))
        newest = newest_backup(database)
        assert newest is not None
        assert (newest.database, newest.taken_at) == (database, now - timedelta(hours=1))


def test_nobody_but_the_owner_reads_the_file(file: Path) -> None:
    append(a_backup(HERE))
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_crash_cut_short_does_not_swallow_the_next(file: Path) -> None:
    append(a_backup(HERE))
    file.write_text(file.read_text()[:30])
    append(a_backup(HERE))
    assert json.loads(file.read_text().splitlines()[1])["version"] == 1
    with pytest.raises(BackupRecordsBroken, match="line 1"):
        newest_backup(HERE)


def changed(**changes: Any) -> str:
    facts = {"taken_at": "2026-11-22T19:41:00+00:00", "database": {"system_identifier": "1", "name": "hub"}} | changes
    return json.dumps(
        {
            **{
                "id": "018f3f36-6f7e-7c2e-8000-000000000000",
                "kind": "pg_dump",
                "location": "x",
                "bytes": 1,
                "sha256": "ab" * 32,
            },
            **{"schema_hash": "", "lsn": "", "expires_at": None, "encrypted": True, "version": 1},
            **facts,
        }
    )


def test_a_record_written_by_hand_in_the_same_form_is_read(file: Path) -> None:
    file.write_text(changed() + "\n\n")
    assert [record.location for record in records()] == ["x"]


BROKEN = {
    "nonsense": "nonsense",
    "a list": "[]",
    "nothing in it": "{}",
    "no id": changed(id="1"),
    "another kind": changed(kind="guess"),
    "no bytes": changed(bytes=0),
    "a checksum of another sort": changed(sha256="abcd"),
    "no time zone": changed(taken_at="2026-11-22T19:41:00"),
    "an end without time zone": changed(expires_at="2026-11-22T19:41:00"),
    "no place": changed(location=""),
    "no database": changed(database={"system_identifier": "1", "name": ""}),
    "a database in another form": changed(database="hub"),
    "a field of a later release": changed(colour="red"),
    "a later version": changed(version=2),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_what_is_no_record_is_refused_with_its_line(file: Path, text: str) -> None:
    append(a_backup(HERE))
    with file.open("a") as lines:
        lines.write(text + "\n")
    with pytest.raises(BackupRecordsBroken, match="line 2 of .*mend or remove it"):
        list(records())


def test_a_file_that_cannot_be_read_is_not_taken_for_an_empty_one(file: Path) -> None:
    file.mkdir()
    with pytest.raises(BackupRecordsBroken, match="cannot be read: Is a directory"):
        newest_backup(HERE)


def test_a_database_is_known_by_its_cluster_and_its_name() -> None:
    identity = identity_of(connection)
    assert identity.system_identifier.isdigit()
    assert identity.name == connection.settings_dict["NAME"]
    assert identity == identity_of(connection)


@pytest.mark.parametrize(
    "host", ["ep-cool-sun-123.eu-central-1.aws.neon.tech", "ep-cool-sun-123-pooler.eu-central-1.aws.neon.tech"]
)
def test_on_neon_it_is_known_by_its_branch_too(host: str) -> None:
    former = connection.settings_dict["HOST"]
    connection.settings_dict["HOST"] = host
    try:
        assert identity_of(connection).branch == "ep-cool-sun-123"
    finally:
        connection.settings_dict["HOST"] = former
