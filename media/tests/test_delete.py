"""A deleted file is gone at once for everybody, its bytes too; its row stays. What is left over is swept up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from audit.models import AuditLog
from hub.common.errors import ServiceUnavailable
from media import removing, stores
from media.models import Media, Removal
from tests.files import picture
from tests.rest import MEDIA, Caller, assert_problem, world


@pytest.fixture
def place(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def media(caller: Caller, place: Path) -> Media:
    return Media.objects.get(id=caller.upload(picture()).json()["id"])


@pytest.fixture
def storage_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Says whether the storage answers."""
    really = stores.remove
    is_away = [False]

    def remove(name: str, key: str) -> None:
        if is_away[0]:
            raise ServiceUnavailable
        really(name, key)

    monkeypatch.setattr(stores, "remove", remove)

    def set_away(away: bool) -> None:
        is_away[0] = away

    return set_away


def objects(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]


def delete(caller: Caller, media_id: object) -> Any:
    return caller.call("DELETE", f"{MEDIA}/{media_id}")


def test_it_removes_the_object_and_keeps_the_row(
    caller: Caller, media: Media, place: Path, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = delete(caller, media.id)
        assert (answer.status_code, answer.content) == (204, b"")
        # The row first: an object without a row is left over, a row without its object would be a broken promise.
        assert len(objects(place)) == 1
    assert (objects(place), Removal.objects.count()) == ([], 0)
    media.refresh_from_db()
    assert media.deleted_at is not None
    row = AuditLog.objects.get(action="media.deleted")
    assert (row.target_id, row.actor_id) == (media.id, caller.user.id)


def test_nothing_finds_it_any_more(caller: Caller, media: Media) -> None:
    delete(caller, media.id)
    before = world()
    for path in (f"{MEDIA}/{media.id}", f"{MEDIA}/{media.id}/content"):
        assert_problem(caller.get(path), 404, "not_found")
    assert_problem(delete(caller, media.id), 404, "not_found")
    assert caller.get(MEDIA).json()["results"] == []
    assert world() == before


def test_anothers_file_is_not_found_and_stays(caller: Caller, stranger: Caller, media: Media, place: Path) -> None:
    before = world()
    foreign = assert_problem(delete(stranger, media.id), 404, "not_found")
    missing = assert_problem(delete(stranger, uuid4()), 404, "not_found")
    assert foreign["detail"] == missing["detail"]
    assert (world(), len(objects(place))) == (before, 1)


def test_what_the_storage_did_not_remove_is_swept_up(
    caller: Caller,
    media: Media,
    place: Path,
    storage_away: Callable[[bool], None],
    django_capture_on_commit_callbacks: Any,
) -> None:
    storage_away(True)
    with django_capture_on_commit_callbacks(execute=True):
        assert delete(caller, media.id).status_code == 204
    assert (removing.sweep(), len(objects(place)), Removal.objects.count()) == (0, 1, 1)
    storage_away(False)
    assert (removing.sweep(), objects(place), Removal.objects.count()) == (1, [], 0)
    assert (removing.sweep(), removing.may_be_left()) == (0, False)


def test_an_upload_that_died_on_its_way_is_swept_up_after_an_hour(place: Path, db: None, tmp_path: Path) -> None:
    key = "uploads/00/orphan.png"
    removal = removing.reserve("file", key)
    (tmp_path / "orphan").write_bytes(b"x")
    with (tmp_path / "orphan").open("rb") as source:
        stores.put("file", key, source)
    assert (removing.sweep(), len(objects(place))) == (0, 1)
    Removal.objects.filter(id=removal.id).update(not_before=timezone.now() - timedelta(seconds=1))
    assert (removing.sweep(), objects(place)) == (1, [])
    with pytest.raises(ServiceUnavailable):
        removing.confirm(removal)


def test_the_sweep_spares_an_object_that_has_its_row(media: Media, place: Path) -> None:
    Removal.objects.create(storage="file", key=media.key, not_before=timezone.now())
    removing.sweep()
    assert (len(objects(place)), Removal.objects.count()) == (1, 0)


def test_an_upload_that_cannot_be_stored_leaves_nothing(
    caller: Caller, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(name: str, key: str, source: Any) -> str:
        raise ServiceUnavailable

    monkeypatch.setattr(stores, "put", put)
    before = world()
    assert_problem(caller.upload(picture(), Idempotency_Key="k"), 503, "service_unavailable")
    assert (world(), objects(place)) == (before, [])


def test_a_deletion_says_where_no_database_is_asked_that_something_may_be_left(caller: Caller, media: Media) -> None:
    removing.sweep()
    assert not removing.may_be_left()
    delete(caller, media.id)
    assert removing.may_be_left()
