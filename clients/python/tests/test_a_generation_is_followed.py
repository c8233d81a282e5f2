"""Streams of events: of a text as it is written, over connections that break."""

from __future__ import annotations

import json

import pytest
from answers import ID, generation
from halves import AsyncHalf, SyncHalf
from scripted_hub import NoReply, Reply, ScriptedHub, events, problem

from generation_hub import (
    BadAnswer,
    Delta,
    Generation,
    HubUnreachable,
    NotFound,
    QuotaExceeded,
    ServiceUnavailable,
    StatusChange,
    Timeouts,
)

Half = SyncHalf | AsyncHalf
LOCATION = {"Location": f"http://internal:8000/api/v1/generations/{ID}"}


def event(number: str, name: str, data: object) -> str:
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"


RETRY = "retry: 10\n\n"
QUEUED = event("1", "status", {"id": ID, "status": "queued", "at": "2026-11-22T19:41:00.120000Z"})
RUNNING = event("2", "status", {"id": ID, "status": "running", "at": "2026-11-22T19:41:00.180000Z"})
THE, SEA = event("2.1-0", "delta", {"text": "The "}), event("2.2-0", "delta", {"text": "sea."})
END = event("3", "generation", generation())
UNKNOWN = event("2.3-0", "applause", {"loud": True})


def shown(parts: list[object]) -> list[str]:
    return [part.text if isinstance(part, Delta) else part.status for part in parts]  # type: ignore[attr-defined]


def test_a_text_comes_in_deltas_and_then_the_generation(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(events(RETRY, QUEUED, RUNNING, THE, ": \n\n", UNKNOWN, SEA, END, **LOCATION))
    parts = half.all(half.hub(scripted.url).stream(model="m", prompt="p", tags=["t"]))
    assert [type(part) for part in parts] == [Delta, Delta, Generation]
    assert "".join(part.text for part in parts[:2]) == parts[2].text == "The sea."
    [seen] = scripted.seen
    assert (seen.method, seen.headers["Accept"], seen.json["tags"]) == ("POST", "text/event-stream", ["t"])
    assert seen.headers["Idempotency-Key"]


def test_nothing_is_ordered_before_the_first_part_is_wanted(half: Half, scripted: ScriptedHub) -> None:
    stream = half.hub(scripted.url).stream(model="m", prompt="p")
    assert scripted.seen == []
    half.some(stream, 0)


def test_a_broken_stream_goes_on_after_the_last_event(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(
        events(RETRY, QUEUED, RUNNING, THE, SEA[:20], hang_up=True, **LOCATION), events(RETRY, SEA), events(END)
    )
    parts = half.all(half.hub(scripted.url).stream(model="m", prompt="p"))
    assert shown(parts) == ["The ", "sea.", "succeeded"]
    assert scripted.asked == ["POST /generations", *[f"GET /generations/{ID}/events"] * 2]
    assert [each.headers.get("Last-Event-ID") for each in scripted.seen] == [None, "2.1-0", "2.2-0"]


def test_an_order_whose_answer_never_came_is_sent_again_with_its_key(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(NoReply(), events(THE, END, **LOCATION))
    assert shown(half.all(half.hub(scripted.url).stream(model="m", prompt="p"))) == ["The ", "succeeded"]
    assert len({each.headers["Idempotency-Key"] for each in scripted.seen}) == 1


def test_events_tell_each_status_too(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(events(QUEUED, RUNNING, END))
    found = half.all(half.hub(scripted.url).events(ID))
    assert [type(each) for each in found] == [StatusChange, StatusChange, Generation]
    assert shown(found) == ["queued", "running", "succeeded"]
    assert found[0].at.tzinfo is not None


def test_after_the_last_event_there_is_nothing(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(Reply(204))
    assert half.all(half.hub(scripted.url).generations.events(ID, last_event_id="3")) == []
    assert scripted.seen[0].headers["Last-Event-ID"] == "3"


def test_a_stream_that_brings_nothing_again_and_again_is_given_up(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(events(RETRY, QUEUED), events(RETRY))
    with pytest.raises(HubUnreachable, match="ended before the generation did"):
        half.all(half.hub(scripted.url).events(ID))
    assert len(scripted.seen) == 3  # as many attempts as may follow one another in vain


def test_a_stream_may_be_left(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(events(QUEUED, THE, SEA, END, **LOCATION))
    [first] = half.some(half.hub(scripted.url).stream(model="m", prompt="p"), 1)
    assert first == Delta(text="The ")
    assert len(scripted.seen) == 1


def test_a_refusal_before_the_stream_is_raised(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(problem(402, "quota_exceeded"))
    with pytest.raises(QuotaExceeded):
        half.all(half.hub(scripted.url).stream(model="m", prompt="p"))
    assert len(scripted.seen) == 1


def test_a_refusal_within_the_stream_is_raised(half: Half, scripted: ScriptedHub) -> None:
    gone = {"status": 404, "code": "not_found", "title": "Not found", "detail": "Gone.", "request_id": "r", "type": "t"}
    scripted.will_say(events(QUEUED, f"event: problem\ndata: {json.dumps(gone)}\n\n"))
    with pytest.raises(NotFound, match="Gone"):
        half.all(half.hub(scripted.url).events(ID))
    assert len(scripted.seen) == 1


def test_a_trouble_of_the_hub_within_the_stream_is_outlived(half: Half, scripted: ScriptedHub) -> None:
    away = {"status": 503, "code": "service_unavailable", "detail": "Away."}
    trouble = events(RETRY, f"event: problem\ndata: {json.dumps(away)}\n\n")
    scripted.will_say(trouble, events(QUEUED, END))
    assert shown(half.all(half.hub(scripted.url).events(ID))) == ["queued", "succeeded"]
    scripted.will_say(trouble)
    with pytest.raises(ServiceUnavailable):
        half.all(half.hub(scripted.url).events(ID))


def test_a_stream_that_falls_silent_is_taken_up_again(half: Half, scripted: ScriptedHub) -> None:
    silent = events(RETRY + THE, SEA, **LOCATION)
    silent.between_seconds = 1
    scripted.will_say(silent, events(SEA, END))
    hub = half.hub(scripted.url, timeouts=Timeouts(events=0.3))
    assert shown(half.all(hub.stream(model="m", prompt="p"))) == ["The ", "sea.", "succeeded"]
    assert scripted.seen[1].headers["Last-Event-ID"] == "2.1-0"


def test_something_else_than_a_stream_is_a_bad_answer(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(Reply(200, {"Content-Type": "text/html"}, [b"<html>"]))
    with pytest.raises(BadAnswer):
        half.all(half.hub(scripted.url).events(ID))


def test_the_key_goes_to_the_hub_alone_whatever_its_answers_name(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(events(RETRY, QUEUED, hang_up=True, Location=f"http://203.0.113.9/x/{ID}"), events(END))
    half.all(half.hub(scripted.url).stream(model="m", prompt="p"))
    assert scripted.asked == ["POST /generations", f"GET /generations/{ID}/events"]
