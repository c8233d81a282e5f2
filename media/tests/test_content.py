"""The bytes of a file: whole, in part, or not at all when the client has them; to their owner alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage

from media import selectors
from media.models import Media
from media.streams import PIECE_BYTES, Pieces
from tests.rest import Caller, assert_problem

CONTENT = bytes(range(251)) * (PIECE_BYTES // 125) + b"the end"
TAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


@pytest.fixture
def media(caller: Caller, new_media: Callable[..., Media]) -> Media:
    return new_media(caller.user, CONTENT)


@pytest.fixture
def url(media: Media) -> str:
    return f"/api/v1/media/{media.id}/content"


def status(answer: Any) -> int:
    """The status of an answer, once it is read to its end: that closes the file."""
    answer.getvalue()
    code: int = answer.status_code
    return code


def test_it_sends_the_whole_file_in_pieces(caller: Caller, url: str) -> None:
    answer = caller.get(url)
    assert answer.status_code == 200
    pieces = list(answer.streaming_content)
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) == PIECE_BYTES
    assert answer["Content-Length"] == str(len(CONTENT))
    assert answer["ETag"] == TAG
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Content-Type"] == "video/mp4"


def test_it_cannot_be_taken_for_a_page(caller: Caller, url: str, media: Media) -> None:
    answer = caller.get(url)
    answer.getvalue()
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'attachment; filename="{media.id}.mp4"'
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"].startswith("private")


@pytest.mark.parametrize("accepted", ["video/mp4", "text/html", "*/*", "nonsense"])
def test_it_sends_the_file_whatever_the_client_accepts(caller: Caller, url: str, accepted: str) -> None:
    assert status(caller.get(url, Accept=accepted)) == 200


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=5-", 5, len(CONTENT)),
        ("bytes=-7", len(CONTENT) - 7, len(CONTENT)),
        (f"bytes=1-{PIECE_BYTES + 5}", 1, PIECE_BYTES + 6),
    ],
)
def test_it_sends_a_part(caller: Caller, url: str, header: str, start: int, end: int) -> None:
    answer = caller.get(url, Range=header)
    assert answer.status_code == 206
    assert answer.getvalue() == CONTENT[start:end]
    assert answer["Content-Range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    assert answer["Content-Length"] == str(end - start)
    assert answer["ETag"] == TAG


def test_it_refuses_a_part_beyond_the_end(caller: Caller, url: str) -> None:
    answer = caller.get(url, Range=f"bytes={len(CONTENT)}-")
    problem = assert_problem(answer, 416, "range_not_satisfiable")
    assert answer["Content-Range"] == f"bytes */{len(CONTENT)}"
    assert problem["size_bytes"] == len(CONTENT)


def test_it_sends_all_for_several_ranges_or_a_range_of_another_file(caller: Caller, url: str) -> None:
    assert status(caller.get(url, Range="bytes=0-1,5-6")) == 200
    assert status(caller.get(url, Range="bytes=0-1", If_Range='"other"')) == 200
    assert status(caller.get(url, Range="bytes=0-1", If_Range=TAG)) == 206


@pytest.mark.parametrize("tags", [TAG, f"W/{TAG}", f'"x", {TAG}', "*"])
def test_it_sends_nothing_that_the_client_has(caller: Caller, url: str, tags: str) -> None:
    answer = caller.get(url, If_None_Match=tags)
    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", TAG)
    # As the whole file's, or absent (RFC 9110, 8.6).
    assert answer["Content-Length"] == str(len(CONTENT))
    assert "Content-Type" not in answer
    assert status(caller.get(url, If_None_Match='"other"')) == 200


def test_head_is_get_without_the_bytes(caller: Caller, url: str) -> None:
    whole, head = caller.get(url), caller.call("HEAD", url, Range="bytes=0-1")
    whole.getvalue()
    assert (head.status_code, head.content) == (200, b"")
    names = ("Content-Length", "Content-Type", "ETag", "Accept-Ranges", "Content-Disposition")
    assert {name: head[name] for name in names} == {name: whole[name] for name in names}


def test_it_closes_the_file_when_the_client_goes(caller: Caller, media: Media) -> None:
    file = selectors.opened(media)
    pieces = Pieces(file, start=0, length=media.bytes)
    next(pieces)
    pieces.close()
    assert file.closed


def test_anothers_file_is_not_found(stranger: Caller, url: str) -> None:
    missing = assert_problem(stranger.get(f"/api/v1/media/{uuid4()}/content"), 404, "not_found")
    foreign = assert_problem(stranger.get(url), 404, "not_found")
    assert missing["detail"] == foreign["detail"]
    assert stranger.call("HEAD", url).status_code == 404


def test_a_file_that_is_gone_from_storage_is_not_found(caller: Caller, url: str, media: Media) -> None:
    default_storage.delete(media.key)
    assert_problem(caller.get(url), 404, "not_found")


def test_it_needs_the_scope(new_caller: Callable[..., Caller], new_media: Callable[..., Media]) -> None:
    limited = new_caller(scopes=("generations:read", "generations:write", "usage:read"))
    media = new_media(limited.user, b"secret")
    answer = limited.get(f"/api/v1/media/{media.id}/content")
    assert_problem(answer, 403, "scope_missing")


def test_it_takes_two_queries(caller: Caller, url: str, django_assert_max_num_queries: Any) -> None:
    caller.get(url).getvalue()
    with django_assert_max_num_queries(2):
        caller.get(url).getvalue()
