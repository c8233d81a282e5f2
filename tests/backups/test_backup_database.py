"""A backup is whole, sealed and on record; whatever keeps it from that leaves nothing and is one line."""

from __future__ import annotations

import fcntl
import json
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from hub.databases import database_entry
from hub.env import database
from hub.local.binaries import postgres_program
from hub.local.tests.tools import mounted
from hub.neon.backup_records import BackupRecord, identity_of, newest_backup, records
from hub.neon.backups.direct import direct_wrapper, url_of
from hub.neon.errors import OperationFailed
from hub.neon.programs import program
from tests.neon_api.fixtures import run
from tests.stack.cluster import execute
from users.services import create_user

pytestmark = pytest.mark.django_db


def backed_up(*words: str) -> BackupRecord:
    status, said = run("backup_database", *words)
    assert status == 0, said
    newest = newest_backup(identity_of(connection))
    assert newest is not None
    assert newest.id in said
    return newest


def refused(*words: str) -> str:
    """The one line; nothing was recorded."""
    status, said = run("backup_database", *words)
    assert (status, len(said.splitlines())) == (1, 1), said
    assert list(records()) == []
    return said


def files(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.rglob("*") if each.is_file()) if folder.exists() else []


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Any]:
    """Sets the direct address to a variant of the right one."""
    url = urlsplit(url_of(direct_wrapper()))

    def set_to(**parts: str) -> None:
        monkeypatch.setenv("DATABASE_URL_DIRECT", urlunsplit(url._replace(**parts)))
        settings.DATABASE_DIRECT = database_entry(database("DATABASE_URL_DIRECT"), process="test")

    set_to.url = url  # type: ignore[attr-defined]
    return set_to  # type: ignore[return-value]


def test_the_record_says_what_was_stored(folder: Path) -> None:
    record = backed_up("--keep-days", "3")
    path = Path(record.location)
    content = path.read_bytes()
    assert files(folder) == [path.name]
    assert path.stat().st_mode & 0o077 == 0
    assert (record.kind, record.encrypted, record.bytes) == ("pg_dump", True, len(content))
    assert record.sha256 == sha256(content).hexdigest()
    assert record.expires_at == record.taken_at + timedelta(days=3)
    assert abs(datetime.now(UTC) - record.taken_at) < timedelta(minutes=5)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::pg_lsn <= pg_current_wal_lsn() AND %s::pg_lsn > '0/0'", [record.lsn, record.lsn])
        assert cursor.fetchone() == (True,)


def test_nothing_of_the_data_can_be_read_in_it_and_pg_restore_reads_it_opened(
    committed: None, folder: Path, tmp_path: Path
) -> None:
    create_user(email="alice@example.org")
    record = backed_up()
    assert b"PGDMP" not in Path(record.location).read_bytes()
    status, said = run("open_backup", record.id, str(tmp_path / "dump"))
    assert status == 0, said
    listed = subprocess.run(
        [postgres_program("pg_restore"), "-f", "-", tmp_path / "dump"], capture_output=True, text=True, check=True
    )
    assert "CREATE TABLE public.users " in listed.stdout
    assert "COPY public.users " in listed.stdout
    assert (tmp_path / "dump").stat().st_mode & 0o077 == 0


def test_the_file_alone_opens_without_its_record(folder: Path, tmp_path: Path, settings: Any) -> None:
    path = Path(backed_up().location).rename(tmp_path / "moved")
    settings.BACKUP_RECORDS = str(tmp_path / "none.jsonl")
    status, said = run("open_backup", str(path), str(tmp_path / "dump"))
    assert status == 0, said
    assert (tmp_path / "dump").read_bytes().startswith(b"PGDMP")


@pytest.mark.parametrize("cut", [3, 5000, -1])
def test_a_corrupt_backup_opens_to_nothing(folder: Path, tmp_path: Path, cut: int) -> None:
    record = backed_up()
    path = Path(record.location)
    path.write_bytes(path.read_bytes()[:cut])
    for words in ([record.id], [str(path)]):
        status, said = run("open_backup", *words, str(tmp_path / "out" / "dump"))
        assert (status, len(said.splitlines())) == (1, 1)
        assert files(tmp_path / "out") == []


def test_into_a_storage(folder: Path, settings: Any, tmp_path: Path) -> None:
    record = backed_up("--to", "file:deep/backups")
    assert record.location.startswith("file:deep/backups/hub-")
    stored = settings.MEDIA_ROOT / record.location.partition(":")[2]
    assert sha256(stored.read_bytes()).hexdigest() == record.sha256
    assert run("open_backup", record.id, str(tmp_path / "dump"))[0] == 0
    assert not [each for each in files(Path(settings.FILE_UPLOAD_TEMP_DIR)) if each.endswith(".partial")]


def test_the_same_schema_has_the_same_hash_and_another_one_has_another(folder: Path) -> None:
    first, second = backed_up(), backed_up()
    assert first.schema_hash == second.schema_hash
    wrapper = direct_wrapper()
    try:
        with wrapper.cursor() as cursor:
            cursor.execute("CREATE TABLE by_hand (id int)")
        assert backed_up().schema_hash != first.schema_hash
    finally:
        with wrapper.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS by_hand")
        wrapper.close()


def test_a_full_disk_is_one_line_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=64k") as disk:
        said = refused("--to", str(disk / "backups"))
        assert said.startswith(f"The disk that holds {disk / 'backups'} is full")
        assert files(disk) == []


def test_a_full_disk_on_the_way_to_a_storage_leaves_nothing(folder: Path, tmp_path: Path, settings: Any) -> None:
    with mounted(tmp_path / "disk", "size=64k") as disk:
        settings.FILE_UPLOAD_TEMP_DIR = disk
        assert "is full" in refused("--to", "file:backups")
        assert files(disk) == []
    with mounted(tmp_path / "store", "size=64k") as disk:
        settings.FILE_UPLOAD_TEMP_DIR = tmp_path
        settings.MEDIA_ROOT = disk
        assert refused("--to", "file:backups").startswith("The storage file did not take the backup: ")
        assert files(disk) == []


def test_a_place_that_is_no_folder_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    assert refused("--to", str(tmp_path / "taken")).startswith(f"{tmp_path / 'taken'} cannot be used: ")


def test_records_that_cannot_be_written_take_the_backup_away(folder: Path, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    settings.BACKUP_RECORDS = str(tmp_path / "taken" / "records.jsonl")
    status, said = run("backup_database")
    assert (status, len(said.splitlines())) == (1, 1)
    assert said.startswith("BACKUP_RECORDS cannot be written, so the backup was dropped: ")
    assert files(folder) == []


@pytest.mark.parametrize("days", ["0", "-1", "3651"])
def test_a_backup_without_an_end_is_refused(folder: Path, days: str) -> None:
    assert refused("--keep-days", days) == "--keep-days must be from 1 to 3650."
    assert files(folder) == []


def test_an_unreachable_server_is_one_line(folder: Path, direct: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    direct(netloc=f"hub:secret@127.0.0.1:{port}")
    said = refused()
    assert said.startswith("The database cannot be read: ")
    assert "secret" not in said
    assert files(folder) == []


def test_a_wrong_password_is_one_line_and_not_shown(folder: Path, direct: Any) -> None:
    direct(netloc=f"{direct.url.username}:wr0ng@{direct.url.hostname}:{direct.url.port}")
    said = refused()
    assert "password authentication failed" in said
    assert "wr0ng" not in said


def test_a_role_without_rights_is_one_line(folder: Path, direct: Any) -> None:
    execute("CREATE ROLE powerless LOGIN PASSWORD 'secret'")
    try:
        execute("GRANT CONNECT ON DATABASE {} TO powerless", connection.settings_dict["NAME"])
        direct(netloc=f"powerless:secret@{direct.url.hostname}:{direct.url.port}")
        assert refused().startswith("The database cannot be read: permission denied for ")
        assert files(folder) == []
    finally:
        execute("REVOKE CONNECT ON DATABASE {} FROM powerless", connection.settings_dict["NAME"])
        execute("DROP ROLE powerless")


def test_a_pooled_address_is_refused_before_anything_is_asked(folder: Path, direct: Any) -> None:
    direct(netloc="hub:secret@ep-quiet-sea-1-pooler.eu-central-1.aws.neon.tech")
    assert refused().startswith("ep-quiet-sea-1-pooler.eu-central-1.aws.neon.tech is a pooler")


def test_a_pg_dump_older_than_the_server_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program("pg_dump", server=15) == postgres_program("pg_dump")
    with pytest.raises(OperationFailed, match=rf"must be of version 99 or newer.* is 18, {old} is 15: install"):
        program("pg_dump", server=99)


def test_what_a_killed_run_left_goes_and_what_another_writes_stays(folder: Path) -> None:
    folder.mkdir()
    (folder / "dead.partial").write_text("half")
    with (folder / "living.partial").open("w") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        record = backed_up()
        assert files(folder) == [Path(record.location).name, "living.partial"]


def test_pruning_takes_what_is_over_but_never_the_newest(folder: Path, settings: Any) -> None:
    first, second = backed_up("--keep-days", "1"), backed_up("--keep-days", "1")
    path = Path(settings.BACKUP_RECORDS)
    moved = [json.loads(line) for line in path.read_text().splitlines()]
    for each in moved:
        for name in ("taken_at", "expires_at"):
            each[name] = (datetime.fromisoformat(each[name]) - timedelta(days=9)).isoformat()
    path.write_text("".join(json.dumps(each) + "\n" for each in moved))
    third = backed_up("--prune")
    assert files(folder) == [Path(third.location).name]
    assert {each.id for each in records()} == {first.id, second.id, third.id}


def test_a_snapshot_is_of_the_branch_of_the_database_and_has_an_end(folder: Path, neon: Any) -> None:
    branch = next(iter(neon.branches))
    host = connection.settings_dict["HOST"]
    neon.endpoints["ep-1"] = {"id": "ep-1", "branch_id": branch, "host": host, "type": "read_write"}
    record = backed_up("--snapshot")
    made = neon.snapshots[record.location]
    assert (record.kind, record.lsn, made["source_branch_id"]) == ("snapshot", made["lsn"], branch)
    assert record.expires_at == datetime.fromisoformat(made["expires_at"])
    assert record.schema_hash == backed_up().schema_hash


def test_a_snapshot_of_another_project_is_refused(folder: Path, neon: Any) -> None:
    assert "is no compute of NEON_PROJECT_ID" in refused("--snapshot")
    assert neon.snapshots == {}


def test_a_snapshot_that_neon_refuses_or_that_cannot_be_recorded_is_none(
    folder: Path, neon: Any, settings: Any, tmp_path: Path
) -> None:
    branch, host = next(iter(neon.branches)), connection.settings_dict["HOST"]
    neon.endpoints["ep-1"] = {"id": "ep-1", "branch_id": branch, "host": host, "type": "read_write"}
    neon.most_snapshots = 0
    assert "manual snapshots limit exceeded" in refused("--snapshot")
    neon.most_snapshots = 1
    (tmp_path / "taken").write_text("a file")
    settings.BACKUP_RECORDS = str(tmp_path / "taken" / "records.jsonl")
    assert "BACKUP_RECORDS cannot be written" in run("backup_database", "--snapshot")[1]
    assert neon.snapshots == {}


def test_without_a_key_there_is_no_snapshot(folder: Path, settings: Any) -> None:
    settings.NEON_API_KEY = None
    assert refused("--snapshot").startswith("NEON_API_KEY")
