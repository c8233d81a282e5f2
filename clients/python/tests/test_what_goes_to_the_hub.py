"""Money, moments, ids and files as the hub reads them, and pages as it gives them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from answers import ID, generation, media
from halves import AsyncHalf, SyncHalf
from scripted_hub import NoReply, ScriptedHub, says

from generation_hub import Input, Media
from generation_hub.decoding import decoded

Half = SyncHalf | AsyncHalf
FILE = decoded(Media, media(b"x", "0"))


def test_an_order_goes_as_it_was_given(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(says(generation(), 202))
    half.do(
        half.hub(scripted.url).generations.submit(
            model="veo",
            prompt="The sea.",
            parameters={"duration_seconds": 8},
            inputs=[FILE, Input(UUID(ID), "last_frame"), "abc"],
            tags=("a", "b"),
            max_cost=Decimal("1E-7"),
            quote="q1",
        )
    )
    assert scripted.seen[0].json == {
        "model": "veo",
        "prompt": "The sea.",
        "parameters": {"duration_seconds": 8},
        "inputs": [{"media_id": ID}, {"media_id": ID, "role": "last_frame"}, {"media_id": "abc"}],
        "tags": ["a", "b"],
        "max_cost": "0.0000001",
        "quote_id": "q1",
    }


@pytest.mark.parametrize(
    ("wrong", "error"), [({"max_cost": 0.1}, TypeError), ({"inputs": [""]}, ValueError), ({"max_cost": "x"}, Exception)]
)
def test_what_cannot_be_right_is_not_sent(
    half: Half, scripted: ScriptedHub, wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        half.do(half.hub(scripted.url).generations.submit(model="m", prompt="p", **wrong))
    with pytest.raises(ValueError, match="time zone"):
        half.all(half.hub(scripted.url).generations.list(created_after=datetime(2026, 1, 1)))  # noqa: DTZ001
    with pytest.raises(ValueError, match="empty"):
        half.do(half.hub(scripted.url).media.delete(""))
    assert scripted.seen == []


def test_an_id_is_no_way_to_another_route(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(says(generation()))
    half.do(half.hub(scripted.url).generations.get("../me?x=1"))
    assert scripted.asked == ["GET /generations/..%2Fme%3Fx%3D1"]


def test_pages_are_fetched_as_they_are_needed(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(
        says({"results": [generation()] * 2, "next": "http://10.0.0.7/api/v1/generations?cursor=c%2B1&limit=2"}),
        says({"results": [generation("failed")], "next": None}),
    )
    hub = half.hub(scripted.url)
    when = datetime(2026, 11, 1, tzinfo=UTC)
    listing = hub.generations.list(status="succeeded", created_after=when, limit=2, tag=None)
    assert [each.status for each in half.all(listing)] == ["succeeded", "succeeded", "failed"]
    first, second = (each.query for each in scripted.seen)
    assert first == {"status": ["succeeded"], "created_after": ["2026-11-01T00:00:00+00:00"], "limit": ["2"]}
    assert second == {**first, "cursor": ["c+1"]}


def test_one_page_tells_where_to_go_on(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(says({"results": [generation()], "next": "http://hub/api/v1/generations?cursor=c1"}))
    page = half.do(half.hub(scripted.url).generations.list().first_page())
    assert (len(page.results), page.cursor, len(scripted.seen)) == (1, "c1", 1)
    scripted.will_say(says({"results": [], "next": None}))
    assert half.do(half.hub(scripted.url).generations.list(cursor="c1").first_page()).cursor is None
    assert scripted.seen[-1].query == {"cursor": ["c1"]}


class OneWay(io.BytesIO):
    """As a pipe is: it cannot be rewound."""

    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "file", "pipe"])
def test_a_file_is_sent_whole_again_after_a_broken_connection(
    half: Half, scripted: ScriptedHub, tmp_path: Path, kind: str
) -> None:
    content = b"\x89PNG" + bytes(range(256)) * 1000
    path = tmp_path / "photo of the sea.png"
    path.write_bytes(content)
    sources = {"path": path, "text": str(path), "bytes": content, "file": io.BytesIO(content), "pipe": OneWay(content)}
    scripted.will_say(NoReply(), says(media(content, "0"), 201))
    assert half.do(half.hub(scripted.url).media.upload(sources[kind])).id == ID
    one, other = scripted.seen
    for seen in (one, other):
        assert content in seen.body
        assert b"photo" not in seen.body  # the name is nobody's affair
        assert seen.headers["Content-Type"].startswith("multipart/form-data")
    assert one.headers["Idempotency-Key"] == other.headers["Idempotency-Key"]


def test_a_file_that_is_not_there_is_not_sent(half: Half, scripted: ScriptedHub, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        half.do(half.hub(scripted.url).media.upload(tmp_path / "none.png"))
    assert scripted.seen == []


def test_keys_and_rotations_say_what_is_meant(half: Half, scripted: ScriptedHub) -> None:
    hub = half.hub(scripted.url)
    moment = "2026-11-22T19:41:00Z"
    nothing = {"expires_at": None, "last_used_at": None, "revoked_at": None}
    key = {"id": "k", "name": "n", "prefix": "p", "status": "active", "scopes": [], "created_at": moment, **nothing}
    scripted.will_say(says({**key, "api_key": "hub_x"}))
    half.do(hub.api_keys.create(name="n", scopes=("usage:read",), caps={"day": Decimal(5)}, allowed_ips=["10.0.0.0/8"]))
    half.do(hub.api_keys.rotate("k"))
    half.do(hub.api_keys.rotate("k", end_former_now=True))
    half.do(hub.api_keys.rotate("k", former_until=datetime(2026, 11, 23, tzinfo=UTC)))
    assert [seen.json for seen in scripted.seen] == [
        {
            **{"name": "n", "scopes": ["usage:read"], "allowed_ips": ["10.0.0.0/8"]},
            "caps": [{"period": "day", "limit_usd": "5"}],
        },
        {},
        {"former_until": None},
        {"former_until": "2026-11-23T00:00:00+00:00"},
    ]
