"""Lists: newest first, in pages that lose and double nothing, filtered, and at a bounded number of queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.utils import timezone

from generations import selectors
from generations.models import Generation
from hub.api.pagination import Position
from hub.common.ids import uuid7
from media.models import Media
from tests.rest import GENERATIONS, Caller, assert_problem

NewGeneration = Callable[..., Generation]


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()["results"]]


def test_it_lists_nothing_when_there_is_nothing(caller: Caller) -> None:
    assert caller.get(GENERATIONS).json() == {"results": [], "next": None}


def test_it_lists_the_callers_own_newest_first(caller: Caller, stranger: Caller, new_generation: NewGeneration) -> None:
    mine = [new_generation(caller.user) for _ in range(3)]
    new_generation(stranger.user)
    assert ids(caller.get(GENERATIONS)) == [str(each.id) for each in reversed(mine)]


def test_its_pages_show_every_row_once_even_of_one_moment(caller: Caller, new_generation: NewGeneration) -> None:
    moment = timezone.now()
    rows = [new_generation(caller.user, created_at=moment - timedelta(seconds=n // 4)) for n in range(11)]
    seen: list[str] = []
    url: str | None = f"{GENERATIONS}?limit=3&kind=text"
    pages = 0
    while url:
        page = caller.get(url)
        seen += ids(page)
        url = page.json()["next"]
        pages += 1
        # Whatever comes in between belongs to a page that is past.
        new_generation(caller.user)
    expected = sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)
    assert seen == [str(row.id) for row in expected]
    assert pages == 4


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=queued", "b"),
        ("status=succeeded", "a"),
        ("kind=video", "b"),
        ("model=veo", "b"),
        ("model=veo-", ""),
        ("tag=one", "ab"),
        ("tag=ONE", ""),
        ("tag=two%20words", "a"),
        ("tag=one&kind=text&status=succeeded", "a"),
        ("created_after=2026-03-02T00:00:00Z", "b"),
        ("created_before=2026-03-02T00:00:00Z", "a"),
        ("created_after=2026-03-01T00:00:00Z&created_before=2026-03-03", "ab"),
        ("created_after=" + quote("2026-03-02T02:00:00+02:00"), "b"),
    ],
)
def test_it_filters(caller: Caller, new_generation: NewGeneration, query: str, found: str) -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC)
    rows = {
        "a": new_generation(caller.user, status="succeeded", tags=["one", "two words"], created_at=first),
        "b": new_generation(caller.user, kind="video", model="veo", tags=["one"], created_at=first + timedelta(days=1)),
    }
    assert set(ids(caller.get(f"{GENERATIONS}?{query}"))) == {str(rows[name].id) for name in found}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=abc", "limit"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=1e2", "limit"),
        ("limit=", "limit"),
        ("limit=" + "9" * 2000, "limit"),
        ("status=done", "status"),
        ("status=", "status"),
        ("kind=poem", "kind"),
        ("model=", "model"),
        ("tag=" + "x" * 65, "tag"),
        ("tag=a%00b", "tag"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-13-01", "created_after"),
        ("created_before=9999-12-31T23:59:59-14:00", "created_before"),
        ("cursor=", "cursor"),
        ("cursor=abc", "cursor"),
        ("cursor=%F0%9F%A6%8A", "cursor"),
        ("cursor=cD0yMDI2LTAxLTAx", "cursor"),
        ("cursor=" + "A" * 3000, "cursor"),
        ("page=2", "page"),
        ("format=json", "format"),
        ("limit=1&limit=2", "limit"),
    ],
)
def test_it_refuses_a_query_it_does_not_understand(caller: Caller, query: str, field: str) -> None:
    problem = assert_problem(caller.get(f"{GENERATIONS}?{query}"), 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize(
    "moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC)]
)
def test_it_takes_a_cursor_of_any_moment(caller: Caller, moment: datetime) -> None:
    cursor = Position(moment, uuid4()).encoded()
    assert caller.get(f"{GENERATIONS}?cursor={cursor}").json()["results"] == []


def test_a_page_takes_few_queries_however_long_it_is(
    caller: Caller,
    new_generation: NewGeneration,
    new_media: Callable[..., Media],
    django_assert_max_num_queries: Any,
) -> None:
    for kind in Generation.Kind.values:
        for _ in range(3):
            new_generation(caller.user, kind=kind)
            done = new_generation(caller.user, kind=kind, status="succeeded", texts=["hi"])
            new_media(caller.user, b"x", reference=done.id)
    caller.get(GENERATIONS)
    # The key with its owner, the page, its files, its inputs, its places in the queue.
    with django_assert_max_num_queries(5):
        assert len(ids(caller.get(f"{GENERATIONS}?limit=100"))) == 24
    with django_assert_max_num_queries(4):
        caller.get(f"{GENERATIONS}/{done.id}")


def test_it_counts_the_jobs_of_the_same_kind_that_are_ahead(
    caller: Caller, stranger: Caller, new_generation: NewGeneration
) -> None:
    new_generation(stranger.user)
    new_generation(stranger.user, kind="video")
    new_generation(stranger.user, status="running")
    first, second = new_generation(caller.user), new_generation(caller.user)
    video = new_generation(caller.user, kind="video")
    running = new_generation(caller.user, status="running")
    places = {each["id"]: each["queue_position"] for each in caller.get(GENERATIONS).json()["results"]}
    assert places == {str(first.id): 1, str(second.id): 2, str(video.id): 1, str(running.id): None}
    assert caller.get(f"{GENERATIONS}/{second.id}").json()["queue_position"] == 2


def test_one_that_is_held_back_stands_behind_all_admitted_and_its_owners_older_ones(
    caller: Caller, stranger: Caller, new_generation: NewGeneration
) -> None:
    first, *held_back = (new_generation(caller.user, admitted_at=None) for _ in range(3))
    for _ in range(4):
        new_generation(stranger.user, admitted_at=None)
    new_generation(stranger.user)
    new_generation(caller.user, status="running")
    late = new_generation(caller.user)
    # Promoted after them: it is behind those two although it is older.
    Generation.objects.filter(id=first.id).update(admitted_at=timezone.now())
    places = {
        each["id"]: each["queue_position"] for each in caller.get(f"{GENERATIONS}?status=queued").json()["results"]
    }
    assert places == {str(late.id): 1, str(first.id): 2, str(held_back[0].id): 3, str(held_back[1].id): 4}
    assert caller.get(f"{GENERATIONS}/{held_back[1].id}").json()["queue_position"] == 4


@pytest.mark.parametrize("is_admitted", [True, False])
def test_it_stops_counting_where_the_queue_is_long(
    caller: Caller, new_generation: NewGeneration, monkeypatch: pytest.MonkeyPatch, is_admitted: bool
) -> None:
    monkeypatch.setattr(selectors, "LONGEST_COUNT", 2)
    rows = [new_generation(caller.user, admitted_at=timezone.now() if is_admitted else None) for _ in range(4)]
    places = {each["id"]: each["queue_position"] for each in caller.get(GENERATIONS).json()["results"]}
    assert [places[str(row.id)] for row in rows] == [0, 1, 2, 2]


def test_it_shows_texts_files_units_and_cost_of_what_succeeded(
    caller: Caller, new_generation: NewGeneration, new_media: Callable[..., Media]
) -> None:
    done = new_generation(
        caller.user, status="succeeded", texts=["Hello"], cost="0.0100", units={"output_token": 7}, attempts_made=2
    )
    media = new_media(caller.user, b"not really a film", reference=done.id)
    body = caller.get(f"{GENERATIONS}/{done.id}").json()
    url = f"http://testserver/api/v1/media/{media.id}/content"
    facts = {"width": None, "height": None, "duration_seconds": None, "url": url}
    file = {"media_id": str(media.id), "kind": "video", "mime_type": "video/mp4", "bytes": 17, **facts}
    assert body["outputs"] == [{"text": "Hello"}, file]
    assert (body["cost_usd"], body["usage"], body["attempts"]) == ("0.01", {"output_token": 7}, 2)
    assert (body["queue_position"], body["error"]) == (None, None)


def test_it_shows_why_a_generation_failed(caller: Caller, new_generation: NewGeneration) -> None:
    lost = new_generation(
        caller.user, status="blocked", error_code="blocked_prompt", error_message="No.", error_stage="prompt", cost="0"
    )
    body = caller.get(f"{GENERATIONS}/{lost.id}").json()
    assert body["error"] == {
        "code": "blocked_prompt",
        "message": "No.",
        "stage": "prompt",
        "charged": False,
        "retryable": False,
    }
    assert body["cost_usd"] == "0.00"


def test_it_shows_nothing_of_how_the_work_is_done(caller: Caller, new_generation: NewGeneration) -> None:
    row = new_generation(caller.user, status="running", lease_token=uuid7(), lease_expires_at=timezone.now())
    text = caller.get(f"{GENERATIONS}/{row.id}").content.decode()
    assert "lease" not in text
    assert "rates" not in text
    assert str(row.lease_token) not in text


def test_anothers_generation_is_not_found(caller: Caller, stranger: Caller, new_generation: NewGeneration) -> None:
    theirs = new_generation(stranger.user)
    missing = assert_problem(caller.get(f"{GENERATIONS}/{uuid4()}"), 404, "not_found")
    foreign = assert_problem(caller.get(f"{GENERATIONS}/{theirs.id}"), 404, "not_found")
    assert missing["detail"] == foreign["detail"]


@pytest.mark.parametrize("name", ["abc", "1", "0198-", "..%2Fusage", "%00", "a" * 5000])
def test_a_malformed_id_is_not_found(caller: Caller, name: str) -> None:
    assert_problem(caller.get(f"{GENERATIONS}/{name}"), 404, "not_found")
