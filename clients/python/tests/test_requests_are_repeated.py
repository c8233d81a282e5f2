"""What may be sent again is, so often and after such pauses as the options say; what may not is sent once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from answers import ID, generation
from halves import AsyncHalf, SyncHalf
from scripted_hub import NoReply, Reply, ScriptedHub, problem, says

from generation_hub import (
    Conflict,
    HubFailed,
    HubUnreachable,
    NotFound,
    Polling,
    RateLimited,
    RequestRefused,
    Retry,
    ServiceUnavailable,
)

Half = SyncHalf | AsyncHalf


@pytest.mark.parametrize(
    "first",
    [
        NoReply(),
        problem(429, "rate_limited", retry_after="0"),
        problem(503, "service_unavailable", retry_after="0"),
        problem(409, "idempotency_in_progress", retry_after="0"),
        Reply(502, {"Content-Type": "text/html"}, [b"Bad gateway"]),
        Reply(202, {"Content-Type": "application/json"}, [b'{"id":'], hang_up=True),
    ],
    ids=["no reply", "429", "503", "in progress", "502", "broken off"],
)
def test_an_order_is_sent_again_with_its_key(half: Half, scripted: ScriptedHub, first: Reply | NoReply) -> None:
    scripted.will_say(first, says(generation("queued"), 202))
    made = half.do(half.hub(scripted.url).generations.submit(model="m", prompt="p"))
    assert made.id == ID
    one, other = scripted.seen
    assert one.headers["Idempotency-Key"] == other.headers["Idempotency-Key"] != ""
    assert one.body == other.body


def test_each_order_has_a_key_of_its_own_or_yours(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(says(generation("queued"), 202))
    hub = half.hub(scripted.url)
    for key in (None, None, "mine"):
        half.do(hub.generations.submit(model="m", prompt="p", idempotency_key=key))
    keys = [each.headers["Idempotency-Key"] for each in scripted.seen]
    assert keys[2] == "mine"
    assert len(set(keys)) == 3


def test_it_ends_after_the_last_attempt(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(problem(503, "service_unavailable"))
    with pytest.raises(ServiceUnavailable):
        half.do(half.hub(scripted.url).me.get())
    assert len(scripted.seen) == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(404, "not_found", NotFound), (422, "invalid_request", RequestRefused), (500, "internal_error", HubFailed)],
)
def test_what_will_not_pass_is_asked_once(
    half: Half, scripted: ScriptedHub, status: int, code: str, kind: type[Exception]
) -> None:
    scripted.will_say(problem(status, code))
    with pytest.raises(kind):
        half.do(half.hub(scripted.url).generations.get(ID))
    assert len(scripted.seen) == 1


def test_what_has_no_key_and_changes_something_is_sent_once(half: Half, scripted: ScriptedHub) -> None:
    hub = half.hub(scripted.url)
    scripted.will_say(NoReply())
    for change in (
        lambda: hub.api_keys.create(name="n", scopes=["usage:read"]),
        lambda: hub.api_keys.rotate(ID),
        lambda: hub.webhook_endpoints.create("https://example.org/hook"),
        lambda: hub.webhook_deliveries.redeliver(ID),
        lambda: hub.generations.cancel(ID),
    ):
        before = len(scripted.seen)
        with pytest.raises(HubUnreachable):
            half.do(change())
        assert len(scripted.seen) == before + 1


def test_a_deletion_whose_answer_was_lost_is_done_when_there_is_nothing_left(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(NoReply(), problem(404, "not_found"))
    half.do(half.hub(scripted.url).media.delete(ID))
    assert scripted.asked == [f"DELETE /media/{ID}"] * 2
    with pytest.raises(NotFound):
        half.do(half.hub(scripted.url).media.delete(ID))


def test_it_waits_as_long_as_it_is_told(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(problem(429, "rate_limited", retry_after="1"), says(generation()))
    started = time.monotonic()
    half.do(half.hub(scripted.url).generations.get(ID))
    assert time.monotonic() - started >= 1.0


def test_a_wait_that_is_too_long_is_for_the_caller_to_decide(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(problem(429, "rate_limited", retry_after="3600"))
    with pytest.raises(RateLimited) as caught:
        half.do(half.hub(scripted.url).generations.get(ID))
    assert caught.value.retry_after == 3600
    assert len(scripted.seen) == 1


def test_a_moment_to_come_again_is_understood_too(scripted: ScriptedHub, half: Half) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    scripted.will_say(problem(503, "service_unavailable", retry_after=when))
    with pytest.raises(ServiceUnavailable) as caught:
        half.do(half.hub(scripted.url).generations.get(ID))
    assert 590 < (caught.value.retry_after or 0) <= 600


def test_a_conflict_that_is_none_of_keys_is_raised_at_once(half: Half, scripted: ScriptedHub) -> None:
    scripted.will_say(problem(409, "not_cancelable"))
    with pytest.raises(Conflict):
        half.do(half.hub(scripted.url).generations.cancel(ID))
    assert len(scripted.seen) == 1


def test_pauses_grow_up_to_the_longest_and_vary() -> None:
    retry = Retry(first_pause=1, longest_pause=5)
    pauses = [[retry.pause(attempt) or 0 for _ in range(50)] for attempt in range(1, 9)]
    for number, found in enumerate(pauses):
        most = min(2.0**number, 5)
        assert all(most / 2 <= pause <= most for pause in found)
        assert len(set(found)) > 10


def test_pauses_stay_the_longest_however_often_it_is_tried() -> None:
    assert 10 <= (Retry().pause(100_000) or 0) <= 20
    assert 8 <= Polling().pause(100_000) <= 12
