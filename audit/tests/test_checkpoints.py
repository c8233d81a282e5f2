"""Checkpoints: written whole and signed, checked without the database, refused when they are not what was signed."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from audit import sealing
from audit.actions import Action
from audit.exporting import exported_through
from audit.models import AuditExport, AuditLog, AuditSeal
from audit.purging import purge_seal, purgeable_seals
from audit.tests.trail import owner, run, seal_all, verify, write
from hub.env import BASE_DIR

pytestmark = pytest.mark.django_db


def key(kid: str, byte: bytes) -> str:
    return f"{kid}:{base64.urlsafe_b64encode(byte * 32).decode()}"


@pytest.fixture(autouse=True)
def sealed(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Ten entries under three seals."""
    monkeypatch.setattr(sealing, "MOST_ENTRIES", 4)
    settings.AUDIT_SIGNING_KEYS = (key("s1", b"1"),)
    write(10)
    assert len(seal_all()) == 3


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "trail.jsonl"
    assert run("export_audit", str(path), "--entries")[0] == 0
    return path


def check(path: Path, *options: str) -> tuple[int, str]:
    with CaptureQueriesContext(connection) as queries:
        done = verify("--checkpoint", str(path), *options)
    assert not queries.captured_queries
    return done


def test_an_export_says_what_it_holds_and_is_checked_without_the_database(archive: Path) -> None:
    status, said = check(archive)
    assert (status, "seals 1 to 3 and their 10 entries" in said, "'s1'" in said) == (0, True, True)
    assert archive.stat().st_mode & 0o777 == 0o600
    assert not list(archive.parent.glob(".*"))
    lines = [json.loads(line) for line in archive.read_bytes().splitlines()]
    ids = [line["id"] for line in lines if "action" in line]
    assert ids == [
        str(id) for id in AuditLog.objects.filter(seal_number__gt=0).order_by("created_at").values_list("id", flat=True)
    ]
    assert "192.0.2." not in archive.read_text()


def test_without_entries_it_holds_the_newest_seal_alone(tmp_path: Path) -> None:
    path = tmp_path / "head.jsonl"
    assert run("export_audit", str(path))[0] == 0
    status, said = check(path)
    assert (status, "seals 3 to 3 without entries" in said) == (0, True)
    assert bytes(AuditSeal.objects.get(number=3).hash).hex() in said
    assert len(path.read_bytes().splitlines()) == 3


def test_an_export_is_audited_and_noted(archive: Path) -> None:
    entry = AuditLog.objects.get(action=Action.AUDIT_EXPORTED)
    noted = AuditExport.objects.get()
    assert entry.data == {"first": 1, "last": 3, "entries": 10, "sha256": bytes(noted.sha256).hex(), "kid": "s1"}
    assert (noted.first_number, noted.last_number, noted.with_entries) == (1, 3, True)


def test_the_next_export_goes_on_where_the_last_one_ended(archive: Path, tmp_path: Path) -> None:
    status, said = run("export_audit", str(tmp_path / "b.jsonl"), "--entries")
    assert (status, "nothing is left to export" in said) == (1, True)
    write(5, minutes_ago=5)
    seal_all()
    assert run("export_audit", str(tmp_path / "b.jsonl"), "--entries")[0] == 0
    assert "seals 4 to 5" in check(tmp_path / "b.jsonl")[1]
    assert exported_through() == 5


def test_what_does_not_match_its_seal_is_not_signed(tmp_path: Path) -> None:
    with owner() as cursor:
        cursor.execute("UPDATE audit_logs SET data = '{}' WHERE seal_number = 2")
    status, said = run("export_audit", str(tmp_path / "bad.jsonl"), "--entries")
    assert (status, "seal 2" in said, "verify_audit" in said) == (1, True, True)
    assert list(tmp_path.iterdir()) == []
    assert not AuditExport.objects.exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--first", "9"], "There are seals 1 to 3"),
        (["--first", "3", "--last", "2"], "no range from 3 to 2"),
        (["--last", "4"], "There are seals 1 to 3"),
    ],
)
def test_a_range_that_is_not_there_is_refused(tmp_path: Path, options: list[str], expected: str) -> None:
    status, said = run("export_audit", str(tmp_path / "x.jsonl"), *options)
    assert (status, expected in said) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_overwritten_unless_told_to(archive: Path) -> None:
    before = archive.read_bytes()
    status, said = run("export_audit", str(archive))
    assert (status, "--replace" in said) == (1, True)
    assert archive.read_bytes() == before
    assert run("export_audit", str(archive), "--replace")[0] == 0
    assert check(archive)[0] == 0
    assert run("export_audit", str(archive.parent / "none" / "x"))[0] == 1
    assert "Name the file" in run("export_audit")[1]


def test_nothing_sealed_is_nothing_to_export(tmp_path: Path) -> None:
    with owner() as cursor:
        cursor.execute("UPDATE audit_logs SET seal_number = NULL; TRUNCATE audit_seals")
    status, said = run("export_audit", str(tmp_path / "x.jsonl"))
    assert (status, "seal_audit" in said) == (1, True)


def altered(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> Path:
    other = path.with_name("altered.jsonl")
    other.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    return other


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [line.replace(b'"step":7', b'"step":8') for line in lines],
        lambda lines: lines[:3] + lines[4:],
        lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]],
        lambda lines: lines[:-1],
        lambda lines: [*lines[:-1], lines[-1][:-1]],
        lambda lines: [*lines, b"{}\n"],
        lambda lines: lines[:7],
        lambda lines: [lines[0].replace(b'"last":3', b'"last":2'), *lines[1:]],
        lambda lines: [lines[0].replace(b'"last":3', b'"last":99999'), *lines[1:]],
        lambda lines: [lines[0], lines[1].replace(b'"count":4', b'"count":-4'), *lines[2:]],
        lambda lines: [lines[0], lines[1].replace(b'"count":4', b'"count":4e9'), *lines[2:]],
        lambda lines: [lines[0].replace(b'"made_at":"2', b'"made_at":"1'), *lines[1:]],
        lambda lines: [*lines[:-1], lines[-1].replace(b'"signature":"', b'"signature":"zz')],
        lambda lines: [*lines[:-1], b'{"sha256":"00","signature":"00"}\n'],
        lambda lines: [*lines[:1], b"[" * 50_000 + b"\n", *lines[1:]],
    ],
)
def test_a_checkpoint_that_was_changed_is_refused(archive: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    status, said = check(altered(archive, change))
    assert status == 1
    assert re.search(r"Line \d+: .*not what was signed: fetch it again", said), said


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"{}\n", b"not json\n", b"[1]\n", b"\xff\xfe\n", b'{"format":"hub-audit-checkpoint"}\n', b"x" * 100],
)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    for option in ("--checkpoint", "--against"):
        status, said = verify(option, str(path))
        assert (status, "export_audit" in said) == (1, True), said


def test_one_of_a_later_version_is_refused(archive: Path) -> None:
    path = altered(archive, lambda lines: [lines[0].replace(b'"version":1', b'"version":2'), *lines[1:]])
    status, said = check(path)
    assert (status, "reads version 1" in said) == (1, True)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    status, said = check(tmp_path / "missing")
    assert (status, "cannot be read" in said) == (1, True)
    assert verify("--checkpoint", str(tmp_path))[0] == 1


def test_an_unknown_key_is_refused_and_said_how_to_name_it(archive: Path, settings: Settings) -> None:
    settings.AUDIT_SIGNING_KEYS = (key("s2", b"2"),)
    status, said = check(archive)
    assert (status, "'s1'" in said, "--public-key s1:" in said, "AUDIT_SIGNING_KEYS" in said) == (1, True, True, True)


def test_after_a_rotation_old_checkpoints_are_checked_and_new_ones_signed_with_the_new_key(
    archive: Path, settings: Settings
) -> None:
    settings.AUDIT_SIGNING_KEYS = (key("s2", b"2"), key("s1", b"1"))
    assert check(archive)[0] == 0
    new = archive.with_name("new.jsonl")
    run("export_audit", str(new))
    assert "signed with 's2'" in check(new)[1]


def test_a_checkpoint_of_another_hub_is_refused(archive: Path, settings: Settings) -> None:
    settings.AUDIT_SIGNING_KEYS = (key("s1", b"9"),)
    status, said = check(archive)
    assert (status, "another hub" in said) == (1, True)


def test_another_trail_under_the_same_key_is_refused_against_the_database(archive: Path) -> None:
    with owner() as cursor:
        cursor.execute("UPDATE audit_seals SET trail = gen_random_uuid()")
    status, said = verify("--against", str(archive))
    assert (status, "made by another hub" in said, "database was made anew" in said) == (1, True, True)


def test_whoever_has_the_public_key_alone_can_check_it(archive: Path, settings: Settings) -> None:
    public = run("export_audit", "--public-keys")[1].strip()
    settings.AUDIT_SIGNING_KEYS = (key("s7", b"7"),)
    assert check(archive, "--public-key", public)[0] == 0
    assert check(archive, "--public-key", public[:-5])[0] == 1
    assert "kid:base64url" in check(archive, "--public-key", "s1")[1]


def test_options_that_do_not_go_together_are_refused(archive: Path) -> None:
    assert "leave --from" in verify("--checkpoint", str(archive), "--from", "2026-01-01")[1]
    assert "must be before" in verify("--from", "2026-01-02", "--to", "2026-01-01")[1]
    assert "in the future" in verify("--from", "2999-01-01")[1]
    assert "is no time" in verify("--from", "yesterday")[1]
    assert "not a whole number" in verify("--most", "-1")[1]
    assert "not the number of a seal" in run("export_audit", "x", "--first", "0")[1]


def test_an_outsider_checks_it_with_the_program_in_the_documentation(archive: Path, tmp_path: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", (BASE_DIR / "docs" / "AUDIT.md").read_text(), re.DOTALL)
    public = run("export_audit", "--public-keys")[1].strip()

    def outside(path: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-c", program, str(path), public]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={}, check=False)

    done = outside(archive)
    assert done.returncode == 0, done.stderr
    assert bytes(AuditSeal.objects.get(number=3).hash).hex() in done.stdout
    changed = altered(archive, lambda lines: [line.replace(b'"step":7', b'"step":8') for line in lines])
    assert outside(changed).returncode == 1


def test_a_seal_is_purged_once_it_was_exported_with_its_entries_and_the_rest_still_verifies(archive: Path) -> None:
    write(2, minutes_ago=5)
    seal_all()
    now = timezone.now()
    assert list(purgeable_seals(before=now).values_list("number", flat=True)) == [1, 2, 3]
    assert not purgeable_seals(before=AuditSeal.objects.get(number=1).last_at).exists()

    assert (purge_seal(number=1), purge_seal(number=1)) == (4, 0)
    assert not AuditLog.objects.filter(seal_number=1).exists()
    status, said = verify()
    assert (status, "4 were purged" in said) == (0, True)
    assert check(archive)[0] == 0
    assert verify("--against", str(archive))[0] == 0
    status, said = run("export_audit", str(archive.with_name("c.jsonl")), "--entries", "--first", "1")
    assert (status, "--first 2" in said) == (1, True)


def test_a_seal_that_was_not_exported_with_its_entries_is_not_purged(tmp_path: Path) -> None:
    run("export_audit", str(tmp_path / "head.jsonl"))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        purge_seal(number=3)
    assert not purgeable_seals(before=timezone.now()).exists()
    assert AuditLog.objects.filter(seal_number=3).count() == 2
    assert verify()[0] == 0


def test_a_row_that_comes_back_under_a_purged_seal_is_named(archive: Path) -> None:
    [kept] = AuditLog.objects.filter(seal_number=1)[:1]
    purge_seal(number=1)
    with owner() as cursor:
        cursor.execute(
            "INSERT INTO audit_logs (id, created_at, actor_label, action, target_type, request_id, data, seal_number) "
            "VALUES (%s, %s, '', 'quota.set', '', '', '{}', 1)",
            [kept.id, kept.created_at],
        )
    status, said = verify()
    assert (status, "inserted: " in said, "were purged" in said) == (1, True, True)
