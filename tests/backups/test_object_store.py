"""Backups and their records in a bucket: there whole, or not there."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from hub.neon.backup_records import identity_of, newest_backup
from media.tests.test_object_store import bucket, endpoint, keys
from tests.neon_api.fixtures import run

pytestmark = pytest.mark.django_db
__all__ = ["bucket", "endpoint"]


def test_a_backup_and_its_record_lie_in_the_bucket_and_open_from_there(
    bucket: Any, settings: Any, tmp_path: Path
) -> None:
    settings.BACKUPS, settings.BACKUP_RECORDS = "s3:backups", "s3:backup-records"
    assert run("backup_database")[0] == 0
    record = newest_backup(identity_of(connection))
    assert record is not None
    name = record.location.removeprefix("s3:")
    assert keys(bucket) == [f"hub/backup-records/{record.id}.json", f"hub/{name}"]
    stored = bucket.Object(f"hub/{name}").get()["Body"].read()
    assert (len(stored), sha256(stored).hexdigest()) == (record.bytes, record.sha256)
    assert run("open_backup", record.id, str(tmp_path / "dump"))[0] == 0
    assert (tmp_path / "dump").read_bytes().startswith(b"PGDMP")
    bucket.Object(f"hub/{name}").put(Body=stored[:-1])
    status, said = run("open_backup", record.id, str(tmp_path / "other"))
    assert (status, "its checksum differs" in said, (tmp_path / "other").exists()) == (1, True, False)


def test_a_bucket_that_is_gone_is_one_line_and_no_record(bucket: Any, settings: Any, tmp_path: Path) -> None:
    settings.BACKUPS, settings.BACKUP_RECORDS = "s3:backups", str(tmp_path / "records.jsonl")
    bucket.delete()
    status, said = run("backup_database")
    assert (status, len(said.splitlines())) == (1, 1)
    assert said.startswith("The storage s3 did not take the backup: ")
    assert not (tmp_path / "records.jsonl").exists()
