"""Files as objects: what is known of them, newest first, to their owner alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from media.models import Media
from tests.files import picture
from tests.rest import Caller, assert_problem

MEDIA = "/api/v1/media"
FIELDS = {
    *("id", "kind", "mime_type", "bytes", "sha256", "width", "height", "duration_seconds", "generation_id", "url"),
    *("created_at", "expires_at", "source"),
}


def test_it_lists_the_callers_own_newest_first(
    caller: Caller, stranger: Caller, new_media: Callable[..., Media]
) -> None:
    mine = [new_media(caller.user, b"a"), new_media(caller.user, b"b", "audio/mpeg")]
    new_media(stranger.user, b"c")
    body = caller.get(MEDIA).json()
    assert [each["id"] for each in body["results"]] == [str(each.id) for each in reversed(mine)]
    assert all(set(each) == FIELDS for each in body["results"])
    assert [each["kind"] for each in caller.get(f"{MEDIA}?kind=audio").json()["results"]] == ["audio"]


def test_it_shows_one(caller: Caller, new_media: Callable[..., Media]) -> None:
    media = new_media(caller.user, b"abc")
    body = caller.get(f"{MEDIA}/{media.id}").json()
    assert (body["id"], body["bytes"], body["sha256"]) == (str(media.id), 3, media.sha256)
    assert body["url"] == f"http://testserver{MEDIA}/{media.id}/content"
    assert body["generation_id"] == str(media.reference)
    assert media.key not in str(body)


def test_it_shows_neither_anothers_nor_a_deleted_one(
    caller: Caller, stranger: Caller, new_media: Callable[..., Media]
) -> None:
    theirs, deleted = new_media(stranger.user, b"a"), new_media(caller.user, b"b")
    Media.objects.filter(id=deleted.id).update(deleted_at=timezone.now())
    for media_id in (theirs.id, deleted.id, uuid4()):
        assert_problem(caller.get(f"{MEDIA}/{media_id}"), 404, "not_found")
    assert caller.get(MEDIA).json()["results"] == []


def test_it_filters_by_source_and_generation(caller: Caller, stranger: Caller, new_media: Callable[..., Media]) -> None:
    made, other = new_media(caller.user, b"a"), new_media(caller.user, b"b")
    theirs = new_media(stranger.user, b"c")
    sent = caller.upload(picture()).json()["id"]

    def found(query: str) -> set[str]:
        return {each["id"] for each in caller.get(f"{MEDIA}?{query}").json()["results"]}

    assert found("source=uploaded") == {sent}
    assert found("source=generated") == {str(made.id), str(other.id)}
    assert found(f"generation={made.reference}") == {str(made.id)}
    assert found(f"generation={theirs.reference}") == set()
    assert found(f"source=uploaded&generation={made.reference}") == set()
    assert found("source=generated&kind=video") == {str(made.id), str(other.id)}


def test_pages_of_a_filtered_list_are_whole(caller: Caller, new_media: Callable[..., Media]) -> None:
    new_media(caller.user, b"a")
    sent = [caller.upload(picture()).json()["id"] for _ in range(5)]
    url, seen = f"{MEDIA}?source=uploaded&limit=2", []
    while url:
        page = caller.get(url).json()
        seen += [each["id"] for each in page["results"]]
        url = page["next"]
    assert seen == sent[::-1]


@pytest.mark.parametrize("query", ["source=stolen", "generation=7", "kind=text", "limit=0", "cursor=x", "owner=me"])
def test_it_refuses_a_query_it_does_not_understand(caller: Caller, query: str) -> None:
    assert_problem(caller.get(f"{MEDIA}?{query}"), 422, "invalid_request")


def test_a_page_takes_two_queries(
    caller: Caller, new_media: Callable[..., Media], django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        new_media(caller.user, b"a")
    caller.get(MEDIA)
    with django_assert_max_num_queries(2):
        assert len(caller.get(MEDIA).json()["results"]) == 5
