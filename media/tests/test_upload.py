"""A file is taken for what its bytes are, within limits, and is then like any other; what is refused leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from audit.models import AuditLog
from media.models import Media, Removal
from tests.files import MAKERS, bomb, film, mp3, picture, wav
from tests.rest import MEDIA, Caller, assert_problem, world
from users.scopes import ALL_SCOPES

PNG = picture("PNG")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
FTYP = b"\0\0\0\x20ftyp"


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Path:
    """A storage of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def objects(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]


def temporary_files() -> set[Path]:
    return set(Path(configured.FILE_UPLOAD_TEMP_DIR).iterdir())


@pytest.mark.parametrize("mime_type", MAKERS)
def test_it_takes_a_file_of_every_type(caller: Caller, place: Path, mime_type: str) -> None:
    content = MAKERS[mime_type]()
    answer = caller.upload(content, name="../../etc/passwd.exe", declared="text/html")
    body = answer.json()
    assert answer.status_code == 201
    assert answer["Location"] == f"http://testserver{MEDIA}/{body['id']}"
    assert (body["mime_type"], body["bytes"], body["source"], body["generation_id"]) == (
        mime_type,
        len(content),
        "uploaded",
        None,
    )
    assert caller.get(answer["Location"]).json() == body
    assert caller.get(body["url"]).getvalue() == content
    assert len(objects(place)) == 1
    assert Removal.objects.count() == 0


def test_it_reads_pixels_and_seconds_itself(caller: Caller) -> None:
    photo, clip, tone = (caller.upload(content).json() for content in (PNG, film(), wav(seconds=1.5)))
    assert (photo["kind"], photo["width"], photo["height"], photo["duration_seconds"]) == ("image", 60, 40, None)
    assert (clip["kind"], clip["width"], clip["height"]) == ("video", 64, 48)
    assert 2 <= clip["duration_seconds"] < 2.3
    assert (tone["kind"], tone["width"], tone["duration_seconds"]) == ("audio", None, 1.5)


def test_a_head_that_tells_a_shorter_film_is_not_believed(caller: Caller) -> None:
    """The duration in the head of the film and of its tracks, made a thousandth."""
    content = bytearray(film(seconds=4))
    for name, offset in ((b"mvhd", 20), (b"tkhd", 24)):
        at = content.find(name)
        while at >= 0:
            content[at + offset : at + offset + 4] = (1).to_bytes(4, "big")
            at = content.find(name, at + 1)
    assert caller.upload(bytes(content)).json()["duration_seconds"] >= 4


def test_it_is_audited_once_without_its_name(caller: Caller) -> None:
    body = caller.upload(PNG, name="holiday-with-anna.png").json()
    row = AuditLog.objects.get(action="media.uploaded")
    assert (str(row.target_id), row.actor_id) == (body["id"], caller.user.id)
    assert "anna" not in str(row.data)


UNSUPPORTED = {
    "svg": SVG,
    "svg with a declaration": b'<?xml version="1.0"?>' + SVG,
    "html": b"<!doctype html><script>alert(1)</script>",
    "html with a byte order mark": b"\xef\xbb\xbf<html>",
    "gif": b"GIF89a" + bytes(100),
    "pdf": b"%PDF-1.7" + bytes(100),
    "text": b"hello",
    "nothing": b"",
    "zeros": bytes(1000),
    "zip": b"PK\x03\x04" + bytes(100),
    "avif": FTYP + b"avif" + bytes(100),
    "heic": FTYP + b"heic" + bytes(100),
    "m4a": FTYP + b"M4A " + bytes(100),
    "quicktime": FTYP + b"qt  " + bytes(100),
    "avi": b"RIFF\0\0\0\0AVI " + bytes(100),
    "ogg": b"OggS" + bytes(100),
    "playlist": b"#EXTM3U\nfile:///etc/passwd\n",
    "aac": b"\xff\xf1" + bytes(100),
}
UNREADABLE = {
    "half a png": PNG[: len(PNG) // 2],
    "a png's head": PNG[:8],
    "a png with broken data": PNG[:60] + bytes(200) + PNG[260:],
    "half a jpeg": picture("JPEG")[:300],
    "half a webp": picture("WEBP")[:40],
    "a playlist named film": FTYP + b"isom" + b"#EXTM3U\nfile:///etc/passwd\n",
    "half a film": film()[:200],
    "an mp3 of nothing": b"ID3\x04\0\0\0\0\0\0" + bytes(3000),
    "a wav without sound": wav()[:36],
}


@pytest.mark.parametrize("content", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_it_refuses_other_types_whatever_they_are_called(caller: Caller, place: Path, content: bytes) -> None:
    before = world()
    answer = caller.upload(content, name="photo.png", declared="image/png")
    assert_problem(answer, 415, "unsupported_media")
    assert (world(), objects(place)) == (before, [])


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_it_refuses_what_does_not_open(caller: Caller, place: Path, content: bytes) -> None:
    before = world()
    assert_problem(caller.upload(content), 422, "unreadable_media")
    assert (world(), objects(place)) == (before, [])


@pytest.mark.parametrize(
    ("content", "limits"),
    [
        (bomb(100_000, 100_000), {}),
        (bomb(2_000_000_000, 1), {}),
        (PNG, {"MAX_IMAGE_PIXELS": 2399}),
        (film(), {"MAX_VIDEO_PIXELS": 3071}),
        (film(), {"MAX_VIDEO_SECONDS": 1}),
        (mp3(), {"MAX_AUDIO_SECONDS": 1}),
        (wav(), {"MAX_AUDIO_SECONDS": 1.9}),
    ],
    # The bytes of a file are no name of a test, and not the same in every process.
    ids=range(7),
)
def test_it_refuses_too_many_pixels_or_seconds(
    caller: Caller, place: Path, settings: Any, content: bytes, limits: dict[str, float]
) -> None:
    for name, value in limits.items():
        setattr(settings, name, value)
    before = world()
    assert_problem(caller.upload(content), 422, "media_over_limit")
    assert (world(), objects(place)) == (before, [])


@pytest.mark.parametrize("extra", [1, 100_000])
def test_it_refuses_a_file_that_is_too_large(caller: Caller, place: Path, settings: Any, extra: int) -> None:
    settings.MAX_UPLOAD_BYTES = 200_000
    settings.LARGE_BODIES = {MEDIA: 200_000 + 64 * 1024}
    before, lying = world(), temporary_files()
    problem = assert_problem(caller.upload(PNG + bytes(200_000 - len(PNG) + extra)), 413, "media_too_large")
    assert problem["maximum_bytes"] == 200_000
    assert (world(), objects(place), temporary_files()) == (before, [], lying)


def test_it_takes_more_than_a_body_of_json_may_have(caller: Caller) -> None:
    tone = wav(seconds=80)
    assert len(tone) > configured.DATA_UPLOAD_MAX_MEMORY_SIZE
    lying = temporary_files()
    assert caller.upload(tone).status_code == 201
    assert temporary_files() == lying


def file(name: str = "a.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PNG)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "file"),
        ({"file": "text"}, "file"),
        ({"photo": file()}, "photo"),
        ({"file": file(), "kind": "image"}, "kind"),
        ({"file": [file(), file()]}, "file"),
    ],
)
def test_it_wants_one_field_named_file(caller: Caller, place: Path, form: dict[str, Any], field: str) -> None:
    before = world()
    problem = assert_problem(caller.send_form(form), 422, "invalid_request")
    assert field in {error["field"] for error in problem["errors"]}
    assert (world(), objects(place)) == (before, [])


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("application/json", b"{}", 415, "unsupported_media_type"),
        ("image/png", PNG, 415, "unsupported_media_type"),
        ("multipart/form-data", b"--x--", 400, "malformed_upload"),
        ("multipart/form-data; boundary=" + "x" * 220, b"--x--", 400, "malformed_upload"),
        ("multipart/form-data; boundary=x", b"nothing of the sort", 422, "invalid_request"),
    ],
    ids=range(5),
)
def test_it_refuses_a_body_that_is_no_form(
    caller: Caller, place: Path, content_type: str, body: bytes, status: int, code: str
) -> None:
    before = world()
    answer = caller.client.post(
        MEDIA, body, content_type=content_type, headers={"Authorization": f"Bearer {caller.text}"}
    )
    problem = assert_problem(answer, status, code)
    assert (world(), objects(place)) == (before, [])
    assert status != 415 or "multipart/form-data" in problem["detail"]


def test_the_same_key_and_file_are_one_upload(caller: Caller, stranger: Caller, place: Path) -> None:
    first = caller.upload(PNG, Idempotency_Key="k")
    before = world()
    again = caller.upload(PNG, name="other.jpg", Idempotency_Key="k")
    assert (again.status_code, again["Idempotency-Replayed"], again.json()) == (201, "true", first.json())
    assert_problem(caller.upload(picture("JPEG"), Idempotency_Key="k"), 422, "idempotency_key_reused")
    assert world() == before
    assert stranger.upload(PNG, Idempotency_Key="k").json()["id"] != first.json()["id"]
    assert len(objects(place)) == 2
    assert_problem(caller.upload(PNG, Idempotency_Key="é"), 422, "invalid_request")


def test_a_key_is_free_again_after_a_day_or_a_deletion(caller: Caller) -> None:
    first = caller.upload(PNG, Idempotency_Key="k").json()["id"]
    assert caller.call("DELETE", f"{MEDIA}/{first}").status_code == 204
    second = caller.upload(picture("JPEG"), Idempotency_Key="k").json()["id"]
    Media.objects.filter(id=second).update(created_at=timezone.now() - timedelta(hours=25))
    third = caller.upload(PNG, Idempotency_Key="k").json()["id"]
    assert len({first, second, third}) == 3


def test_it_needs_the_scope_before_it_reads_a_byte(new_caller: Callable[..., Caller], place: Path) -> None:
    reader = new_caller(scopes=tuple(scope for scope in ALL_SCOPES if scope != "media:write"))
    lying = temporary_files()
    assert_problem(reader.upload(PNG), 403, "scope_missing")
    assert_problem(reader.call("DELETE", f"{MEDIA}/{reader.user.id}"), 403, "scope_missing")
    assert (objects(place), temporary_files()) == ([], lying)


def test_it_takes_few_queries(caller: Caller, django_assert_max_num_queries: Any) -> None:
    caller.upload(PNG)
    # The key; the note of the object; with two savepoints: the note taken back, the row, its audit.
    with django_assert_max_num_queries(10):
        caller.upload(PNG, Idempotency_Key="k")
