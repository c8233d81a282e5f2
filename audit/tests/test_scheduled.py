"""The checkpoint of the day: written where the operator wants it, once, and provable from there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from django.core.files.storage import storages
from pytest_django import Settings

from audit import exporting, scheduled
from audit.actions import Action
from audit.models import AuditExport, AuditLog
from audit.tasks import export_checkpoint
from audit.tests.test_checkpoints import key
from audit.tests.trail import owner, seal_all, verify, write
from hub.common.errors import ServiceUnavailable

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    """A sealed trail, and an empty place that is not there yet."""
    settings.AUDIT_SIGNING_KEYS = (key("s1", b"1"),)
    settings.AUDIT_CHECKPOINTS = str(tmp_path / "far" / "checkpoints")
    settings.AUDIT_CHECKPOINT_ENTRIES = False
    write(3)
    seal_all()
    return tmp_path / "far" / "checkpoints"


@pytest.fixture
def store(settings: Settings, tmp_path: Path) -> Path:
    """A storage of files in place of the folder."""
    settings.STORAGES = settings.STORAGES | {
        "cold": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "store")},
        }
    }
    storages._storages.clear()
    storages.__dict__.pop("backends", None)
    settings.AUDIT_CHECKPOINTS = "cold:trail/daily"
    return tmp_path / "store" / "trail" / "daily"


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def newer() -> None:
    """What was written since is sealed as well."""
    write(2, minutes_ago=5)
    seal_all()


@pytest.mark.parametrize("place", ["folder", "store"])
def test_it_is_written_once_for_each_state_of_the_trail(place: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(place)
    for _ in range(2):
        export_checkpoint()
    [first] = files(folder)
    assert AuditLog.objects.get(action=Action.AUDIT_EXPORTED).actor_label == "clock"
    assert verify("--checkpoint", str(first))[0] == 0
    newer()
    export_checkpoint()
    assert len(files(folder)) == AuditExport.objects.count() == 2
    for path in files(folder):
        assert verify("--against", str(path))[0] == 0


@pytest.mark.parametrize("place", ["folder", "store"])
def test_with_the_entries_the_files_follow_upon_each_other(
    place: str, request: pytest.FixtureRequest, settings: Settings
) -> None:
    folder: Path = request.getfixturevalue(place)
    settings.AUDIT_CHECKPOINT_ENTRIES = True
    for _ in range(2):
        export_checkpoint()
        export_checkpoint()
        newer()
    assert [path.name[:23] for path in files(folder)] == ["seals-000000001-0000000", "seals-000000002-0000000"]
    assert exporting.exported_through() >= 2
    assert (
        sum(path.read_text().count('"action"') for path in files(folder))
        == AuditLog.objects.filter(seal_number__lte=exporting.exported_through()).count()
    )


def test_it_finds_what_the_owner_of_the_database_did_afterwards(folder: Path) -> None:
    export_checkpoint()
    [path] = files(folder)
    with owner() as cursor:
        cursor.execute("DELETE FROM audit_logs WHERE seal_number IS NOT NULL")
        cursor.execute("DELETE FROM audit_seals")
    status, said = verify("--against", str(path))
    assert (status, "tail_cut" in said) == (1, True)


def test_a_trail_that_does_not_match_is_not_signed(
    folder: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.AUDIT_CHECKPOINT_ENTRIES = True
    with owner() as cursor:
        cursor.execute("UPDATE audit_logs SET data = '{}' WHERE seal_number = 1")
    export_checkpoint()
    assert "verify_audit" in caplog.text
    assert (files(folder), AuditExport.objects.count()) == ([], 0)


def test_a_place_that_cannot_be_written_is_an_error_in_the_log_and_nothing_is_noted(
    folder: Path, store: Path, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.AUDIT_CHECKPOINTS = str(tmp_path / "file" / "checkpoints")
    export_checkpoint()
    assert "could not be written" in caplog.text
    assert AuditExport.objects.count() == 0


def test_a_store_that_is_away_is_asked_again_an_hour_later(
    store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> None:
        raise ServiceUnavailable

    scheduled.note_sent()
    with monkeypatch.context() as patched:
        patched.setattr("media.stores.put", away)
        export_checkpoint()
    now = time.time()
    for seconds, is_due in ((3600 - 60, False), (3600 + 60, True)):
        with monkeypatch.context() as patched:
            patched.setattr("audit.scheduled.time.time", lambda later=now + seconds: later)
            assert scheduled.is_due() is is_due
    assert "could not be written" in caplog.text
    assert (AuditExport.objects.count(), AuditLog.objects.filter(action=Action.AUDIT_EXPORTED).count()) == (0, 0)
    scheduled.note_sent()
    export_checkpoint()
    assert (len(files(store)), scheduled.is_due()) == (1, False)


def test_without_a_place_nothing_is_written(folder: Path, settings: Settings) -> None:
    settings.AUDIT_CHECKPOINTS = "none"
    export_checkpoint()
    assert (files(folder), AuditExport.objects.count()) == ([], 0)
